import { $api, keyset, type Schema } from "@huoshui/api";
import {
  Cards,
  type Column,
  DataTable,
  Facts,
  formatCount,
  formatPercent,
  Interval,
  LayerTag,
  Loaded,
  Loading,
  Money,
  None,
  Page,
  Panel,
  percentagePoints,
  StatCard,
  Status,
  useConfirmDanger,
  useProblemText,
  useReader,
  When,
} from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { App, Button, Modal, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { describe } from "../../conditions/describe";
import type { Condition } from "../../conditions/tree";
import { useCan } from "../../shell/session";
import { SizeHistory } from "../../shell/size-history";
import { TagName } from "../../tagging/TagName";
import type { Tag } from "../../tagging/words";
import { Flags, useOwners, useWorth } from "./TagsPage";
import "./tag.css";

type Person = Schema<"SegmentPerson">;

/** One tag: how it is told, who carries it, whether it is right, what it is worth. */
export default function TagPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const tag = $api.useQuery("get", "/api/v1/tags/{id}", { params: { path: { id } } });
  return (
    <Loaded query={tag} loading={<Loading height={480} />}>
      {(one) => <Shown tag={one} />}
    </Loaded>
  );
}

function Shown(props: { tag: Tag }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const can = useCan();
  const navigate = useNavigate();
  const { tag } = props;
  const path = { id: tag.id };
  const worth = useWorth().get(tag.id);
  const sizes = $api.useQuery("get", "/api/v1/tags/{id}/sizes", { params: { path } });
  const [marking, setMarking] = useState<"add" | "remove">();
  const byHand = tag.kind === "manual" || tag.kind === "import";
  return (
    <Page
      title={tag.name}
      titleExtra={
        <Status tone={tag.archived ? "attention" : "calm"}>
          {tag.archived ? t("tags.is_archived") : t(`tags.kinds.${tag.kind}`)}
        </Status>
      }
      crumbs={<Link to={"/tags" as never}>{t("tags.title")}</Link>}
      lead={tag.note || undefined}
      actions={
        <>
          <ArchiveButton tag={tag} />
          {can("tags.mark") && byHand && !tag.archived ? (
            <>
              <Button onClick={() => setMarking("remove")}>{t("tags.unmark")}</Button>
              <Button onClick={() => setMarking("add")}>{t("tags.mark")}</Button>
            </>
          ) : null}
          {can("tags.write") && !tag.archived && !tag.parent ? (
            <Button onClick={() => void navigate({ to: `/tags/${tag.id}/edit` })}>{t("tags.edit")}</Button>
          ) : null}
          {can("campaigns.write") && !tag.archived ? (
            <Button
              onClick={() => void navigate({ to: "/campaigns/new", search: { audience: `tag:${tag.id}` } as never })}
            >
              {t("tags.use_in_campaign")}
            </Button>
          ) : null}
          {can("segments.write") && !tag.archived ? (
            <Button
              type="primary"
              onClick={() =>
                void navigate({
                  to: "/segments/new",
                  search: { definition: { kind: "tag", spec: { in: [tag.id] } } } as never,
                })
              }
            >
              {t("tags.use_in_segment")}
            </Button>
          ) : null}
        </>
      }
    >
      <Cards min={180}>
        <StatCard
          label={t("tags.people")}
          value={formatCount(tag.size, language)}
          trend={sizes.data?.items.map((d) => d.size)}
          note={tag.as_of ? <When at={tag.as_of} ago /> : null}
        />
        <StatCard
          label={t("tags.coverage")}
          definition={t("tags.coverage_why")}
          value={worth ? formatPercent(worth.coverage, language) : <None />}
        />
        <StatCard label={t("tags.moved")} value={<When at={tag.moved_at} ago />} />
        <StatCard
          label={t("tags.flags")}
          value={<span className="tags-worth">{<Flags flags={worth?.flags} />}</span>}
        />
      </Cards>
      <div className="tags-two">
        <Definition tag={tag} />
        <Panel title={t("tags.history")}>
          <SizeHistory
            sizes={sizes.data?.items ?? []}
            words={{
              label: t("tags.history_label"),
              one: t("tags.history_one"),
              day: t("tags.as_of"),
              people: t("tags.people"),
              entered: t("tags.entered"),
              left: t("tags.left"),
            }}
          />
        </Panel>
        <Audits tag={tag} />
        <WorthPanel tag={tag} worth={worth} />
      </div>
      {can("customers.read") && !tag.archived ? <People id={tag.id} /> : null}
      <Bulk tag={tag} mode={marking} onDone={() => setMarking(undefined)} />
    </Page>
  );
}

