import type { Schema } from "@huoshui/api";
import { formatCount, formatMoney, type Language } from "@huoshui/ui";
import type { TFunction } from "i18next";

export type View = Schema<"PromotionView">;
export type Draft = Schema<"PromoDraft">;
export type Kind = Draft["kind"];
export type Terms = Draft["terms"];
export type Gives = Schema<"PricingCoupon">;

/** Where offers of a kind live: coupons have their own page. */
export const homeOf = (kind: Kind): string => (kind === "coupon" ? "/coupons" : "/promotions");

/** A rate in ten-thousandths as people say it: 八八折, 12% off. */
export function rateText(rate: number, language: Language): string {
  if (language === "zh") {
    return `${rate / 1000} 折`;
  }
  return `${(10000 - rate) / 100}% off`;
}

function stepText(s: Schema<"PricingStep">, t: TFunction, language: Language): string {
  const from = s.from_units
    ? t("promo.say.units", { n: formatCount(s.from_units, language) })
    : formatMoney(s.from_fen ?? 0, language);
  return s.off_fen
    ? t("promo.say.off", { from, off: formatMoney(s.off_fen, language) })
    : t("promo.say.rate", { from, rate: rateText(s.rate ?? 10000, language) });
}

function couponText(g: Gives, t: TFunction, language: Language): string {
  const from = g.threshold_fen ? t("promo.say.from", { from: formatMoney(g.threshold_fen, language) }) : "";
  const cap = g.cap_fen ? t("promo.say.cap", { cap: formatMoney(g.cap_fen, language) }) : "";
  switch (g.kind) {
    case "coupon_full":
      return from + t("promo.say.full", { off: formatMoney(g.off_fen ?? 0, language) });
    case "coupon_discount":
      return from + rateText(g.rate ?? 10000, language) + cap;
    case "coupon_freight":
      return (
        from +
        (g.off_fen ? t("promo.say.freight_part", { off: formatMoney(g.off_fen, language) }) : t("promo.say.freight"))
      );
    default:
      return from + t("promo.say.gift", { n: formatCount(g.units || 1, language) }) + cap;
  }
}

/** What an offer promises, in one line. */
export function say(terms: Terms, t: TFunction, language: Language): string {
  if (terms.coupon) {
    return couponText(terms.coupon.gives, t, language);
  }
  if (terms.reduction) {
    const steps = terms.reduction.steps.map((s) => stepText(s, t, language)).join(t("promo.say.and"));
    return terms.reduction.each ? t("promo.say.each", { step: steps }) : steps;
  }
  if (terms.bundle) {
    const items = terms.bundle.items.map((i) => `${i.sku} × ${i.quantity}`).join(" + ");
    return t("promo.say.bundle", { items, price: formatMoney(terms.bundle.price_fen, language) });
  }
  if (terms.member) {
    const prices = Object.keys(terms.member.prices_fen ?? {}).length;
    return [
      terms.member.rate ? rateText(terms.member.rate, language) : "",
      prices ? t("promo.say.prices", { n: formatCount(prices, language) }) : "",
    ]
      .filter(Boolean)
      .join(t("promo.say.and"));
  }
  const f = terms.freight;
  return f ? t("promo.say.template", { by: t(`promo.by.${f.by}`), n: formatCount(f.regions.length, language) }) : "";
}

/** Where an offer stands at an instant. */
export function standing(p: View, now: number): "stopped" | "over" | "soon" | "on" {
  if (p.stopped) {
    return "stopped";
  }
  if (p.ends_at && Date.parse(p.ends_at) <= now) {
    return "over";
  }
  return p.starts_at && Date.parse(p.starts_at) > now ? "soon" : "on";
}

/** An empty draft of a kind. */
export function emptyDraft(kind: Kind): Draft {
  const terms: Record<Kind, Terms> = {
    coupon: {
      coupon: {
        gives: { kind: "coupon_full", threshold_fen: 10000, off_fen: 1000 },
        valid: { days: 30 },
        limits: { per_person: 1 },
        open: true,
      },
    },
    reduction: { reduction: { steps: [{ from_fen: 20000, off_fen: 2000 }] } },
    bundle: {
      bundle: {
        items: [
          { sku: "", quantity: 1 },
          { sku: "", quantity: 1 },
        ],
        price_fen: 0,
      },
    },
    member: { member: { rate: 9500 } },
    freight: {
      freight: { by: "piece", regions: [{ first: 1, first_fen: 800, more: 1, more_fen: 200, free_over_fen: 9900 }] },
    },
  };
  return { kind, name: "", note: "", terms: terms[kind] };
}

/** What a person may change of an offer. */
export function draftOf(p: View): Draft {
  return {
    kind: p.kind,
    name: p.name,
    note: p.note,
    starts_at: p.starts_at,
    ends_at: p.ends_at,
    terms: structuredClone(p.terms),
  };
}

/** The wall clock of a zone at an instant: YYYY-MM-DD HH:mm. */
export function wallOf(at: string | number, zone: string): string {
  return new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "short" }).format(
    new Date(at),
  );
}

/** The instant at which a zone's clock shows a time. */
export function instantOf(wall: string, zone: string): string {
  const shown = Date.parse(`${wall.replace(" ", "T")}:00Z`);
  let at = shown;
  for (let i = 0; i < 2; i++) {
    at += shown - Date.parse(`${wallOf(at, zone).replace(" ", "T")}:00Z`);
  }
  return new Date(at).toISOString();
}

/** Values as texts name them. */
function named(v: Schema<"PricingValues">, language: Language) {
  return {
    rate: rateText(v.rate ?? 10_000, language),
    threshold: formatMoney(v.threshold_fen ?? 0, language),
    off: formatMoney(v.off_fen ?? 0, language),
    missing: formatMoney(v.missing_fen ?? 0, language),
    units: formatCount(v.units ?? 0, language),
    times: formatCount(v.times ?? 1, language),
    points: formatCount(v.points ?? 0, language),
  };
}

/** Why something was taken off, in words. */
export function priceWhy(a: Schema<"PricingApplied">, t: TFunction, language: Language): string {
  const code = a.code.replace("price.", "");
  const any = code === "coupon_full" && !a.values.threshold_fen ? "coupon_full_any" : code;
  return t([`promo.price_why.${any}`, "promo.price_why.other"], named(a.values, language));
}

/** Why a coupon cannot be used, in words. */
export function couponWhy(code: string, v: Schema<"PricingValues">, t: TFunction, language: Language): string {
  return t([`promo.coupon_why.${code.replace("coupon.", "")}`, "promo.coupon_why.other"], named(v, language));
}
