import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { $api, type Schema } from "@huoshui/api";
import { Loaded, Loading, Page, Panel, useProblemText } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { App, Button, Input, InputNumber, Segmented, Select } from "antd";
import { useEffect, useReducer, useState } from "react";
import { useTranslation } from "react-i18next";
import { Builder } from "../../conditions/Builder";
import { EstimatePanel, useEstimate } from "../../conditions/Estimate";
import { act, type Condition, leafCount, newLeaf, questionOf, rootOf } from "../../conditions/tree";
import "../../conditions/conditions.css";
import { useCan } from "../../shell/session";
import { TagName } from "../../tagging/TagName";
import { colours, type Tag } from "../../tagging/words";
import { NewGroup } from "./TagsPage";
import "./tag.css";

type In = Schema<"TagIn">;
type Statistic = Schema<"TagStatistic">;
type Fuzzy = Schema<"TagFuzzyIn">;

const kinds = ["rule", "manual", "import", "statistic", "keyword", "fuzzy"] as const;
const measures = [
  "favourite_category",
  "usual_hour",
  "average_basket",
  "price_band",
  "coupon_share",
  "browse_no_buy",
] as const;
const cyclesOf: Record<string, readonly string[]> = {
  rule: ["live", "daily", "monthly"],
  statistic: ["daily", "monthly"],
};

/** A new tag, or the words of one that is there. */
export default function EditorPage() {
  const { id } = useParams({ strict: false }) as { id?: string };
  return id ? <Existing id={id} /> : <Editor tag={undefined} />;
}

function Existing(props: { id: string }) {
  const tag = $api.useQuery(
    "get",
    "/api/v1/tags/{id}",
    { params: { path: { id: props.id } } },
    { refetchOnWindowFocus: false },
  );
  return (
    <Loaded query={tag} loading={<Loading height={480} />}>
      {(one) => <Editor key={one.version} tag={one} />}
    </Loaded>
  );
}

function statisticOf(measure: Statistic["measure"]): Statistic {
  const least = { favourite_category: 2, usual_hour: 3, average_basket: 2, price_band: 2, coupon_share: 3 };
  const bounds: Record<string, number[]> = {
    average_basket: [100_00, 300_00, 600_00],
    price_band: [50_00, 150_00, 300_00],
    coupon_share: [20, 50],
  };
  return { measure, days: 90, least: least[measure as keyof typeof least] ?? 5, bounds: bounds[measure] };
}

