import { CloseOutlined } from "@ant-design/icons";
import { $api } from "@huoshui/api";
import { formatCount, useReader } from "@huoshui/ui";
import { keepPreviousData } from "@tanstack/react-query";
import { AutoComplete, Button, InputNumber, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Bounds, type PropTest, wayOf, ways, withWay } from "./tree";

/** What a property of a fact must say: its name, how it is looked at, and the values. */
export function PropField(props: {
  fact: string | undefined;
  test: PropTest;
  onChange: (test: PropTest) => void;
  onDrop: () => void;
}) {
  const { t } = useTranslation();
  const { test, onChange } = props;
  const way = wayOf(test);
  return (
    <span className="segments-where">
      <PropName fact={props.fact} name={test.name} onChange={(name) => onChange({ ...test, name })} />
      <Select
        size="small"
        aria-label={t("segments.prop.way")}
        value={way}
        popupMatchSelectWidth={false}
        onChange={(next) => onChange(withWay(test.name, next))}
        options={ways.map((w) => ({ value: w, label: t(`segments.prop.${w}`) }))}
      />
      {way === "in" || way === "not_in" ? (
        <PropValues
          fact={props.fact}
          name={test.name}
          values={test.in ?? []}
          onChange={(v) => onChange({ ...test, in: v })}
        />
      ) : null}
      {way === "contains" || way === "not_contains" ? (
        <Select
          mode="tags"
          size="small"
          aria-label={t("segments.prop.words")}
          placeholder={t("segments.prop.words")}
          open={false}
          suffixIcon={null}
          value={test.contains ?? []}
          onChange={(v) => onChange({ ...test, contains: v })}
          style={{ minWidth: 160, maxWidth: 320 }}
        />
      ) : null}
      {way === "number" ? (
        <RangeField
          label={test.name}
          range={{ min: test.min, max: test.max }}
          onChange={({ min, max }) => onChange({ name: test.name, min, max })}
        />
      ) : null}
      <Button
        size="small"
        type="text"
        icon={<CloseOutlined />}
        aria-label={t("segments.where.drop", { name: test.name || t("segments.where.props") })}
        onClick={props.onDrop}
      />
    </span>
  );
}

/** The name of a property: one that such facts have, the most frequent first, or any other. */
export function PropName(props: { fact: string | undefined; name: string; onChange: (name: string) => void }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const known = $api.useQuery(
    "get",
    "/api/v1/segments/properties",
    { params: { query: { fact: props.fact ?? "" } } },
    { enabled: Boolean(props.fact), staleTime: 60_000, meta: { quiet: true } },
  );
  const types = (of: readonly string[]) =>
    of.map((type) => t(`segments.prop.type.${type}`)).join(t("segments.words.list"));
  return (
    <AutoComplete
      size="small"
      aria-label={t("segments.prop.name")}
      placeholder={t("segments.prop.name")}
      value={props.name}
      status={props.name === "" ? "warning" : undefined}
      onChange={props.onChange}
      showSearch={{ filterOption: (q, o) => (o?.value ?? "").toLowerCase().includes(q.toLowerCase()) }}
      popupMatchSelectWidth={280}
      style={{ width: 144 }}
      options={(known.data?.items ?? []).map((p) => ({ value: p.name, types: p.types, count: p.count }))}
      optionRender={(o) => (
        <span className="segments-word">
          <span>{String(o.value)}</span>
          <span className="hs-secondary hs-num">
            {types(o.data.types)} {formatCount(o.data.count, language)}
          </span>
        </span>
      )}
    />
  );
}

/** Values that a property has, the most frequent first; others can be typed. */
function PropValues(props: {
  fact: string | undefined;
  name: string;
  values: readonly string[];
  onChange: (values: string[]) => void;
}) {
  const { t } = useTranslation();
  const { language } = useReader();
  const [q, setQ] = useState("");
  const [open, setOpen] = useState(false);
  const words = $api.useQuery(
    "get",
    "/api/v1/segments/properties/values",
    { params: { query: { fact: props.fact ?? "", property: props.name, q: q || undefined, limit: 50 } } },
    {
      enabled: open && Boolean(props.fact) && props.name !== "",
      placeholderData: keepPreviousData,
      staleTime: 60_000,
      meta: { quiet: true },
    },
  );
  return (
    <Select
      mode="tags"
      size="small"
      aria-label={t("segments.prop.values")}
      placeholder={t("segments.field.values")}
      value={[...props.values]}
      onChange={props.onChange}
      onOpenChange={setOpen}
      loading={words.isFetching}
      showSearch={{ onSearch: setQ, filterOption: false }}
      maxTagCount="responsive"
      popupMatchSelectWidth={260}
      style={{ minWidth: 176, maxWidth: 360 }}
      options={(words.data?.items ?? []).map((w) => ({ value: w.text, label: w.text, count: w.count }))}
      optionRender={(o) => (
        <span className="segments-word">
          <span>{String(o.value)}</span>
          <span className="hs-secondary hs-num">
            {typeof o.data.count === "number" ? formatCount(o.data.count, language) : ""}
          </span>
        </span>
      )}
    />
  );
}

/** Two decimals, either of which may be left empty. */
export function RangeField(props: { label: string; range: Bounds; onChange: (range: Bounds) => void }) {
  const { t } = useTranslation();
  const side = (which: "min" | "max") => (
    <InputNumber
      size="small"
      aria-label={`${props.label} ${t(`segments.bound.${which}`)}`}
      placeholder={t(`segments.bound.${which}`)}
      value={props.range[which] ?? null}
      onChange={(n) =>
        props.onChange({ ...props.range, [which]: typeof n === "number" ? Math.round(n * 1e4) / 1e4 : undefined })
      }
      style={{ width: 88 }}
    />
  );
  return (
    <>
      {side("min")}
      <span>{t("segments.field.between")}</span>
      {side("max")}
    </>
  );
}
