import { useEffect, useState } from "react";
import { Picture, Price, Was } from "../components/goods";
import { pick, say } from "../i18n";
import { Link } from "../router";
import * as both from "../words/blocks";
import type { Around, Block, Page, Sale } from "./kinds";
import { Title } from "./parts";

const words = pick(both);

/** How far the reader's clock is behind the store's, by the page that said so. */
const skews = new WeakMap<Page, number>();

function skewOf(page: Page): number {
  const known = skews.get(page) ?? (page.now ? Date.parse(page.now) - Date.now() : 0);
  skews.set(page, known);
  return known;
}

/** The store's time, second by second. */
function useNow(page: Page): number {
  const skew = skewOf(page);
  const [now, setNow] = useState(() => Date.now() + skew);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now() + skew), 1000);
    return () => clearInterval(timer);
  }, [skew]);
  return now;
}

/** Flash sales that run, then those to begin, with honest time and units left. */
export function Flash({ block, page }: { block: Block } & Around) {
  const now = useNow(page);
  const sales = (block.sales ?? []).filter((s) => Date.parse(s.ends_at) > now);
  return block.flash && sales.length > 0 ? (
    <section>
      <Title text={block.flash.title || words.flash} />
      <ul className="cards list flash">
        {sales.map((s) => (
          <One key={s.id} sale={s} now={now} />
        ))}
      </ul>
    </section>
  ) : null;
}

function One({ sale, now }: { sale: Sale; now: number }) {
  const starts = Date.parse(sale.starts_at);
  const begun = starts <= now;
  const taken = sale.units > 0 ? 1 - sale.left / sale.units : 1;
  return (
    <li>
      <Link to={`/p/${encodeURIComponent(sale.goods)}`} className="card">
        <Picture id={sale.picture} alt="" name={sale.title} sizes="112px" />
        <span className="card-words">
          <span className="card-title">{sale.title}</span>
          <span className="count-down" data-soon={!begun || undefined}>
            {begun ? words.ends : words.starts}{" "}
            <span role="timer">{ticking((begun ? Date.parse(sale.ends_at) : starts) - now)}</span>
          </span>
          <span className="card-foot">
            <Price fen={sale.price_fen} />
            {sale.was_fen > sale.price_fen && <Was fen={sale.was_fen} />}
          </span>
          <span className="left">
            <progress value={taken} max={1} aria-hidden="true" />
            <small>{sale.left > 0 ? say(words.left, { n: sale.left }) : words.gone}</small>
            <small className="end">{say(words.each, { n: sale.per_person })}</small>
          </span>
        </span>
      </Link>
    </li>
  );
}

/** So many milliseconds in words. */
export function ticking(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  const values = { d: Math.floor(s / 86400), h: Math.floor(s / 3600) % 24, m: Math.floor(s / 60) % 60, s: s % 60 };
  return say(values.d > 0 ? words.ticking_days : words.ticking, values);
}