function Editor(props: { tag: Tag | undefined }) {
  const { t } = useTranslation();
  const { tag } = props;
  const search = useSearch({ strict: false }) as { group?: string };
  const { message } = App.useApp();
  const text = useProblemText();
  const navigate = useNavigate();
  const client = useQueryClient();
  const can = useCan();
  const [words, setWords] = useState<In>(() => ({
    group: tag?.group ?? search.group ?? "",
    name: tag?.name ?? "",
    note: tag?.note ?? "",
    owner: tag?.owner ?? "",
    kind: tag?.kind ?? "rule",
    colour: tag?.colour ?? "water",
    cycle: tag?.cycle || "daily",
    statistic: tag?.statistic ?? statisticOf("favourite_category"),
    keywords: tag?.keywords ?? { words: [] },
    fuzzy: (tag?.fuzzy as Fuzzy | undefined) ?? {
      half_life_days: 30,
      threshold: 0.6,
      evidence: [{ weight: 0.5, keywords: { words: [] } }],
    },
  }));
  const change = (patch: Partial<In>) => setWords((w) => ({ ...w, ...patch }));
  const [root, dispatch] = useReducer(act, tag?.rule as Condition | undefined, (c) =>
    c ? rootOf(c) : { ...rootOf(undefined), of: [newLeaf("facts")] },
  );
  const estimate = useEstimate(root);
  const groups = $api.useQuery("get", "/api/v1/tag-groups", {});
  const staff = $api.useQuery("get", "/api/v1/staff", {}, { enabled: can("staff.read"), staleTime: 300_000 });
  const [adding, setAdding] = useState(false);
  const saved = {
    onSuccess: async (one: { id: string }) => {
      await client.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).includes("/tag") });
      void message.success(t("tags.saved"));
      void navigate({ to: `/tags/${one.id}` });
    },
    onError: (error: unknown) => void message.error(text(error)),
  };
  const create = $api.useMutation("post", "/api/v1/tags", saved);
  const put = $api.useMutation("put", "/api/v1/tags/{id}", saved);
  const kind = words.kind;
  const cycles = cyclesOf[kind];
  const body: In = {
    group: words.group,
    name: words.name.trim(),
    note: words.note?.trim(),
    owner: words.owner || undefined,
    kind,
    colour: words.colour,
    cycle: cycles ? (cycles.includes(words.cycle ?? "") ? words.cycle : "daily") : undefined,
    ...(kind === "rule" ? { rule: questionOf(root) } : {}),
    ...(kind === "statistic" ? { statistic: words.statistic } : {}),
    ...(kind === "keyword" ? { keywords: words.keywords } : {}),
    ...(kind === "fuzzy" ? { fuzzy: words.fuzzy } : {}),
  };
  const ready =
    body.name !== "" &&
    body.group !== "" &&
    (kind !== "rule" || (leafCount(root) > 0 && !estimate.query.error)) &&
    (kind !== "keyword" || (words.keywords?.words.length ?? 0) > 0);
  const save = () =>
    tag
      ? put.mutate({ params: { path: { id: tag.id } }, body: { ...body, version: tag.version } })
      : create.mutate({ body });
  return (
    <Page
      title={t(tag ? "tags.edit" : "tags.new")}
      crumbs={
        <>
          <Link to={"/tags" as never}>{t("tags.title")}</Link>
          {tag ? (
            <>
              <span aria-hidden>/</span>
              <Link to={`/tags/${tag.id}` as never}>{tag.name}</Link>
            </>
          ) : null}
        </>
      }
      actions={
        <>
          <Link to={(tag ? `/tags/${tag.id}` : "/tags") as never}>
            <Button>{t("ui.cancel")}</Button>
          </Link>
          <Button type="primary" disabled={!ready} loading={create.isPending || put.isPending} onClick={save}>
            {t("tags.save")}
          </Button>
        </>
      }
      aside={kind === "rule" ? <EstimatePanel estimate={estimate} /> : undefined}
    >
      <Panel>
        <div className="tags-fields">
          <label htmlFor="tag-name">{t("tags.name")}</label>
          <Input
            id="tag-name"
            placeholder={t("tags.name_placeholder")}
            maxLength={80}
            value={words.name}
            onChange={(e) => change({ name: e.target.value })}
          />
          <label htmlFor="tag-group">{t("tags.group")}</label>
          <div className="tags-row">
            <Select
              id="tag-group"
              placeholder={t("tags.group_pick")}
              value={words.group || undefined}
              onChange={(group) => change({ group })}
              style={{ minWidth: 240 }}
              options={groups.data?.items.map((g) => ({ value: g.id, label: g.name }))}
            />
            <Button icon={<PlusOutlined />} onClick={() => setAdding(true)}>
              {t("tags.group_new")}
            </Button>
          </div>
          <label htmlFor="tag-note">{t("tags.note")}</label>
          <Input
            id="tag-note"
            placeholder={t("tags.note_placeholder")}
            maxLength={500}
            value={words.note}
            onChange={(e) => change({ note: e.target.value })}
          />
          <label htmlFor="tag-owner">{t("tags.owner")}</label>
          <div className="tags-row">
            <Select
              id="tag-owner"
              allowClear
              placeholder={t("tags.owner_none")}
              value={words.owner || undefined}
              onChange={(owner) => change({ owner: owner ?? "" })}
              showSearch={{ optionFilterProp: "label" }}
              style={{ minWidth: 240 }}
              options={staff.data?.items.map((s) => ({ value: s.id, label: s.name }))}
            />
            <Select
              aria-label={t("tags.colour")}
              value={words.colour}
              onChange={(colour) => change({ colour })}
              style={{ minWidth: 120 }}
              options={colours.map((c) => ({
                value: c,
                label: <TagName name={t(`tags.colours.${c}`)} colour={c} />,
              }))}
            />
          </div>
          <span className="hs-secondary">{t("tags.kind")}</span>
          <div>
            <Segmented
              disabled={Boolean(tag)}
              value={kind}
              onChange={(k) => change({ kind: k as In["kind"] })}
              options={kinds.map((k) => ({ value: k, label: t(`tags.kinds.${k}`) }))}
            />
            <p className="hs-secondary">{t(`tags.kind_why.${kind}`)}</p>
          </div>
          {cycles ? (
            <>
              <span className="hs-secondary">{t("tags.cycle")}</span>
              <div>
                <Segmented
                  value={body.cycle}
                  onChange={(cycle) => change({ cycle: cycle as In["cycle"] })}
                  options={cycles.map((c) => ({ value: c, label: t(`tags.cycles.${c}`) }))}
                />
                <p className="hs-secondary">{t("tags.cycle_why")}</p>
              </div>
            </>
          ) : null}
        </div>
      </Panel>
      {kind === "rule" ? (
        <Panel title={t("tags.rule")}>
          <Builder root={root} dispatch={dispatch} />
        </Panel>
      ) : null}
      {kind === "statistic" && words.statistic ? (
        <StatisticFields value={words.statistic} onChange={(statistic) => change({ statistic })} />
      ) : null}
      {kind === "keyword" && words.keywords ? (
        <Panel title={t("tags.words")}>
          <KeywordFields value={words.keywords} onChange={(keywords) => change({ keywords })} />
        </Panel>
      ) : null}
      {kind === "fuzzy" && words.fuzzy ? (
        <FuzzyFields value={words.fuzzy} onChange={(fuzzy) => change({ fuzzy })} />
      ) : null}
      <NewGroup
        open={adding}
        groups={groups.data?.items ?? []}
        onDone={(made) => {
          setAdding(false);
          if (made) {
            change({ group: made });
          }
        }}
      />
    </Page>
  );
}

