import type { Schema } from "../api";
import { pick, say } from "../i18n";
import { Link } from "../router";
import * as both from "../words/checkout";
import { money, Picture, Price } from "./goods";

const words = pick(both);

/** The lines of an order: what, how many, at what price, and what they come to. */
export function SaleLines({
  lines,
  quote,
}: {
  lines: readonly Schema<"CheckoutLine">[];
  quote: Schema<"PricingQuotation">;
}) {
  return (
    <ul>
      {lines.map((l, i) => {
        const priced = quote.lines.find((q) => q.key === l.key) ?? quote.lines[i];
        return (
          <li key={l.key} className="line">
            <Link to={`/p/${l.goods}`} className="line-picture" tabIndex={-1} aria-hidden="true">
              <Picture id={l.picture} alt="" name={l.name} sizes="80px" />
            </Link>
            <div className="grow">
              <Link to={`/p/${l.goods}`} className="line-name">
                {l.name}
              </Link>
              {priced && (
                <div className="line-foot">
                  <span className="muted">
                    {say(words.each, { price: money(priced.unit_fen), n: priced.quantity })}
                  </span>
                  <Price fen={priced.pay_fen} />
                </div>
              )}
            </div>
          </li>
        );
      })}
    </ul>
  );
}
