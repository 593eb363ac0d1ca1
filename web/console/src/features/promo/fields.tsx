import { Why } from "@huoshui/ui";
import { type Division, divisions, wayTo } from "@huoshui/ui/divisions";
import { useQuery } from "@tanstack/react-query";
import { InputNumber, Select, TreeSelect } from "antd";
import { type ReactNode, useMemo } from "react";
import { useTranslation } from "react-i18next";

/** A labelled field of a form. */
export function Field(props: { label: string; why?: string; children: ReactNode }) {
  return (
    <div className="promo-field">
      <span className="promo-label">
        {props.label}
        {props.why ? <Why>{props.why}</Why> : null}
      </span>
      <div className="promo-inputs">{props.children}</div>
    </div>
  );
}

/** An amount of yuan, kept as fen; empty is 0. */
export function Yuan(props: {
  label: string;
  fen: number | undefined;
  onChange: (fen: number) => void;
  empty?: string;
}) {
  return (
    <InputNumber
      aria-label={props.label}
      prefix="¥"
      min={0}
      max={90_000_000_000}
      precision={2}
      placeholder={props.empty}
      value={props.empty && !props.fen ? null : (props.fen ?? 0) / 100}
      onChange={(n) => props.onChange(Math.round((n ?? 0) * 100))}
    />
  );
}

/** A whole number; empty is 0. */
export function Whole(props: {
  label: string;
  n: number | undefined;
  onChange: (n: number) => void;
  max?: number;
  suffix?: string;
  empty?: string;
}) {
  return (
    <InputNumber
      aria-label={props.label}
      min={0}
      max={props.max ?? 1_000_000_000}
      precision={0}
      suffix={props.suffix}
      placeholder={props.empty}
      value={props.empty && !props.n ? null : (props.n ?? 0)}
      onChange={(n) => props.onChange(n ?? 0)}
    />
  );
}

/** A rate as per cent that remain to be paid, kept in ten-thousandths. */
export function Rate(props: { label: string; rate: number | undefined; onChange: (rate: number) => void }) {
  const { t } = useTranslation();
  return (
    <InputNumber
      aria-label={props.label}
      min={0.01}
      max={99.99}
      precision={2}
      suffix={t("promo.pay_pct")}
      value={(props.rate ?? 0) / 100 || null}
      onChange={(n) => props.onChange(Math.round((n ?? 0) * 100))}
    />
  );
}

/** A list of codes that are typed. */
export function Codes(props: {
  label: string;
  value: string[] | undefined;
  onChange: (list: string[]) => void;
  hint?: string;
}) {
  return (
    <Select
      mode="tags"
      aria-label={props.label}
      className="promo-codes"
      placeholder={props.hint}
      tokenSeparators={[",", "，", "、", ";", " "]}
      open={false}
      suffixIcon={null}
      value={props.value ?? []}
      onChange={props.onChange}
    />
  );
}

/** The administrative divisions of China, once they are there. */
export function useDivisions(): readonly Division[] {
  const all = useQuery({ queryKey: ["divisions"], queryFn: divisions, staleTime: Number.POSITIVE_INFINITY });
  return useMemo(() => all.data ?? [], [all.data]);
}

interface Node {
  value: string;
  title: string;
  children?: Node[];
}

const nodes = (all: readonly Division[]): Node[] =>
  all.map((d) => ({
    value: d.code,
    title: d.name,
    ...(d.children.length > 0 ? { children: nodes(d.children) } : {}),
  }));

/** The name of a division by its code; one that is not known stays a code. */
export const divisionName = (all: readonly Division[], code: string): string => {
  const last = wayTo(all, code).at(-1);
  return last?.code === code.replace(/(00)+$/, "") ? last.name : code;
};

/** Provinces, cities and districts, by the beginnings of their codes. */
export function Divisions(props: {
  label: string;
  value: string[] | undefined;
  hint: string;
  onChange: (codes: string[]) => void;
}) {
  const all = useDivisions();
  const tree = useMemo(() => nodes(all), [all]);
  return (
    <TreeSelect
      aria-label={props.label}
      className="promo-codes"
      placeholder={props.hint}
      treeCheckable
      showCheckedStrategy={TreeSelect.SHOW_PARENT}
      showSearch={{ treeNodeFilterProp: "title" }}
      allowClear
      loading={tree.length === 0}
      treeData={tree}
      value={props.value ?? []}
      onChange={props.onChange}
    />
  );
}

/** One district, city or province, by its code. */
export function OneDivision(props: {
  label: string;
  value: string | undefined;
  empty: string;
  onChange: (code: string | undefined) => void;
}) {
  const all = useDivisions();
  const tree = useMemo(() => nodes(all), [all]);
  return (
    <TreeSelect
      aria-label={props.label}
      style={{ width: 220 }}
      placeholder={props.empty}
      showSearch={{ treeNodeFilterProp: "title" }}
      allowClear
      treeData={tree}
      value={props.value}
      onChange={(code?: string) => props.onChange(code)}
    />
  );
}
