import type { Schema } from "@huoshui/api";
import { formatMoney, formatPercent, type Language } from "@huoshui/ui";
import type { TFunction } from "i18next";

export type Tag = Schema<"Tag">;
export type Carried = Schema<"TagCarried">;

const hues: Record<string, string> = {
  water: "var(--hs-water)",
  ink: "var(--hs-ink-2)",
  vip: "var(--hs-layer-vip)",
  potential: "var(--hs-layer-potential)",
  new: "var(--hs-layer-new)",
  silent: "var(--hs-layer-silent)",
  lost: "var(--hs-layer-lost)",
  amber: "var(--hs-amber)",
  red: "var(--hs-red)",
};

/** The names of the colours a tag may have. */
export const colours = Object.keys(hues);

/** A tag's colour. */
export function hueOf(colour: string | undefined): string {
  return hues[colour ?? "water"] ?? "var(--hs-water)";
}

/** Why somebody carries a tag, in words. */
export function whyText(t: TFunction, language: Language, why: Schema<"TagWhy"> | undefined): string {
  if (!why) {
    return t("tags.why.unknown");
  }
  const code = why.code === "belief" && why.text ? "belief_said" : why.code;
  return t(`tags.why.${code}`, {
    defaultValue: why.code,
    value: why.value ?? "",
    days: why.days ?? 0,
    count: why.count ?? 0,
    text: why.text ?? "",
    share: formatPercent(why.share ?? 0, language, 0),
    fen: formatMoney(why.fen ?? 0, language),
  });
}
