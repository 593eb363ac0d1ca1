import { $api, keyset, type Schema } from "@huoshui/api";
import {
  type Column,
  DataTable,
  formatCount,
  LayerTag,
  Loaded,
  Loading,
  Money,
  useProblemText,
  useReader,
  When,
} from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { App, Button, Input } from "antd";
import { type CSSProperties, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Condition } from "../../conditions/tree";
import { useCan } from "../../shell/session";

type Part = Schema<"AudiencePart">;
type Person = Schema<"SegmentPerson">;

/** Parts beyond these are too small beside the others to be told apart. */
const shownParts = 24;

/** How segments lie over each other (an UpSet picture): a bar for every part, and below it the segments it is in. */
export function Compare(props: { ids: readonly string[]; nameOf: (id: string) => string }) {
  const { t } = useTranslation();
  const { ids } = props;
  const compared = $api.useQuery("get", "/api/v1/segments/compare", { params: { query: { ids: [ids.join(",")] } } });
  return (
    <section className="segments-compare">
      <h3>{t("segments.compare.title")}</h3>
      <p className="hs-secondary">{t("segments.compare.why")}</p>
      <Loaded query={compared} loading={<Loading height={280} />}>
        {(c) =>
          c.parts.length === 0 ? (
            <p className="hs-secondary">{t("segments.compare.empty")}</p>
          ) : (
            <Picture {...props} comparison={c} />
          )
        }
      </Loaded>
    </section>
  );
}

function Picture(props: {
  ids: readonly string[];
  nameOf: (id: string) => string;
  comparison: Schema<"AudienceComparison">;
}) {
  const { t } = useTranslation();
  const { language } = useReader();
  const { ids, nameOf, comparison: c } = props;
  const [picked, setPicked] = useState<Part>();
  const parts = c.parts.slice(0, shownParts);
  const most = parts[0]?.people ?? 1;
  const largest = Math.max(1, ...ids.map((id) => c.sizes[id] ?? 0));
  const names = (part: Part) => part.in.map(nameOf).join(t("segments.words.list"));
  return (
    <>
      <p className="hs-secondary hs-num">
        {t("segments.compare.union", { n: formatCount(c.union, language), parts: c.parts.length })}
      </p>
      <div className="segments-upset" style={{ "--sets": ids.length } as CSSProperties}>
        <div className="segments-upset-sets">
          {ids.map((id) => (
            <div key={id} title={nameOf(id)}>
              <span>{nameOf(id)}</span>
              <span className="segments-upset-size" aria-hidden>
                <span style={{ width: `${((c.sizes[id] ?? 0) / largest) * 100}%` }} />
              </span>
              <span className="hs-num">{formatCount(c.sizes[id] ?? 0, language)}</span>
            </div>
          ))}
        </div>
        <div className="segments-upset-parts">
          {parts.map((part) => {
            const at = ids.flatMap((id, i) => (part.in.includes(id) ? [i] : []));
            const style = { "--from": at[0] ?? 0, "--to": at.at(-1) ?? 0 } as CSSProperties;
            return (
              <button
                key={part.in.join()}
                type="button"
                aria-pressed={picked?.in.join() === part.in.join()}
                aria-label={t("segments.compare.part", { names: names(part), n: formatCount(part.people, language) })}
                title={t("segments.compare.part", { names: names(part), n: formatCount(part.people, language) })}
                onClick={() => setPicked(part)}
              >
                <span className="segments-upset-bar">
                  <span className="hs-num">{formatCount(part.people, language)}</span>
                  <span style={{ height: `${Math.max(1, (part.people / most) * 100)}%` }} />
                </span>
                <span className="segments-upset-dots" data-many={at.length > 1 || undefined} style={style}>
                  {ids.map((id, i) => (
                    <i key={id} data-in={at.includes(i) || undefined} />
                  ))}
                </span>
              </button>
            );
          })}
        </div>
      </div>
      {picked ? (
        <PartPeople key={picked.in.join()} ids={ids} part={picked} title={names(picked)} />
      ) : (
        <p className="hs-secondary">{t("segments.compare.pick")}</p>
      )}
    </>
  );
}

/** Who is in a part, as a condition: in all of its segments and in none of the others. */
export function conditionOfPart(ids: readonly string[], inside: readonly string[]): Condition {
  const segment = (id: string): Condition => ({ kind: "segment", spec: { id } });
  const out = ids.filter((id) => !inside.includes(id)).map(segment);
  const none: Condition[] = out.length > 0 ? [{ kind: "not", spec: { of: { kind: "or", spec: { of: out } } } }] : [];
  return { kind: "and", spec: { of: [...inside.map(segment), ...none] } };
}

function PartPeople(props: { ids: readonly string[]; part: Part; title: string }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const can = useCan();
  const navigate = useNavigate();
  const client = useQueryClient();
  const text = useProblemText();
  const { message } = App.useApp();
  const { ids, part } = props;
  const [name, setName] = useState(`${t("segments.compare.only")} ${props.title}`.slice(0, 80));
  const people = $api.useInfiniteQuery(
    "get",
    "/api/v1/segments/compare/people",
    { params: { query: { ids: [ids.join(",")], in: [part.in.join(",")], limit: 20 } } },
    keyset,
  );
  const save = $api.useMutation("post", "/api/v1/segments", {
    onSuccess: async (segment) => {
      await client.invalidateQueries({ queryKey: ["get", "/api/v1/segments"] });
      void message.success(t("segments.compare.saved"));
      void navigate({ to: `/segments/${segment.id}` });
    },
    onError: (error) => void message.error(text(error)),
  });
  const columns: Column<Person>[] = [
    { key: "name", title: t("ui.people.name"), render: (p) => p.name || p.id, value: (p) => p.name, width: 160 },
    {
      key: "layer",
      title: t("ui.people.layer"),
      render: (p) => <LayerTag layer={p.layer} />,
      value: (p) => p.layer,
      width: 90,
    },
    {
      key: "last",
      title: t("ui.people.last"),
      render: (p) => <When at={p.last_order_at} style="date" />,
      value: (p) => p.last_order_at,
      width: 120,
    },
    {
      key: "spent",
      title: t("ui.people.spent"),
      align: "right",
      render: (p) => <Money fen={p.spent_fen} />,
      value: (p) => p.spent_fen / 100,
      width: 130,
    },
  ];
  return (
    <section className="segments-part" aria-label={props.title}>
      <header>
        <b>{t("segments.compare.part", { names: props.title, n: formatCount(part.people, language) })}</b>
        {can("segments.write") ? (
          <span>
            <Input
              size="small"
              aria-label={t("segments.compare.name")}
              maxLength={80}
              value={name}
              onChange={(e) => setName(e.target.value)}
            />
            <Button
              size="small"
              type="primary"
              disabled={name.trim() === ""}
              loading={save.isPending}
              onClick={() =>
                save.mutate({
                  body: { name: name.trim(), kind: "static", condition: conditionOfPart(ids, part.in) },
                })
              }
            >
              {t("segments.compare.save")}
            </Button>
          </span>
        ) : null}
      </header>
      <DataTable
        id="compared-people"
        inset
        query={people}
        columns={columns}
        rowKey={(p) => p.id}
        state={{}}
        onState={() => undefined}
        exportable={false}
        onOpen={(p) => void navigate({ to: `/customers/${p.id}` })}
        empty={<p className="hs-secondary">{t("ui.people.empty")}</p>}
      />
    </section>
  );
}
