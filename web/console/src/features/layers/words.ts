import type { Schema } from "@huoshui/api";
import { formatCount, formatMoneyShort, type Language } from "@huoshui/ui";
import type { TFunction } from "i18next";

export type Definition = Schema<"LayerDefinition">;
export type Overview = Schema<"LayerOverview">;
export type Count = Schema<"LayerCount">;
export type Result = Schema<"LayerResult">;

/** Stages in the order of life. */
export const stageCodes = ["new", "growing", "mature", "silent", "at_risk", "lost"] as const;

/** What a layer is, in one sentence with the numbers of the definition. */
export function layerWhy(t: TFunction, language: Language, code: string, d: Definition, highSpend?: number): string {
  const money = (fen: number) => formatMoneyShort(fen, language);
  const { vip, potential, new: fresh } = d.layers;
  switch (code) {
    case "vip":
      return t(vip.by === "amount" ? "layers.layer_why.vip_amount" : "layers.layer_why.vip_top", {
        days: vip.window_days,
        amount: money(vip.by === "amount" ? vip.min_spent_fen : (highSpend ?? 0)),
        percent: vip.top_percent,
        orders: vip.min_orders,
        recent: vip.max_no_order_days,
      });
    case "potential":
      return t("layers.layer_why.potential", { min: potential.min_orders, max: potential.max_orders });
    case "new":
      return t("layers.layer_why.new", { days: fresh.days, orders: fresh.max_orders });
    case "silent":
      return t("layers.layer_why.silent", {
        order: d.lifecycle.silent_no_order_days,
        contact: d.lifecycle.silent_no_contact_days,
      });
    default:
      return t("layers.layer_why.lost", { days: d.lifecycle.lost_after_days });
  }
}

/** What a stage is, with the numbers of the definition. */
export function stageWhy(t: TFunction, code: string, d: Definition): string {
  const l = d.lifecycle;
  return t(`layers.stage_why.${code}`, {
    from: l.growing_from_days,
    to: l.growing_to_days,
    order: l.silent_no_order_days,
    contact: l.silent_no_contact_days,
    risk: l.at_risk_days,
    lost: l.lost_after_days,
  });
}

/** What a flag is, with the numbers of the definition. */
export function flagWhy(t: TFunction, language: Language, code: string, d: Definition): string {
  switch (code) {
    case "active":
      return t("layers.flag_why.active", { days: d.activity.days, visits: d.activity.visits });
    case "pseudo_high_value":
      return t("layers.flag_why.pseudo_high_value", {
        days: d.layers.vip.pseudo_no_contact_days,
        gap: d.layers.vip.pseudo_gap_factor,
      });
    case "call_first":
      return t("layers.flag_why.call_first", {
        amount: formatMoneyShort(d.layers.silent.first_monthly_fen, language),
        days: d.layers.silent.first_no_order_days,
      });
    default:
      return t("layers.flag_why.churn_warning", { days: d.lifecycle.warn_no_order_days });
  }
}

/** The ranges of a column's scores 1–5, from its four breaks; integers, so "14–33" is above 13.8 up to 33. */
export function ranges(breaks: readonly number[], write: (n: number) => string, reversed = false): string[] {
  const [a = 0, b = 0, c = 0, d = 0] = breaks.map((x) => Math.floor(x));
  const between = (low: number, high: number) =>
    high < low ? "—" : high === low ? write(high) : `${write(low)}–${write(high)}`;
  const all = [`≤ ${write(a)}`, between(a + 1, b), between(b + 1, c), between(c + 1, d), `> ${write(d)}`];
  return reversed ? all.reverse() : all;
}

/** The ranges of R, F and M scores in words; index 0 is score 1. */
export function scoreRanges(cuts: Result["cuts"], language: Language): { r: string[]; f: string[]; m: string[] } {
  const count = (n: number) => formatCount(n, language);
  return {
    r: ranges(cuts.recency_days, count, true),
    f: ranges(cuts.frequency, count),
    m: ranges(
      cuts.monetary_fen.map((fen) => fen / 100),
      (n) => `¥${formatCount(n, language)}`,
    ),
  };
}

/** The count of one code in a list. */
export function of(list: readonly Count[], code: string): Count {
  return list.find((c) => c.code === code) ?? { code, people: 0, value_fen: 0 };
}

/** The sum of a column. */
export function total(list: readonly Count[], column: "people" | "value_fen"): number {
  return list.reduce((sum, c) => sum + c[column], 0);
}
