import { $api } from "@huoshui/api";
import { layerCodes } from "@huoshui/ui";
import { Input, Select, Tooltip } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { isMoney, unitOf } from "./describe";
import { Amount, BoundsField, Codes, FactPicker, WhereFields, WindowField, Words } from "./fields";
import { PropName, RangeField } from "./Props";
import { Sequence } from "./Sequence";
import { Sessions } from "./Sessions";
import { type LeafKind, ofProperty, type Spec } from "./tree";

interface EditorProps {
  spec: Spec;
  onChange: (spec: Spec) => void;
}

/** One kind of leaf: where it stands in the menu and how it is filled in. */
interface LeafDef {
  group: "standing" | "deeds" | "person" | "others";
  Editor: (props: EditorProps) => ReactNode;
}

const warnings = ["pseudo_vip", "overdue", "at_risk", "never_bought"] as const;
const stages = ["new", "growing", "mature", "silent", "at_risk", "lost"] as const;
const classes = [
  "champion",
  "develop",
  "keep",
  "win_back",
  "general_value",
  "general_develop",
  "general_keep",
  "general_win_back",
] as const;
const attributes = ["gender", "province", "city", "source", "store", "owner", "level"] as const;
const measures = [
  "count",
  "amount",
  "days",
  "quantity",
  "average_amount",
  "first_amount",
  "last_amount",
  "since_last",
  "since_first",
  "property_sum",
  "property_average",
  "property_min",
  "property_max",
] as const;
/** What people are ranked by; those whose value is a time cannot be bounded by a number. */
const ranks = ["spent", "orders", "monetary", "frequency", "last_order", "last_seen", "heat"] as const;

