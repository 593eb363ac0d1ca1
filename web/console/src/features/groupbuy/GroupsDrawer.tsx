import { $api, type Schema } from "@huoshui/api";
import { Empty, Facts, formatMoney, Loaded, RowDrawer, Status, useReader, When } from "@huoshui/ui";
import { Link } from "@tanstack/react-router";
import { Collapse } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import "./groupbuy.css";

type Group = Schema<"GroupbuyGroup">;

const tones = { opening: "calm", forming: "calm", complete: "good", failed: "attention", gone: "calm" } as const;

/** An offer's groups, the latest first, each with its members. */
export function GroupsDrawer(props: {
  offer: Schema<"GroupbuyCounted"> | undefined;
  close: () => void;
  actions: ReactNode;
}) {
  const { t } = useTranslation();
  const { language } = useReader();
  const o = props.offer;
  const groups = $api.useQuery(
    "get",
    "/api/v1/groups",
    { params: { query: { offer: o?.id ?? "", limit: 100 } } },
    { enabled: Boolean(o), refetchInterval: 15_000 },
  );
  return (
    <RowDrawer
      open={Boolean(o)}
      title={o?.name}
      subtitle={o ? `${o.sku} · ${formatMoney(o.price_fen, language)}` : ""}
      onClose={props.close}
      actions={props.actions}
    >
      {o ? (
        <Facts
          items={[
            { label: t("groupbuy.size"), value: `${o.size} ${t("groupbuy.people")}` },
            { label: t("groupbuy.hours"), value: `${o.hours} ${t("groupbuy.hours_unit")}` },
            { label: t("groupbuy.per_person"), value: `${o.per_person} ${t("groupbuy.units")}` },
          ]}
        />
      ) : null}
      <h3 className="groupbuy-head">{t("groupbuy.groups")}</h3>
      <Loaded query={groups}>
        {(page) =>
          page.items.length === 0 ? (
            <Empty title={t("groupbuy.groups_empty")}>{t("groupbuy.groups_empty_text")}</Empty>
          ) : (
            <Collapse
              size="small"
              items={page.items.map((g) => ({ key: g.id, label: <Line of={g} />, children: <Members id={g.id} /> }))}
            />
          )
        }
      </Loaded>
    </RowDrawer>
  );
}

function Line({ of: g }: { of: Group }) {
  const { t } = useTranslation();
  const at = g.ended_at ?? g.expires_at;
  return (
    <span className="groupbuy-line">
      <Status tone={tones[g.state]}>{t(`groupbuy.group_state.${g.state}`)}</Status>
      <span className="hs-num">{t("groupbuy.seats", { paid: g.paid, size: g.size })}</span>
      {g.seats > g.paid && g.state === "forming" ? (
        <span className="hs-secondary">{t("groupbuy.waiting", { n: g.seats - g.paid })}</span>
      ) : null}
      <span className="groupbuy-when hs-secondary">
        {at ? (
          <>
            {t(g.ended_at ? "groupbuy.ended" : "groupbuy.expires")} <When at={at} />
          </>
        ) : (
          <When at={g.created_at} />
        )}
      </span>
    </span>
  );
}

function Members({ id }: { id: string }) {
  const { t } = useTranslation();
  const can = useCan();
  const group = $api.useQuery(
    "get",
    "/api/v1/groups/{id}",
    { params: { path: { id } } },
    { enabled: can("sales.read") },
  );
  if (!can("sales.read")) {
    return null;
  }
  return (
    <Loaded query={group}>
      {(g) => (
        <ul className="groupbuy-members">
          {g.members.map((m) => (
            <li key={m.sale}>
              <Link to={`/customers/${m.customer}` as never}>{m.name || m.customer}</Link>
              {m.opener ? <span className="hs-secondary">{t("groupbuy.opener")}</span> : null}
              <span>{t(`groupbuy.seat.${m.state}`)}</span>
              <span className="groupbuy-when hs-secondary">
                <When at={m.paid_at ?? m.joined_at} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </Loaded>
  );
}
