import { $api, type Schema } from "@huoshui/api";
import { formatWhen, Loaded, Panel, Status, useConfirmDanger, useReader, When } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { App, Button, Tooltip } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useOriginName } from "../../shell/source-name";
import { Erase } from "./Erase";
import { MergeWith } from "./MergeWith";
import type { Profile } from "./Summary";

type Graph = Schema<"IdentityGraph">;

/** What a customer is known by and how much each key proves, who went into her, and the way to merge her with another. */
export function IdentityPanel(props: { customer: Profile }) {
  const { t } = useTranslation();
  const can = useCan();
  const [merging, setMerging] = useState(false);
  const c = props.customer;
  const graph = $api.useQuery("get", "/api/v1/customers/{id}/identity", { params: { path: { id: c.id } } });
  return (
    <Panel
      title={t("customers.keys")}
      definition={t("customers.keys_why")}
      actions={
        can("identity.write") ? (
          <Button size="small" onClick={() => setMerging(true)}>
            {t("customers.merge.with")}
          </Button>
        ) : null
      }
    >
      <Loaded query={graph}>{(g) => <Known customer={c} graph={g} />}</Loaded>
      {can("customers.erase") ? (
        <p className="hs-erase-do">
          <Erase
            customer={c}
            merged={graph.data?.merges.filter((m) => m.to === c.number && !m.undone_at).length ?? 0}
          />
        </p>
      ) : null}
      <MergeWith customer={c} open={merging} onClose={() => setMerging(false)} />
    </Panel>
  );
}

function Known(props: { customer: Profile; graph: Graph }) {
  const { t } = useTranslation();
  const reader = useReader();
  const origin = useOriginName();
  const { customer: c, graph } = props;
  return (
    <div className="hs-known">
      {graph.conflicts.length > 0 ? (
        <Status tone="attention">
          <Link to={"/identity/conflicts" as never}>{t("customers.conflicts", { n: graph.conflicts.length })}</Link>
        </Status>
      ) : null}
      {graph.keys.length === 0 ? <p className="hs-secondary">{t("customers.keys_none")}</p> : null}
      <ul>
        {graph.keys.map((k) => (
          <li key={k.kind + k.value}>
            <span className="hs-known-kind">{t(`customers.key.${k.kind}`, { defaultValue: k.kind })}</span>
            <Tooltip
              title={
                <>
                  {t("customers.key_since", {
                    since: k.since ? formatWhen(k.since, reader, "date") : "—",
                    seen: k.seen_at ? formatWhen(k.seen_at, reader, "date") : "—",
                  })}
                  <br />
                  {t(`customers.strength_why.s${k.strength}`)}
                </>
              }
            >
              <button type="button" className="hs-known-value">
                <span className="hs-num">{k.value}</span>
                <small>
                  {t(`customers.strength.s${k.strength}`)} · {origin(k.source)}
                </small>
              </button>
            </Tooltip>
          </li>
        ))}
      </ul>
      {graph.merges.length > 0 ? (
        <>
          <h3>{t("customers.merges")}</h3>
          <ul>
            {graph.merges.map((m) => (
              <MergeLine key={m.id} merge={m} number={c.number} />
            ))}
          </ul>
        </>
      ) : null}
    </div>
  );
}

function MergeLine(props: { merge: Graph["merges"][number]; number: number }) {
  const { t } = useTranslation();
  const can = useCan();
  const client = useQueryClient();
  const ask = useConfirmDanger();
  const { message } = App.useApp();
  const { merge: m, number } = props;
  const other = m.to === number ? m.from : m.to;
  const undo = $api.useMutation("post", "/api/v1/identity/merges/{id}/undo", {
    meta: { quiet: true },
    onSuccess: async () => {
      message.success(t("customers.merge.undone"));
      await client.invalidateQueries({ predicate: (q) => /customers|identity/.test(String(q.queryKey[1])) });
    },
  });
  return (
    <li>
      <span className="hs-num">
        {m.undone_at ? (
          <Link to={`/customers/${other}` as never}>{t("customers.merge.number", { number: other })}</Link>
        ) : (
          t("customers.merge.number", { number: other })
        )}
      </span>
      <span className="hs-known-merge">
        <small className="hs-secondary">
          {t(`customers.merge.cause.${m.cause}`)} · <When at={m.at} style="date" />
        </small>
        {m.undone_at ? (
          <small className="hs-secondary">{t("customers.merge.was_undone")}</small>
        ) : can("identity.write") ? (
          <Button
            size="small"
            onClick={() =>
              ask({
                title: t("customers.merge.undo_ask", { number: other }),
                consequence: t("customers.merge.undo_text"),
                action: t("customers.merge.undo"),
                run: () => undo.mutateAsync({ params: { path: { id: m.id } } }),
              })
            }
          >
            {t("customers.merge.undo")}
          </Button>
        ) : null}
      </span>
    </li>
  );
}