function StatisticFields(props: { value: Statistic; onChange: (s: Statistic) => void }) {
  const { t } = useTranslation();
  const { value, onChange } = props;
  const scale = value.measure === "coupon_share" ? 1 : 100;
  return (
    <Panel title={t("tags.statistic")}>
      <div className="tags-row">
        <Select
          aria-label={t("tags.statistic")}
          value={value.measure}
          onChange={(m) => onChange(statisticOf(m))}
          style={{ minWidth: 200 }}
          options={measures.map((m) => ({ value: m, label: t(`tags.measures.${m}`) }))}
        />
        <span>{t("tags.days")}</span>
        <InputNumber
          aria-label={t("tags.days")}
          min={1}
          max={400}
          value={value.days}
          onChange={(n) => onChange({ ...value, days: n ?? 90 })}
        />
        <span>{t("tags.least")}</span>
        <InputNumber
          aria-label={t("tags.least")}
          min={1}
          max={1000}
          value={value.least}
          onChange={(n) => onChange({ ...value, least: n ?? 1 })}
        />
        {value.bounds ? (
          <>
            <span>{t(scale === 1 ? "tags.bounds_share" : "tags.bounds")}</span>
            <Select
              mode="tags"
              aria-label={t("tags.bounds")}
              value={value.bounds.map((b) => String(b / scale))}
              onChange={(texts: string[]) =>
                onChange({
                  ...value,
                  bounds: texts
                    .map((v) => Math.round(Number(v) * scale))
                    .filter((n) => n > 0)
                    .sort((a, b) => a - b),
                })
              }
              open={false}
              style={{ minWidth: 240 }}
            />
          </>
        ) : null}
      </div>
      <p className="hs-secondary">{t(`tags.measure_why.${value.measure}`)}</p>
    </Panel>
  );
}

