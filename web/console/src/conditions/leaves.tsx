import { PlusOutlined } from "@ant-design/icons";
import { $api } from "@huoshui/api";
import { layerCodes } from "@huoshui/ui";
import { Button, Dropdown, Select } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { factNames, factText, isMoney, unitOf } from "./describe";
import { Amount, BoundsField, Codes, WindowField, Words } from "./fields";
import type { LeafKind, Spec, Where } from "./tree";

interface EditorProps {
  spec: Spec;
  onChange: (spec: Spec) => void;
}

/** One kind of leaf: where it stands in the menu and how it is filled in. */
interface LeafDef {
  group: "standing" | "deeds" | "person" | "others";
  Editor: (props: EditorProps) => ReactNode;
}

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
] as const;
const whereColumns = ["product", "category", "channel", "campaign", "strategy", "detail"] as const;

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
  const where = spec.where ?? {};
  const setWhere = (patch: Where) => onChange({ ...spec, where: { ...where, ...patch } });
  const shown = whereColumns.filter((c) => where[c] !== undefined);
  const narrowedByAmount = where.min_amount_fen !== undefined || where.max_amount_fen !== undefined;
  const measure = spec.measure ?? "count";
  return (
    <>
      <WindowField
        ever
        window={spec.window ?? {}}
        onChange={(w) => onChange({ ...spec, window: Object.keys(w).length > 0 ? w : undefined })}
      />
      <Select
        size="small"
        aria-label={t("segments.fact.label")}
        value={spec.fact}
        popupMatchSelectWidth={false}
        showSearch={{ optionFilterProp: "label" }}
        onChange={(fact) => onChange({ ...spec, fact })}
        options={[...factNames, ...(factNames.includes(spec.fact as never) ? [] : [spec.fact ?? ""])].map((f) => ({
          value: f,
          label: factText(t, f),
        }))}
      />
      <Select
        size="small"
        aria-label={t("segments.measure.label")}
        value={measure}
        popupMatchSelectWidth={false}
        onChange={(next) => {
          const fresh = isMoney(next) ? { min: 100_00 } : { min: 1 };
          const keeps = isMoney(next) === isMoney(measure);
          const { min, max, ...rest } = spec;
          onChange({ ...rest, measure: next, ...(keeps ? { min, max } : fresh) });
        }}
        options={measures.map((m) => ({ value: m, label: t(`segments.measure.${m}`) }))}
      />
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
      {shown.map((column) => (
        <span key={column} className="segments-where">
          <span className="hs-secondary">{t(`segments.where.${column}`)}</span>
          <Words
            column={column}
            label={t(`segments.where.${column}`)}
            values={where[column] ?? []}
            onChange={(v) => setWhere({ [column]: v })}
          />
        </span>
      ))}
      {narrowedByAmount ? (
        <span className="segments-where">
          <span className="hs-secondary">{t("segments.where.amount")}</span>
          <BoundsField
            label={t("segments.where.amount")}
            bounds={{ min: where.min_amount_fen, max: where.max_amount_fen }}
            money
            unit=""
            onChange={(b) => setWhere({ min_amount_fen: b.min, max_amount_fen: b.max })}
          />
        </span>
      ) : null}
      <Dropdown
        trigger={["click"]}
        menu={{
          items: [
            ...whereColumns.filter((c) => !shown.includes(c)),
            ...(narrowedByAmount ? [] : (["amount"] as const)),
          ].map((c) => ({
            key: c,
            label: t(`segments.where.${c}`),
          })),
          onClick: ({ key }) => setWhere(key === "amount" ? { min_amount_fen: 100_00 } : { [key]: [] }),
        }}
      >
        <Button size="small" type="text" icon={<PlusOutlined />}>
          {t("segments.where.add")}
        </Button>
      </Dropdown>
    </>
  );
}
