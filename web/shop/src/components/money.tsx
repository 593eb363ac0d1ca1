import { formatMoneyShort } from "@huoshui/ui/format";
import type { Schema } from "../api";
import { language, pick, say } from "../i18n";
import * as both from "../words/money";
import { money } from "./goods";

const words = pick(both);

type Values = Schema<"PricingValues">;

/** 8800 ten-thousandths to pay are 8.8 折, or 88%. */
function rateText(rate: number): string {
  return String(Number((rate / (language === "zh" ? 1000 : 100)).toFixed(2)));
}

function fill(text: string, v: Values): string {
  const short = (fen: number | undefined) => formatMoneyShort(fen ?? 0, language);
  return say(text, {
    rate: rateText(v.rate ?? 10_000),
    threshold: short(v.threshold_fen),
    off: short(v.off_fen),
    paid: short(v.price_fen),
    missing: money(v.missing_fen ?? 0),
    units: v.units ?? 0,
    times: v.times ?? 1,
    points: v.points ?? 0,
  });
}

/** Why something was taken off, in words. */
export function reason(applied: Schema<"PricingApplied">): string {
  const code = applied.code.replace("price.", "");
  const all: Record<string, string> = words.price;
  const any = code === "coupon_full" && !applied.values.threshold_fen ? "coupon_full_any" : code;
  return fill(all[any] ?? words.price.other, applied.values);
}

/** Why a coupon cannot be used, in words. */
export function refusal(code: string, values: Values): string {
  const all: Record<string, string> = words.coupon;
  return fill(all[code.replace("coupon.", "")] ?? words.coupon.other, values);
}

/** What a coupon gives, in words. */
export function gives(c: Schema<"PricingCoupon">): string {
  const all: Record<string, string> = words.gives;
  const key = c.kind === "coupon_full" && !c.threshold_fen ? "coupon_full_any" : c.kind;
  return fill(all[key] ?? "", { rate: c.rate, threshold_fen: c.threshold_fen, off_fen: c.off_fen });
}

/** What an order costs, line by line, each with its reason. */
export function Sums({ quote, refunded = 0 }: { quote: Schema<"PricingQuotation">; refunded?: number }) {
  const balance = quote.gift_fen + quote.principal_fen;
  const saved = quote.applied.reduce((sum, a) => sum + a.fen, 0);
  return (
    <dl className="sums">
      <dt>{words.list}</dt>
      <dd>{money(quote.list_fen)}</dd>
      {quote.applied
        .filter((a) => a.fen > 0)
        .map((a) => [
          <dt key={`${a.rule}${a.code}`}>{reason(a)}</dt>,
          <dd key={`${a.rule}${a.code} fen`} className="minus">
            {money(-a.fen)}
          </dd>,
        ])}
      <dt>{words.freight}</dt>
      <dd>
        {!quote.freight.known
          ? words.freight_unknown
          : quote.freight.list_fen > 0
            ? money(quote.freight.list_fen)
            : words.freight_free}
      </dd>
      <dt className="total">{words.total}</dt>
      <dd className="total">
        {saved > 0 && <span className="saved">{say(words.saved, { v: money(saved) })}</span>} {money(quote.total_fen)}
      </dd>
      {(quote.deposit_fen ?? 0) > 0 && (
        <>
          <dt>{words.deposit}</dt>
          <dd className="minus">{money(-(quote.deposit_fen ?? 0))}</dd>
          <dt>{words.tail}</dt>
          <dd>{money(quote.total_fen - (quote.deposit_fen ?? 0))}</dd>
        </>
      )}
      {balance > 0 && (
        <>
          <dt>{words.balance}</dt>
          <dd>{money(balance)}</dd>
          <dt>{words.cash}</dt>
          <dd>{money(quote.cash_fen)}</dd>
        </>
      )}
      {refunded > 0 && (
        <>
          <dt>{words.refunded}</dt>
          <dd>{money(refunded)}</dd>
        </>
      )}
    </dl>
  );
}