/** Every kind of leaf; a missing one is a type error. */
export const leafDefs = {
  layer: {
    group: "standing",
    Editor({ spec, onChange }) {
      const { t } = useTranslation();
      return (
        <Codes
          label={t("segments.leaf.layer")}
          codes={layerCodes}
          text={(c) => t(`ui.layer.${c}`)}
          values={spec.in ?? []}
          onChange={(v) => onChange({ in: v })}
        />
      );
    },
  },
  stage: {
    group: "standing",
    Editor({ spec, onChange }) {
      const { t } = useTranslation();
      return (
        <Codes
          label={t("segments.leaf.stage")}
          codes={stages}
          text={(c) => t(`segments.stage.${c}`)}
          values={spec.in ?? []}
          onChange={(v) => onChange({ in: v })}
        />
      );
    },
  },
  warning: {
    group: "standing",
    Editor({ spec, onChange }) {
      const { t } = useTranslation();
      return (
        <Codes
          label={t("segments.leaf.warning")}
          codes={warnings}
          text={(c) => t(`warning.sign.${c}`)}
          values={spec.in ?? []}
          onChange={(v) => onChange({ in: v })}
        />
      );
    },
  },
  rfm: {
    group: "standing",
    Editor({ spec, onChange }) {
      const { t } = useTranslation();
      return (
        <>
          <Codes
            label={t("segments.field.classes")}
            codes={classes}
            text={(c) => t(`segments.class.${c}`)}
            values={spec.class ?? []}
            onChange={(v) => onChange({ ...spec, class: v })}
          />
          {(["r", "f", "m"] as const).map((k) => (
            <Select
              key={k}
              size="small"
              aria-label={t("segments.field.scores", { name: k.toUpperCase() })}
              value={spec[k] ? `${spec[k]?.min ?? 1}-${spec[k]?.max ?? 5}` : ""}
              popupMatchSelectWidth={false}
              onChange={(v) => {
                const [min, max] = v.split("-").map(Number);
                onChange({ ...spec, [k]: v ? { min, max } : undefined });
              }}
              options={[
                { value: "", label: `${k.toUpperCase()} ${t("segments.field.any_score")}` },
                ...["4-5", "3-5", "1-2", "5-5", "4-4", "3-3", "2-2", "1-1"].map((v) => ({
                  value: v,
                  label: `${k.toUpperCase()} ${v[0] === v[2] ? v[0] : v.replace("-", "–")}`,
                })),
              ]}
            />
          ))}
        </>
      );
    },
  },
  facts: { group: "deeds", Editor: Facts },
  sequence: { group: "deeds", Editor: Sequence },
  sessions: { group: "deeds", Editor: Sessions },
  first: { group: "deeds", Editor: Edge },
  last: { group: "deeds", Editor: Edge },
  top: { group: "standing", Editor: Top },
  bucket: { group: "others", Editor: Bucket },
  attribute: {
    group: "person",
    Editor({ spec, onChange }) {
      const { t } = useTranslation();
      return (
        <>
          <Select
            size="small"
            aria-label={t("segments.leaf.attribute")}
            value={spec.name}
            popupMatchSelectWidth={false}
            onChange={(name) => onChange({ name, in: [] })}
            options={attributes.map((a) => ({ value: a, label: t(`segments.attribute.${a}`) }))}
          />
          <span className="hs-secondary">{t("segments.field.in")}</span>
          <Words
            key={spec.name}
            column={spec.name ?? "city"}
            label={t(`segments.attribute.${spec.name}`)}
            values={spec.in ?? []}
            onChange={(v) => onChange({ ...spec, in: v })}
          />
        </>
      );
    },
  },
  registered: {
    group: "person",
    Editor({ spec, onChange }) {
      return <WindowField window={spec} onChange={onChange} />;
    },
  },
  age: {
    group: "person",
    Editor({ spec, onChange }) {
      const { t } = useTranslation();
      return (
        <BoundsField
          label={t("segments.leaf.age")}
          bounds={spec}
          unit={t("segments.field.years")}
          onChange={onChange}
        />
      );
    },
  },
  birthday: {
    group: "person",
    Editor({ spec, onChange }) {
      const { t } = useTranslation();
      return (
        <>
          <span className="hs-secondary">{t("segments.field.next")}</span>
          <Amount
            label={t("segments.leaf.birthday")}
            value={spec.next_days}
            width={64}
            onChange={(n) => onChange({ next_days: Math.min(366, Math.max(1, n ?? 1)) })}
          />
          <span className="hs-secondary">{t("segments.field.next_unit")}</span>
        </>
      );
    },
  },
  contact: {
    group: "person",
    Editor({ spec, onChange }) {
      const { t } = useTranslation();
      return (
        <>
          <span className="hs-secondary">{t("segments.field.has")}</span>
          <Select
            size="small"
            aria-label={t("segments.leaf.contact")}
            value={spec.has}
            popupMatchSelectWidth={false}
            onChange={(has) => onChange({ has })}
            options={["phone", "email"].map((v) => ({ value: v, label: t(`segments.contact.${v}`) }))}
          />
        </>
      );
    },
  },
  heat: {
    group: "standing",
    Editor({ spec, onChange }) {
      const { t } = useTranslation();
      return (
        <BoundsField
          label={t("segments.leaf.heat")}
          bounds={spec}
          unit={t("segments.field.points")}
          onChange={({ min, max }) => onChange({ min, max })}
        />
      );
    },
  },
  tag: {
    group: "standing",
    Editor({ spec, onChange }) {
      const { t } = useTranslation();
      const list = $api.useQuery("get", "/api/v1/tags", {}, { staleTime: 60_000 });
      return (
        <Select
          mode="multiple"
          size="small"
          aria-label={t("segments.leaf.tag")}
          placeholder={t("segments.field.tag_pick")}
          value={spec.in ?? []}
          onChange={(v) => onChange({ in: v })}
          showSearch={{ optionFilterProp: "label" }}
          style={{ minWidth: 240, maxWidth: 480 }}
          options={list.data?.items.map((tag) => ({ value: tag.id, label: tag.name }))}
        />
      );
    },
  },
  segment: {
    group: "others",
    Editor({ spec, onChange }) {
      const { t } = useTranslation();
      const list = $api.useQuery("get", "/api/v1/segments", { params: { query: { limit: 200 } } });
      return (
        <Select
          size="small"
          aria-label={t("segments.leaf.segment")}
          placeholder={t("segments.field.segment_pick")}
          value={spec.id || undefined}
          onChange={(id) => onChange({ id })}
          showSearch={{ optionFilterProp: "label" }}
          style={{ minWidth: 240 }}
          options={list.data?.items.map((s) => ({ value: s.id, label: s.name }))}
        />
      );
    },
  },
} satisfies Record<LeafKind, LeafDef> as Record<LeafKind, LeafDef>;

/** What somebody did: the fact, when, narrowed to what, measured how, and how much of it. */
function Facts({ spec, onChange }: EditorProps) {
  const { t } = useTranslation();
  const measure = spec.measure ?? "count";
  return (
    <>
      <WindowField
        ever
        window={spec.window ?? {}}
        onChange={(w) => onChange({ ...spec, window: Object.keys(w).length > 0 ? w : undefined })}
      />
      <FactPicker fact={spec.fact} onChange={(fact) => onChange({ ...spec, fact })} />
      <Select
        size="small"
        aria-label={t("segments.measure.label")}
        value={measure}
        popupMatchSelectWidth={false}
        onChange={(next) => {
          const fresh = isMoney(next) ? { min: 100_00 } : { min: 1 };
          const keeps = isMoney(next) === isMoney(measure);
          const { min, max, property = "", value = { min: 1 }, ...rest } = spec;
          if (ofProperty(next)) {
            onChange({ ...rest, measure: next, property, value });
          } else {
            onChange({ ...rest, measure: next, ...(keeps && !ofProperty(measure) ? { min, max } : fresh) });
          }
        }}
        options={measures.map((m) => ({ value: m, label: t(`segments.measure.${m}`) }))}
      />
      {ofProperty(measure) ? (
        <>
          <PropName
            fact={spec.fact}
            name={spec.property ?? ""}
            onChange={(property) => onChange({ ...spec, property })}
          />
          <RangeField
            label={t("segments.measure.label")}
            range={spec.value ?? {}}
            onChange={(value) => onChange({ ...spec, value })}
          />
        </>
      ) : (
        <BoundsField
          label={t("segments.measure.label")}
          bounds={{ min: spec.min, max: spec.max }}
          money={isMoney(measure)}
          unit={t(`segments.unit.${unitOf(measure)}`)}
          never={measure === "count"}
          onChange={(b) => {
            const { min: _min, max: _max, ...rest } = spec;
            onChange({ ...rest, ...b });
          }}
        />
      )}
      <WhereFields fact={spec.fact} where={spec.where} onChange={(where) => onChange({ ...spec, where })} />
    </>
  );
}

