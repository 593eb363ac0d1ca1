import { formatCount } from "@huoshui/ui/format";
import { Picture, Price, Was } from "../components/goods";
import { language, pick, say } from "../i18n";
import { Link } from "../router";
import * as blockWords from "../words/blocks";
import * as common from "../words/common";
import type { Around, Block, Card } from "./kinds";
import { Title } from "./parts";

const words = pick(blockWords);
const shared = pick(common);

type Layout = NonNullable<Block["goods"]>["layout"];

const sizes: Record<Layout, string> = {
  two: "(min-width: 480px) 232px, 50vw",
  three: "(min-width: 480px) 152px, 33vw",
  list: "112px",
  row: "132px",
};

/** Goods in one of four layouts. */
export function Goods({ block, first }: { block: Block } & Around) {
  const spec = block.goods;
  return spec && block.cards?.length ? (
    <section>
      <Title text={spec.title} more={spec.more} />
      <Cards cards={block.cards} layout={spec.layout} eager={first ? 2 : 0} />
    </section>
  ) : null;
}

/** Goods this person is likely to want, each with why; guests see what sells best. */
export function Recommended({ block, page }: { block: Block } & Around) {
  const cards = page.mine?.recommended?.[block.id] ?? block.cards;
  return block.recommended && cards?.length ? (
    <section>
      <Title text={block.recommended.title || words.recommended} />
      <Cards cards={cards} layout="two" eager={0} />
    </section>
  ) : null;
}

function Cards({ cards, layout, eager }: { cards: Card[]; layout: Layout; eager: number }) {
  return (
    <ul className={`cards ${layout}`}>
      {cards.map((c, i) => (
        <li key={c.id}>
          <Link to={`/p/${encodeURIComponent(c.id)}`} className="card">
            <Picture id={c.picture} alt="" name={c.title} sizes={sizes[layout]} eager={i < eager} />
            <span className="card-words">
              <span className="card-title">{c.title}</span>
              {layout === "list" && c.subtitle && <span className="small">{c.subtitle}</span>}
              {c.reason && <span className="reason">{say(words.why[c.reason], { v: c.because ?? "" })}</span>}
              <span className="card-foot">
                <Price fen={c.price_fen} from={!c.sku} />
                {c.market_fen > 0 && layout !== "three" && layout !== "row" && <Was fen={c.market_fen} />}
                {c.left === 0 ? (
                  <small className="out">{words.sold_out}</small>
                ) : (
                  c.sold > 0 &&
                  layout !== "three" &&
                  layout !== "row" && <small>{say(shared.sold, { n: formatCount(c.sold, language) })}</small>
                )}
              </span>
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