function KeywordFields(props: { value: Schema<"TagKeywords">; onChange: (k: Schema<"TagKeywords">) => void }) {
  const { t } = useTranslation();
  const { value, onChange } = props;
  const source = value.sources?.[0];
  return (
    <div className="tags-fields">
      <span className="hs-secondary">{t("tags.words")}</span>
      <Select
        mode="tags"
        aria-label={t("tags.words")}
        placeholder={t("tags.words_placeholder")}
        value={value.words}
        onChange={(words: string[]) => onChange({ ...value, words })}
        tokenSeparators={["、", ",", "，", ";", "；"]}
        open={false}
        style={{ width: "100%" }}
      />
      <span className="hs-secondary">{t("tags.source")}</span>
      {source ? (
        <div className="tags-row">
          <Input
            aria-label={t("tags.source_fact")}
            placeholder="event.review"
            value={source.fact}
            onChange={(e) => onChange({ ...value, sources: [{ ...source, fact: e.target.value }] })}
            style={{ width: 200 }}
          />
          <Input
            aria-label={t("tags.source_prop")}
            placeholder="text"
            value={source.prop}
            onChange={(e) => onChange({ ...value, sources: [{ ...source, prop: e.target.value }] })}
            style={{ width: 140 }}
          />
          <Button type="text" onClick={() => onChange({ words: value.words })}>
            {t("tags.source_usual")}
          </Button>
        </div>
      ) : (
        <div className="tags-row">
          <span>{t("tags.source_usual")}</span>
          <Button
            size="small"
            type="text"
            onClick={() => onChange({ ...value, sources: [{ fact: "event.review", prop: "text" }] })}
          >
            {t("tags.source_add")}
          </Button>
        </div>
      )}
    </div>
  );
}

function FuzzyFields(props: { value: Fuzzy; onChange: (f: Fuzzy) => void }) {
  const { t } = useTranslation();
  const { value, onChange } = props;
  const replace = (i: number, e: Schema<"TagEvidenceIn">) =>
    onChange({ ...value, evidence: value.evidence.map((one, j) => (j === i ? e : one)) });
  return (
    <Panel title={t("tags.evidence")}>
      <div className="tags-row">
        <span>{t("tags.threshold")}</span>
        <InputNumber
          aria-label={t("tags.threshold")}
          min={1}
          max={99}
          value={Math.round(value.threshold * 100)}
          onChange={(n) => onChange({ ...value, threshold: (n ?? 60) / 100 })}
        />
        <span>{t("tags.half_life")}</span>
        <InputNumber
          aria-label={t("tags.half_life")}
          min={1}
          max={3650}
          value={value.half_life_days}
          onChange={(n) => onChange({ ...value, half_life_days: n ?? 30 })}
        />
      </div>
      {value.evidence.map((e, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: evidence has no name; it is told by its place
        <div key={i} className="tags-evidence">
          <div className="tags-row">
            <b>{t(e.keywords ? "tags.evidence_words" : "tags.evidence_rule")}</b>
            <span>{t("tags.weight")}</span>
            <InputNumber
              aria-label={t("tags.weight")}
              min={1}
              max={99}
              value={Math.round(e.weight * 100)}
              onChange={(n) => replace(i, { ...e, weight: (n ?? 50) / 100 })}
            />
            <Button
              type="text"
              icon={<DeleteOutlined />}
              aria-label={t("tags.remove")}
              disabled={value.evidence.length === 1}
              onClick={() => onChange({ ...value, evidence: value.evidence.filter((_, j) => j !== i) })}
            />
          </div>
          {e.keywords ? (
            <KeywordFields value={e.keywords} onChange={(keywords) => replace(i, { ...e, keywords })} />
          ) : (
            <RuleFields initial={e.rule as Condition | undefined} onChange={(rule) => replace(i, { ...e, rule })} />
          )}
        </div>
      ))}
      <div className="tags-row">
        <Button
          size="small"
          icon={<PlusOutlined />}
          onClick={() =>
            onChange({ ...value, evidence: [...value.evidence, { weight: 0.5, keywords: { words: [] } }] })
          }
        >
          {t("tags.evidence_add_words")}
        </Button>
        <Button
          size="small"
          icon={<PlusOutlined />}
          onClick={() =>
            onChange({ ...value, evidence: [...value.evidence, { weight: 0.3, rule: questionOf(rootOf(undefined)) }] })
          }
        >
          {t("tags.evidence_add_rule")}
        </Button>
      </div>
    </Panel>
  );
}

function RuleFields(props: { initial: Condition | undefined; onChange: (c: Condition) => void }) {
  const [root, dispatch] = useReducer(act, props.initial, (c) =>
    c && c.kind !== "everyone" ? rootOf(c) : { ...rootOf(undefined), of: [newLeaf("facts")] },
  );
  const condition = JSON.stringify(questionOf(root));
  const { onChange } = props;
  // biome-ignore lint/correctness/useExhaustiveDependencies: only another condition is worth telling
  useEffect(() => onChange(JSON.parse(condition) as Condition), [condition]);
  return <Builder root={root} dispatch={dispatch} />;
}