/** What the first or last fact of a name was like. */
function Edge({ spec, onChange }: EditorProps) {
  return (
    <>
      <WindowField
        ever
        window={spec.window ?? {}}
        onChange={(w) => onChange({ ...spec, window: Object.keys(w).length > 0 ? w : undefined })}
      />
      <FactPicker fact={spec.fact} onChange={(fact) => onChange({ ...spec, fact })} />
      <WhereFields fact={spec.fact} where={spec.where} onChange={(where) => onChange({ ...spec, where })} />
    </>
  );
}

/** The first of all by some figure: so many of a hundred, so many people, or within bounds. */
function Top({ spec, onChange }: EditorProps) {
  const { t } = useTranslation();
  const by = spec.by ?? "spent";
  const dated = by === "last_order" || by === "last_seen";
  const mode =
    spec.count !== undefined ? "count" : spec.min !== undefined || spec.max !== undefined ? "value" : "percent";
  const money = by === "spent" || by === "monetary";
  const fresh = { percent: { percent: 20 }, count: { count: 500 }, value: { min: money ? 1000_00 : 2 } };
  return (
    <>
      <span className="hs-secondary">{t("segments.top.by")}</span>
      <Select
        size="small"
        aria-label={t("segments.top.by")}
        value={by}
        popupMatchSelectWidth={false}
        onChange={(next) => onChange({ by: next, ...(mode === "value" ? fresh.percent : { ...spec, by: next }) })}
        options={ranks.map((r) => ({ value: r, label: t(`segments.rank.${r}`) }))}
      />
      <Select
        size="small"
        aria-label={t("segments.top.mode")}
        value={mode}
        popupMatchSelectWidth={false}
        onChange={(next) => onChange({ by, ...fresh[next as keyof typeof fresh] })}
        options={[...(["percent", "count"] as const), ...(dated ? [] : (["value"] as const))].map((m) => ({
          value: m,
          label: t(`segments.top.${m}`),
        }))}
      />
      {mode === "value" ? (
        <BoundsField
          label={t("segments.top.value")}
          bounds={spec}
          money={money}
          unit=""
          onChange={(b) => onChange({ by, ...b })}
        />
      ) : (
        <>
          <Amount
            label={t(`segments.top.${mode}`)}
            value={mode === "percent" ? spec.percent : spec.count}
            width={mode === "percent" ? 64 : 88}
            onChange={(n) => onChange({ by, [mode]: n ?? 0 })}
          />
          <span className="hs-secondary">{mode === "percent" ? "%" : t("segments.top.people")}</span>
        </>
      )}
    </>
  );
}

/** Parts into which chance has put everybody, numbered from one on the screen. */
function Bucket({ spec, onChange }: EditorProps) {
  const { t } = useTranslation();
  const of = spec.of ?? 10;
  return (
    <>
      <span className="hs-secondary">{t("segments.bucket.of")}</span>
      <Amount
        label={t("segments.bucket.of")}
        value={of}
        width={64}
        onChange={(n) => {
          const next = Math.min(1000, n ?? 0);
          onChange({ ...spec, of: next, in: (spec.in ?? []).filter((i) => Number(i) < next) });
        }}
      />
      <span className="hs-secondary">{t("segments.bucket.in")}</span>
      <Codes
        label={t("segments.bucket.in")}
        codes={Array.from({ length: of }, (_, i) => String(i))}
        text={(i) => t("segments.bucket.part", { n: Number(i) + 1 })}
        values={spec.in ?? []}
        onChange={(v) => onChange({ ...spec, in: v })}
      />
      <Tooltip title={t("segments.bucket.salt_why")}>
        <Input
          size="small"
          aria-label={t("segments.bucket.salt")}
          placeholder={t("segments.bucket.salt")}
          maxLength={100}
          value={spec.salt ?? ""}
          onChange={(e) => onChange({ ...spec, salt: e.target.value })}
          style={{ width: 136 }}
        />
      </Tooltip>
    </>
  );
}
