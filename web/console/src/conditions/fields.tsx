import { CloseOutlined, PlusOutlined } from "@ant-design/icons";
import { $api } from "@huoshui/api";
import { formatCount, useReader } from "@huoshui/ui";
import { keepPreviousData } from "@tanstack/react-query";
import { Button, DatePicker, Dropdown, InputNumber, Select } from "antd";
import dayjs from "dayjs";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { attributeText, factNames, factText } from "./describe";
import { PropField } from "./Props";
import type { Bounds, Where, Window } from "./tree";

type Column =
  | "fact"
  | "product"
  | "category"
  | "channel"
  | "campaign"
  | "strategy"
  | "detail"
  | "gender"
  | "province"
  | "city"
  | "source"
  | "store"
  | "owner"
  | "level";

/** Facts that stand for bookkeeping of the product; nobody asks who did them. */
const bookkeeping = ["customer.changed", "customer.merged", "customer.split", "order.amended", "product.line"];

/** A choice of one fact: what has happened in this brand, then what the product knows but never saw here. */
export function FactPicker(props: { fact: string | undefined; label?: string; onChange: (fact: string) => void }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const words = $api.useQuery(
    "get",
    "/api/v1/segments/words",
    { params: { query: { column: "fact", limit: 500 } } },
    { staleTime: 60_000 },
  );
  const seen = new Map((words.data?.items ?? []).map((w) => [w.text, w.count]));
  const known = factNames as readonly string[];
  const own = [...seen.keys()].filter((f) => !known.includes(f) && !bookkeeping.includes(f));
  const happened = [...known.filter((f) => seen.has(f)), ...own];
  const never = known.filter((f) => !seen.has(f));
  if (props.fact && !happened.includes(props.fact) && !never.includes(props.fact)) {
    never.unshift(props.fact);
  }
  const option = (f: string) => ({ value: f, label: factText(t, f) });
  const formatSeen = (n: number | undefined) => (n === undefined ? "" : formatCount(n, language));
  const groups = [
    { label: t("segments.fact_seen"), options: happened.map(option) },
    { label: t("segments.fact_never"), options: never.map(option) },
  ];
  return (
    <Select
      size="small"
      aria-label={props.label ?? t("segments.fact.label")}
      value={props.fact || undefined}
      popupMatchSelectWidth={260}
      showSearch={{ optionFilterProp: "label" }}
      onChange={props.onChange}
      options={groups.filter((g) => g.options.length > 0)}
      labelRender={(v) => factText(t, String(v.value))}
      optionRender={(o) => (
        <span className="segments-word">
          <span>{o.label}</span>
          <span className="hs-secondary hs-num">{formatSeen(seen.get(String(o.value)))}</span>
        </span>
      )}
      style={{ minWidth: 112, maxWidth: 240 }}
    />
  );
}

const whereColumns = ["product", "category", "channel", "campaign", "strategy", "detail"] as const;