function Definition(props: { tag: Tag }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const owner = useOwners();
  const { tag } = props;
  const tags = $api.useQuery("get", "/api/v1/tags", {}, { staleTime: 60_000 });
  const segments = $api.useQuery(
    "get",
    "/api/v1/segments",
    { params: { query: { limit: 200 } } },
    { staleTime: 60_000 },
  );
  const nameOf = (id: string) =>
    [...(tags.data?.items ?? []), ...(segments.data?.items ?? [])].find((one) => one.id === id)?.name ?? id;
  const words = (c: unknown) => describe(t, language, c as Condition | undefined, nameOf);
  const s = tag.statistic;
  const values = tags.data?.items.filter((one) => one.parent === tag.id).sort((a, b) => b.size - a.size) ?? [];
  const items = [
    { label: t("tags.kind"), value: t(`tags.kinds.${tag.kind}`), why: t(`tags.kind_why.${tag.kind}`) },
    ...(tag.cycle ? [{ label: t("tags.cycle"), value: t(`tags.cycles.${tag.cycle}`) }] : []),
    { label: t("tags.owner"), value: tag.owner ? owner(tag.owner) : <None /> },
    ...(tag.parent ? [{ label: t("tags.statistic"), value: t("tags.value_of", { name: nameOf(tag.parent) }) }] : []),
    ...(tag.rule ? [{ label: t("tags.rule"), value: words(tag.rule) }] : []),
    ...(s
      ? [
          {
            label: t("tags.statistic"),
            value: `${t(`tags.measures.${s.measure}`)} · ${t("tags.days")} ${s.days} · ${t("tags.least")} ${s.least}`,
            why: t(`tags.measure_why.${s.measure}`),
          },
        ]
      : []),
    ...(tag.keywords ? [{ label: t("tags.words"), value: tag.keywords.words.join(t("segments.words.list")) }] : []),
    ...(tag.fuzzy
      ? [
          { label: t("tags.threshold"), value: Math.round(tag.fuzzy.threshold * 100) },
          { label: t("tags.half_life"), value: tag.fuzzy.half_life_days },
          ...tag.fuzzy.evidence.map((e) => ({
            label: t(e.keywords ? "tags.evidence_words" : "tags.evidence_rule"),
            value: `${e.keywords ? e.keywords.words.join(t("segments.words.list")) : words(e.rule)} · ${t("tags.weight")} ${Math.round(e.weight * 100)}`,
          })),
        ]
      : []),
  ];
  return (
    <Panel title={t("tags.definition")}>
      <Facts columns={1} items={items} />
      {values.length > 0 ? (
        <>
          <h3>{t("tags.values")}</h3>
          <ul className="tags-list">
            {values.map((v) => (
              <li key={v.id}>
                <Link to={`/tags/${v.id}` as never}>
                  <TagName name={v.name} colour={v.colour} />
                </Link>
                <span className="hs-num">{formatCount(v.size, language)}</span>
              </li>
            ))}
          </ul>
        </>
      ) : null}
    </Panel>
  );
}

