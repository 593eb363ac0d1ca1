import { $api, keyset, type Schema } from "@huoshui/api";
import {
  Cards,
  type Column,
  DataTable,
  formatCount,
  LayerTag,
  Loaded,
  Loading,
  Money,
  Page,
  Panel,
  StatCard,
  Status,
  useConfirmDanger,
  useReader,
  When,
} from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { App, Button } from "antd";
import { useTranslation } from "react-i18next";
import { describe } from "../../conditions/describe";
import { useCan } from "../../shell/session";
import { SizeHistory } from "../../shell/size-history";
import "../../conditions/conditions.css";
import type { Condition } from "../../conditions/tree";
import { Against } from "./Against";
import { Hooks } from "./Hooks";
import { LiveMark } from "./LiveMark";
import "./segments.css";

type Segment = Schema<"AudienceSegment">;
type Person = Schema<"SegmentPerson">;

/** One segment: who is in it, how it grew, and the words it was told in. */
export default function SegmentPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const segment = $api.useQuery(
    "get",
    "/api/v1/segments/{id}",
    { params: { path: { id } } },
    {
      refetchInterval: (q) => (q.state.data?.live ? 5_000 : false),
    },
  );
  return (
    <Loaded query={segment} loading={<Loading height={480} />}>
      {(s) => <Shown segment={s} />}
    </Loaded>
  );
}

/** Names of all segments and tags, for conditions that refer to them. */
export function useSegmentNames(): (id: string) => string {
  const list = $api.useQuery("get", "/api/v1/segments", { params: { query: { limit: 200 } } }, { staleTime: 60_000 });
  const tags = $api.useQuery("get", "/api/v1/tags", {}, { staleTime: 60_000 });
  return (id) => [...(list.data?.items ?? []), ...(tags.data?.items ?? [])].find((s) => s.id === id)?.name ?? id;
}

