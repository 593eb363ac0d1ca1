import { formatCount, formatMoney } from "@huoshui/ui/format";
import { pictureURL, type Schema } from "../api";
import { language, pick, say } from "../i18n";
import { Link } from "../router";
import * as both from "../words/common";

const words = pick(both);

/** An amount, its fen smaller than its yuan. */
export function Price({ fen, from, large }: { fen: number; from?: boolean; large?: boolean }) {
  const [yuan, cents] = formatMoney(fen, language).split(".");
  return (
    <span className={large ? "price large" : "price"}>
      {yuan}
      <small>.{cents}</small>
      {from && <i> {words.from}</i>}
    </span>
  );
}

/** An amount as plain text. */
export const money = (fen: number) => formatMoney(fen, language);

/** A struck-through price, told as such to who listens. */
export function Was({ fen }: { fen: number }) {
  return (
    <s className="was">
      <span className="hidden">{say(words.was, { v: money(fen) })}</span>
      <span aria-hidden="true">{money(fen)}</span>
    </s>
  );
}

/** A square picture, fetched in the width it is shown in; goods without one show the beginning of their name. */
export function Picture(props: {
  id: string;
  /** What can be seen; empty where the name stands beside it. */
  alt: string;
  /** What it is a picture of, for goods without one. */
  name: string;
  /** The width it is shown in, as in an img's sizes. */
  sizes: string;
  /** Fetched at once: it is what one sees first. */
  eager?: boolean;
}) {
  if (!props.id) {
    const word = [...props.name].slice(0, 2).join("");
    return (
      <div className="picture none" data-hue={hue(props.name)}>
        {props.alt && <span className="hidden">{props.alt}</span>}
        <b aria-hidden="true">{word}</b>
      </div>
    );
  }
  return (
    <img
      className="picture"
      src={pictureURL(props.id, 480)}
      srcSet={widths.map((w) => `${pictureURL(props.id, w)} ${w}w`).join(", ")}
      sizes={props.sizes}
      width={480}
      height={480}
      alt={props.alt}
      loading={props.eager ? "eager" : "lazy"}
      fetchPriority={props.eager ? "high" : "auto"}
      decoding="async"
    />
  );
}

const widths = [160, 480, 960];

function hue(name: string): number {
  let sum = 0;
  for (const c of name) {
    sum += c.codePointAt(0) ?? 0;
  }
  return sum % 4;
}

/** Goods on a shelf: the whole card leads to them. */
export function GoodsCard(props: { goods: Schema<"ShopGoods">; eager?: boolean; sizes?: string }) {
  const { goods, eager, sizes = "(min-width: 480px) 232px, 50vw" } = props;
  return (
    <Link to={`/p/${goods.id}`} className="card">
      <Picture id={goods.picture} alt="" name={goods.title} sizes={sizes} eager={eager} />
      <span className="card-title">{goods.title}</span>
      <span className="card-foot">
        <Price fen={goods.price_fen} />
        {goods.sold > 0 && <small>{say(words.sold, { n: formatCount(goods.sold, language) })}</small>}
      </span>
    </Link>
  );
}

/** A shelf of two columns; grey cards while it is asked for. */
export function Shelf({ goods, eager = 0 }: { goods?: readonly Schema<"ShopGoods">[]; eager?: number }) {
  return (
    <div className="shelf">
      {goods
        ? goods.map((g, i) => <GoodsCard key={g.id} goods={g} eager={i < eager} />)
        : Array.from({ length: 6 }, (_, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
            <div key={i} className="card" aria-hidden="true">
              <div className="picture skeleton" />
              <div className="skeleton line" />
              <div className="skeleton line short" />
            </div>
          ))}
    </div>
  );
}