function WorthPanel(props: { tag: Tag; worth: Schema<"TagWorth"> | undefined }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const { worth } = props;
  const effects = $api.useQuery("get", "/api/v1/tags/{id}/effects", { params: { path: { id: props.tag.id } } });
  const to = { segment: "segments", campaign: "campaigns", strategy: "strategies", tag: "tags" } as const;
  const arm = (m: Schema<"TagMeasure">, label: string) => (
    <div>
      <p className="hs-secondary">{t(label, { n: formatCount(m.people, language) })}</p>
      {m.known ? (
        <Interval point={m.lift} low={m.low} high={m.high} format={(v) => percentagePoints(v, language)} />
      ) : (
        <p className="hs-secondary">{t("tags.effect_unknown")}</p>
      )}
    </div>
  );
  return (
    <Panel title={t("tags.use")}>
      {worth && worth.uses.length > 0 ? (
        <ul className="tags-list">
          {worth.uses.map((u) => (
            <li key={u.kind + u.id}>
              <Link to={`/${to[u.kind]}/${u.id}` as never}>{u.name}</Link>
              <span className="hs-secondary">{t(`tags.uses.${u.kind}`)}</span>
            </li>
          ))}
        </ul>
      ) : (
        <p className="hs-secondary">{t("tags.use_none")}</p>
      )}
      {worth && worth.twins.length > 0 ? (
        <>
          <h3>{t("tags.twins")}</h3>
          <ul className="tags-list">
            {worth.twins.map((twin) => (
              <li key={twin.id}>
                <Link to={`/tags/${twin.id}` as never}>{twin.name}</Link>
                <span className="hs-num">{formatPercent(twin.jaccard, language, 0)}</span>
              </li>
            ))}
          </ul>
        </>
      ) : null}
      <h3>{t("tags.effects")}</h3>
      {effects.data && effects.data.items.length > 0 ? (
        <>
          <p className="hs-secondary">{t("tags.effects_why")}</p>
          {effects.data.items.map((e) => (
            <div key={e.campaign}>
              <Link to={`/campaigns/${e.campaign}` as never}>{e.name}</Link>
              <div className="tags-effect">
                {arm(e.inside, "tags.inside")}
                {arm(e.outside, "tags.outside")}
              </div>
            </div>
          ))}
        </>
      ) : (
        <p className="hs-secondary">{t("tags.effects_none")}</p>
      )}
    </Panel>
  );
}

function Audits(props: { tag: Tag }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const can = useCan();
  const navigate = useNavigate();
  const text = useProblemText();
  const { message } = App.useApp();
  const { tag } = props;
  const audits = $api.useQuery("get", "/api/v1/tags/{id}/audits", { params: { path: { id: tag.id } } });
  const start = $api.useMutation("post", "/api/v1/tags/{id}/audits", {
    onSuccess: (a) => void navigate({ to: `/tags/${tag.id}/audits/${a.id}` }),
    onError: (error) => void message.error(text(error)),
  });
  return (
    <Panel
      title={t("tags.audit")}
      definition={t("tags.audit_why")}
      actions={
        can("tags.write") && can("customers.read") && tag.size > 0 && !tag.archived ? (
          <Button
            size="small"
            loading={start.isPending}
            onClick={() => start.mutate({ params: { path: { id: tag.id } }, body: {} })}
          >
            {t("tags.audit_start")}
          </Button>
        ) : null
      }
    >
      {audits.data && audits.data.items.length > 0 ? (
        <ul className="tags-list">
          {audits.data.items.map((a) => (
            <li key={a.id}>
              <When at={a.started_at} />
              <span>
                {a.judged > 0 ? (
                  <>
                    <b className="hs-num">{formatPercent(a.precision.estimate, language, 0)}</b>{" "}
                    <span className="hs-secondary">
                      {t("tags.precision_range", {
                        low: formatPercent(a.precision.low, language, 0),
                        high: formatPercent(a.precision.high, language, 0),
                      })}
                    </span>
                  </>
                ) : null}{" "}
                <span className="hs-secondary">
                  {t("tags.audit_progress", { judged: a.judged, sampled: a.sampled })}
                </span>
              </span>
              <Link to={`/tags/${tag.id}/audits/${a.id}` as never}>
                {t(a.judged < a.sampled ? "tags.audit_open" : "tags.audit_see")}
              </Link>
            </li>
          ))}
        </ul>
      ) : (
        <p className="hs-secondary">{t("tags.audit_none")}</p>
      )}
    </Panel>
  );
}