/** What facts are narrowed to, and a menu to narrow them further. */
export function WhereFields(props: { fact?: string; where: Where | undefined; onChange: (where: Where) => void }) {
  const { t } = useTranslation();
  const where = props.where ?? {};
  const set = (patch: Where) => props.onChange({ ...where, ...patch });
  const shown = whereColumns.filter((c) => where[c] !== undefined);
  const tests = where.props ?? [];
  const byAmount = where.min_amount_fen !== undefined || where.max_amount_fen !== undefined;
  const drop = (column: keyof Where) => {
    const { [column]: _, ...rest } = where;
    props.onChange(rest);
  };
  return (
    <>
      {shown.map((column) => (
        <span key={column} className="segments-where">
          <span className="hs-secondary">{t(`segments.where.${column}`)}</span>
          <Words
            column={column}
            label={t(`segments.where.${column}`)}
            values={where[column] ?? []}
            onChange={(v) => set({ [column]: v })}
          />
          <Button
            size="small"
            type="text"
            icon={<CloseOutlined />}
            aria-label={t("segments.where.drop", { name: t(`segments.where.${column}`) })}
            onClick={() => drop(column)}
          />
        </span>
      ))}
      {byAmount ? (
        <span className="segments-where">
          <span className="hs-secondary">{t("segments.where.amount")}</span>
          <BoundsField
            label={t("segments.where.amount")}
            bounds={{ min: where.min_amount_fen, max: where.max_amount_fen }}
            money
            unit=""
            onChange={(b) => set({ min_amount_fen: b.min, max_amount_fen: b.max })}
          />
        </span>
      ) : null}
      {tests.map((test, i) => (
        <PropField
          // biome-ignore lint/suspicious/noArrayIndexKey: a test is nothing but its place in the list
          key={i}
          fact={props.fact}
          test={test}
          onChange={(next) => set({ props: tests.map((other, at) => (at === i ? next : other)) })}
          onDrop={() => set({ props: tests.filter((_, at) => at !== i) })}
        />
      ))}
      <Dropdown
        trigger={["click"]}
        menu={{
          items: [
            ...whereColumns.filter((c) => !shown.includes(c)),
            ...(byAmount ? [] : (["amount"] as const)),
            ...(tests.length < 20 ? (["props"] as const) : []),
          ].map((c) => ({ key: c, label: t(`segments.where.${c}`) })),
          onClick: ({ key }) => {
            const fresh = { amount: { min_amount_fen: 100_00 }, props: { props: [...tests, { name: "", in: [] }] } };
            set(key === "amount" || key === "props" ? fresh[key] : { [key]: [] });
          },
        }}
      >
        <Button size="small" type="text" icon={<PlusOutlined />}>
          {t("segments.where.add")}
        </Button>
      </Dropdown>
    </>
  );
}

/** A choice of values that the data knows, the most frequent first; others can be typed. */
export function Words(props: {
  column: string;
  label: string;
  values: readonly string[];
  onChange: (values: string[]) => void;
}) {
  const { t } = useTranslation();
  const { language } = useReader();
  const [q, setQ] = useState("");
  const [open, setOpen] = useState(false);
  const words = $api.useQuery(
    "get",
    "/api/v1/segments/words",
    { params: { query: { column: props.column as Column, q: q || undefined, limit: 50 } } },
    { enabled: open, placeholderData: keepPreviousData, staleTime: 60_000 },
  );
  return (
    <Select
      mode="tags"
      size="small"
      aria-label={props.label}
      placeholder={t("segments.field.values")}
      value={[...props.values]}
      onChange={props.onChange}
      onOpenChange={setOpen}
      loading={words.isFetching}
      showSearch={{ onSearch: setQ, filterOption: false }}
      maxTagCount="responsive"
      popupMatchSelectWidth={280}
      style={{ minWidth: 200, maxWidth: 420 }}
      labelRender={(v) => attributeText(t, props.column, String(v.value))}
      options={(words.data?.items ?? []).map((w) => ({ value: w.text, label: w.text, count: w.count }))}
      optionRender={(o) => (
        <span className="segments-word">
          <span>{attributeText(t, props.column, String(o.value))}</span>
          <span className="hs-secondary hs-num">
            {typeof o.data.count === "number" ? formatCount(o.data.count, language) : ""}
          </span>
        </span>
      )}
    />
  );
}

/** Several of a few known codes. */
export function Codes(props: {
  label: string;
  codes: readonly string[];
  text: (code: string) => string;
  values: readonly string[];
  onChange: (values: string[]) => void;
}) {
  const { t } = useTranslation();
  return (
    <Select
      mode="multiple"
      size="small"
      aria-label={props.label}
      placeholder={t("segments.field.pick")}
      value={[...props.values]}
      onChange={props.onChange}
      maxTagCount="responsive"
      style={{ minWidth: 240, maxWidth: 480 }}
      options={props.codes.map((code) => ({ value: code, label: props.text(code) }))}
    />
  );
}

/** A whole number, or money in yuan; empty is "no bound". */
export function Amount(props: {
  label: string;
  value: number | undefined;
  money?: boolean;
  width?: number;
  onChange: (v: number | undefined) => void;
}) {
  const scale = props.money ? 100 : 1;
  return (
    <InputNumber
      size="small"
      aria-label={props.label}
      prefix={props.money ? "¥" : undefined}
      min={0}
      precision={props.money ? undefined : 0}
      value={props.value === undefined ? null : props.value / scale}
      onChange={(n) => props.onChange(typeof n === "number" ? Math.round(n * scale) : undefined)}
      style={{ width: props.width ?? (props.money ? 104 : 64) }}
    />
  );
}