function Shown(props: { segment: Segment }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const can = useCan();
  const navigate = useNavigate();
  const nameOf = useSegmentNames();
  const { segment: s } = props;
  const path = { id: s.id };
  const sizes = $api.useQuery(
    "get",
    "/api/v1/segments/{id}/sizes",
    { params: { path } },
    {
      refetchInterval: s.live ? 5_000 : false,
    },
  );
  const versions = $api.useQuery("get", "/api/v1/segments/{id}/versions", { params: { path } });
  const people = $api.useInfiniteQuery(
    "get",
    "/api/v1/segments/{id}/people",
    { params: { path, query: { limit: 50 } } },
    keyset,
  );
  const last = sizes.data?.items.at(-1);
  const columns: Column<Person>[] = [
    { key: "name", title: t("ui.people.name"), render: (p) => p.name || p.id, value: (p) => p.name, width: 160 },
    {
      key: "layer",
      title: t("ui.people.layer"),
      render: (p) => <LayerTag layer={p.layer} />,
      value: (p) => p.layer,
      width: 100,
    },
    {
      key: "city",
      title: t("segments.attribute.city"),
      render: (p) => p.city || "—",
      value: (p) => p.city,
      width: 120,
    },
    {
      key: "last",
      title: t("ui.people.last"),
      render: (p) => <When at={p.last_order_at} style="date" />,
      value: (p) => p.last_order_at,
      width: 120,
    },
    {
      key: "orders",
      title: t("segments.orders_column"),
      align: "right",
      render: (p) => formatCount(p.orders, language),
      value: (p) => p.orders,
      width: 100,
    },
    {
      key: "spent",
      title: t("ui.people.spent"),
      align: "right",
      render: (p) => <Money fen={p.spent_fen} />,
      value: (p) => p.spent_fen / 100,
      width: 140,
    },
  ];
  return (
    <Page
      title={s.name}
      titleExtra={
        s.archived ? (
          <Status tone="attention">{t("segments.is_archived")}</Status>
        ) : (
          <>
            <Status tone="calm">{t(`segments.kinds.${s.kind}`)}</Status>
            {s.live ? <LiveMark /> : null}
          </>
        )
      }
      crumbs={<Link to={"/segments" as never}>{t("segments.title")}</Link>}
      lead={s.note || undefined}
      actions={
        <>
          <ArchiveButton segment={s} />
          {can("segments.write") && s.kind === "dynamic" && !s.archived ? (
            <Button onClick={() => void navigate({ to: `/segments/${s.id}/edit` })}>{t("segments.edit")}</Button>
          ) : null}
          {can("campaigns.write") && !s.archived ? (
            <Button
              type="primary"
              onClick={() => void navigate({ to: "/campaigns/new", search: { audience: `segment:${s.id}` } as never })}
            >
              {t("segments.reach")}
            </Button>
          ) : null}
        </>
      }
    >
      <Cards min={180}>
        <StatCard
          label={t("segments.size")}
          value={formatCount(s.size, language)}
          trend={sizes.data?.items.map((d) => d.size)}
          note={
            s.as_of ? (
              <span>
                {t("segments.as_of")} <When at={s.as_of} />
              </span>
            ) : null
          }
        />
        {s.kind === "dynamic" && last ? (
          <>
            <StatCard
              label={t("segments.entered")}
              value={formatCount(last.entered, language)}
              note={t("segments.last_change", { day: last.day })}
            />
            <StatCard
              label={t("segments.left")}
              value={formatCount(last.left, language)}
              note={t("segments.last_change", { day: last.day })}
            />
          </>
        ) : null}
      </Cards>
      <div className="segments-two">
        <Panel title={t("segments.condition")}>
          <p className="segments-words">
            {s.kind === "static"
              ? t("segments.words.static")
              : describe(t, language, s.condition as Condition | undefined, nameOf)}
          </p>
          {(versions.data?.items.length ?? 0) > 1 ? (
            <>
              <h3>{t("segments.versions")}</h3>
              <ul className="segments-versions">
                {versions.data?.items.slice(1).map((v) => (
                  <li key={v.version}>
                    <span className="hs-secondary">
                      {t("segments.version", { n: v.version })} · <When at={v.changed_at} />
                    </span>
                    <p>{describe(t, language, v.condition as Condition | undefined, nameOf)}</p>
                  </li>
                ))}
              </ul>
            </>
          ) : null}
        </Panel>
        <Panel title={t("segments.history")}>
          <SizeHistory
            sizes={sizes.data?.items ?? []}
            words={{
              label: t("segments.history_label"),
              one: t("segments.history_one"),
              day: t("segments.as_of"),
              people: t("segments.size"),
              entered: t("segments.entered"),
              left: t("segments.left"),
            }}
          />
        </Panel>
      </div>
      <Against segment={s} />
      <Hooks segment={s.id} />
      <Panel
        flush
        title={t("segments.people")}
        actions={
          can("customers.export") ? (
            <Button size="small" href={`/api/v1/segments/${s.id}/people.csv`} title={t("segments.export_why")}>
              {t("segments.export")}
            </Button>
          ) : null
        }
      >
        <DataTable
          id="segment-people"
          query={people}
          columns={columns}
          rowKey={(p) => p.id}
          state={{}}
          onState={() => undefined}
          exportable={false}
          onOpen={(p) => void navigate({ to: `/customers/${p.id}` })}
          empty={<p className="hs-secondary segments-nobody">{t("ui.people.empty")}</p>}
        />
      </Panel>
    </Page>
  );
}

function ArchiveButton(props: { segment: Segment }) {
  const { t } = useTranslation();
  const can = useCan();
  const confirm = useConfirmDanger();
  const { message } = App.useApp();
  const client = useQueryClient();
  const { segment: s } = props;
  const archive = $api.useMutation("put", "/api/v1/segments/{id}/archived", {
    onSuccess: async () => {
      await client.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).startsWith("/api/v1/segments") });
      void message.success(t(s.archived ? "segments.restored" : "segments.archived_done"));
    },
  });
  if (!can("segments.write")) {
    return null;
  }
  const run = () => archive.mutateAsync({ params: { path: { id: s.id } }, body: { archived: !s.archived } });
  return (
    <Button
      onClick={() =>
        s.archived
          ? void run()
          : confirm({
              title: t("segments.archive_title", { name: s.name }),
              consequence: t("segments.archive_text"),
              action: t("segments.archive"),
              red: false,
              run,
            })
      }
    >
      {t(s.archived ? "segments.restore" : "segments.archive")}
    </Button>
  );
}