function People(props: { id: string }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const navigate = useNavigate();
  const people = $api.useInfiniteQuery(
    "get",
    "/api/v1/tags/{id}/people",
    { params: { path: { id: props.id }, query: { limit: 50 } } },
    keyset,
  );
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
      render: (p) => p.city || <None />,
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
    <Panel flush title={t("tags.people_list")}>
      <DataTable
        id="tag-people"
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
  );
}

function Bulk(props: { tag: Tag; mode: "add" | "remove" | undefined; onDone: () => void }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const text = useProblemText();
  const client = useQueryClient();
  const { message } = App.useApp();
  const [segment, setSegment] = useState<string>();
  const segments = $api.useQuery(
    "get",
    "/api/v1/segments",
    { params: { query: { limit: 200 } } },
    { enabled: Boolean(props.mode) },
  );
  const ask = $api.useMutation("post", "/api/v1/tags/{id}/people", {
    onError: (error) => void message.error(text(error)),
  });
  const run = $api.useMutation("post", "/api/v1/tags/{id}/people", {
    onSuccess: async (m) => {
      await client.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).includes("/tag") });
      void message.success(t("tags.marked", { changed: formatCount(m.changed, language) }));
      props.onDone();
    },
    onError: (error) => void message.error(text(error)),
  });
  const remove = props.mode === "remove";
  const params = { path: { id: props.tag.id } };
  const asked = segment && ask.data ? ask.data : undefined;
  const changed = formatCount(asked?.changed ?? 0, language);
  return (
    <Modal
      open={Boolean(props.mode)}
      title={t(remove ? "tags.unmark" : "tags.mark")}
      okText={t(remove ? "tags.unmark_run" : "tags.mark_run", { changed })}
      cancelText={t("ui.cancel")}
      okButtonProps={{ disabled: !asked?.changed, loading: run.isPending, danger: remove }}
      onOk={() => run.mutate({ params, body: { segment, remove, expect: asked?.changed } })}
      onCancel={props.onDone}
      destroyOnHidden
    >
      <Select
        aria-label={t("tags.mark_segment")}
        placeholder={t("tags.mark_segment")}
        value={segment}
        onChange={(id) => {
          setSegment(id);
          ask.mutate({ params, body: { segment: id, remove, dry_run: true } });
        }}
        showSearch={{ optionFilterProp: "label" }}
        style={{ width: "100%" }}
        options={segments.data?.items.map((s) => ({ value: s.id, label: s.name }))}
      />
      {asked ? (
        <p role="status">{t("tags.mark_count", { people: formatCount(asked.people, language), changed })}</p>
      ) : null}
    </Modal>
  );
}

function ArchiveButton(props: { tag: Tag }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const can = useCan();
  const confirm = useConfirmDanger();
  const text = useProblemText();
  const { message } = App.useApp();
  const client = useQueryClient();
  const { tag } = props;
  const archive = $api.useMutation("put", "/api/v1/tags/{id}/archived", {
    onSuccess: async () => {
      await client.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).includes("/tag") });
      void message.success(t("tags.done"));
    },
  });
  if (!can("tags.write") || tag.parent) {
    return null;
  }
  const run = () => archive.mutateAsync({ params: { path: { id: tag.id } }, body: { archived: !tag.archived } });
  return (
    <Button
      onClick={() =>
        tag.archived
          ? void run().catch((error: unknown) => message.error(text(error)))
          : confirm({
              title: t("tags.archive_title", { name: tag.name }),
              consequence: t("tags.archive_text", { n: formatCount(tag.size, language) }),
              action: t("tags.archive"),
              red: false,
              run,
            })
      }
    >
      {t(tag.archived ? "tags.restore" : "tags.archive")}
    </Button>
  );
}