/** "At least", "at most", "between", and where it makes sense "never". */
export function BoundsField(props: {
  label: string;
  bounds: Bounds;
  money?: boolean;
  unit: string;
  never?: boolean;
  onChange: (b: Bounds) => void;
}) {
  const { t } = useTranslation();
  const { bounds } = props;
  const isNever = props.never === true && bounds.max === 0 && bounds.min === undefined;
  const mode = isNever
    ? "never"
    : bounds.min !== undefined && bounds.max !== undefined
      ? "between"
      : bounds.max !== undefined
        ? "max"
        : "min";
  const first = props.money ? 100_00 : 1;
  const pick = (next: string) => {
    const low = bounds.min ?? bounds.max ?? first;
    const at = low === 0 && next !== "max" ? first : low;
    if (next === "never") {
      props.onChange({ max: 0 });
    } else if (next === "between") {
      props.onChange({ min: at, max: Math.max(bounds.max ?? 0, at) });
    } else {
      props.onChange(next === "max" ? { max: at } : { min: at });
    }
  };
  return (
    <>
      <Select
        size="small"
        aria-label={props.label}
        value={mode}
        onChange={pick}
        popupMatchSelectWidth={false}
        options={["min", "max", "between", ...(props.never ? ["never"] : [])].map((v) => ({
          value: v,
          label: t(`segments.bound.${v}`),
        }))}
      />
      {mode === "min" || mode === "between" ? (
        <Amount
          label={t("segments.bound.min")}
          money={props.money}
          value={bounds.min}
          onChange={(min) => props.onChange({ ...bounds, min })}
        />
      ) : null}
      {mode === "between" ? <span>{t("segments.field.between")}</span> : null}
      {mode === "max" || mode === "between" ? (
        <Amount
          label={t("segments.bound.max")}
          money={props.money}
          value={bounds.max}
          onChange={(max) => props.onChange({ ...bounds, max })}
        />
      ) : null}
      {mode === "never" || props.money ? null : <span className="hs-secondary">{props.unit}</span>}
    </>
  );
}

/** When: ever, the last so many days, or between two dates. */
export function WindowField(props: { window: Window; ever?: boolean; onChange: (w: Window) => void }) {
  const { t } = useTranslation();
  const { window: w } = props;
  const [dated, setDated] = useState(Boolean(w.from || w.to));
  const mode = w.last_days !== undefined ? "last" : dated || w.from || w.to || !props.ever ? "dates" : "ever";
  const day = (text: string | undefined) => (text ? dayjs(text) : null);
  return (
    <>
      <Select
        size="small"
        aria-label={t("segments.window.dates")}
        value={mode}
        popupMatchSelectWidth={false}
        onChange={(next) => {
          setDated(next === "dates");
          props.onChange(next === "last" ? { last_days: 30 } : {});
        }}
        options={[...(props.ever ? ["ever"] : []), "last", "dates"].map((v) => ({
          value: v,
          label: t(`segments.window.${v}`),
        }))}
      />
      {mode === "last" ? (
        <>
          <Amount
            label={t("segments.window.last")}
            value={w.last_days}
            width={56}
            onChange={(n) => props.onChange({ last_days: Math.max(1, n ?? 1) })}
          />
          <span className="hs-secondary">{t("segments.field.days")}</span>
        </>
      ) : null}
      {mode === "dates" ? (
        <DatePicker.RangePicker
          size="small"
          allowEmpty={[true, true]}
          placeholder={[t("segments.window.from"), t("segments.window.to")]}
          value={[day(w.from), day(w.to)]}
          onChange={(range) =>
            props.onChange({
              ...(range?.[0] ? { from: range[0].format("YYYY-MM-DD") } : {}),
              ...(range?.[1] ? { to: range[1].format("YYYY-MM-DD") } : {}),
            })
          }
          style={{ width: 232 }}
        />
      ) : null}
    </>
  );
}
