import { formatCount } from "@huoshui/ui/format";
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from "react";
import { $api, pictureURL, problemOf, type Schema } from "../api";
import { useCart, usePut } from "../cart";
import { canBe } from "../choice";
import { clockText, present, tellTime, useLeft } from "../clock";
import { Stepper } from "../components/Field";
import { GoodsCard, money, Picture, Price, Was } from "../components/goods";
import { Icon, Screen } from "../components/Screen";
import { Sheet } from "../components/Sheet";
import { Empty, ErrorState, Skeleton, Trouble } from "../components/states";
import { language, pick, say } from "../i18n";
import { go, Link, type Params } from "../router";
import * as both from "../words/product";

const words = pick(both);
const Reserve = lazy(() => import("../components/Reserve"));

type Goods = Schema<"ShopGoods">;
type SKU = Schema<"ShopSKU">;
type Flash = Schema<"ShopFlash">;

/** Goods: pictures, price and why, choices, what they are, and at the bottom the way to buy them. */
export default function Product({ params }: { params: Params }) {
  const asked = $api.useQuery("get", "/api/v1/shop/goods/{id}", { params: { path: { id: params.id ?? "" } } });
  const goods = asked.data;
  if (asked.isError && problemOf(asked.error).status === 404) {
    return (
      <Screen title={words.title} up="/">
        <Empty title={words.gone} why={words.gone_why}>
          <Link to="/categories" className="primary">
            {words.see_more}
          </Link>
        </Empty>
      </Screen>
    );
  }
  if (asked.isError) {
    return (
      <Screen title={words.title} up="/">
        <ErrorState error={asked.error} again={() => void asked.refetch()} />
      </Screen>
    );
  }
  return goods ? (
    <Shown goods={goods} />
  ) : (
    <Screen title={words.title} up="/" busy>
      <div className="picture skeleton" />
      <Skeleton lines={5} />
    </Screen>
  );
}

/** The flash sale that is on, or comes next, of the chosen SKU, or of any while none is chosen. */
function flashOf(goods: Goods, sku: SKU | undefined): Flash | undefined {
  return goods.flash?.find((f) => (!sku || f.sku === sku.code) && f.left > 0 && Date.parse(f.ends_at) > present());
}

const isOn = (f: Flash) => Date.parse(f.starts_at) <= present();

function Shown({ goods }: { goods: Goods }) {
  const skus = goods.skus ?? [];
  const [choice, setChoice] = useState<(string | undefined)[]>(
    () => (skus.length === 1 ? skus[0]?.choice : goods.specs?.map(() => undefined)) ?? [],
  );
  const [quantity, setQuantity] = useState(1);
  const [open, setOpen] = useState<"add" | "buy">();
  const [told, setTold] = useState(false);
  const units = useCart().units;
  const put = usePut();
  const cart = useCart();
  useMemo(() => tellTime(goods.flash?.[0]?.now), [goods.flash]);

  const sku = skus.find((s) => s.choice.every((v, i) => v === choice[i]));
  const flash = flashOf(goods, sku);
  const sold = skus.every((s) => s.free <= 0);
  const most = Math.max(1, sku?.free ?? 1);

  useEffect(() => {
    if (told) {
      const timer = setTimeout(() => setTold(false), 2500);
      return () => clearTimeout(timer);
    }
  }, [told]);

  const missing = goods.specs?.find((_, i) => !choice[i])?.name;
  const act = (what: "add" | "buy") => {
    if (!sku) {
      return;
    }
    if (what === "buy" && flash?.room && flash.sku === sku.code && isOn(flash)) {
      go(`/flash/${flash.id}`);
      return;
    }
    if (what === "buy") {
      go(`/checkout?sku=${encodeURIComponent(sku.code)}&n=${quantity}`);
      return;
    }
    const had = cart.lines.find((l) => l.sku.code === sku.code)?.quantity ?? 0;
    put.mutate(
      { sku: sku.code, quantity: Math.min(had + quantity, Math.max(sku.free, had)), chosen: true },
      {
        onSuccess: () => {
          setOpen(undefined);
          setTold(true);
        },
      },
    );
  };

  return (
    <Screen
      title={goods.title}
      up="/"
      bar={
        <>
          <Link to="/cart" className="icon" aria-label={`${words.cart} ${units || ""}`}>
            <Icon name="cart" />
            {units > 0 && (
              <b className="badge" aria-hidden="true">
                {units > 99 ? "99+" : units}
              </b>
            )}
          </Link>
          {sold ? (
            <button type="button" className="primary grow" disabled>
              {words.out}
            </button>
          ) : (
            <>
              <button type="button" className="second grow" onClick={() => setOpen("add")}>
                {words.add}
              </button>
              <button type="button" className="primary grow" onClick={() => setOpen("buy")}>
                {words.buy}
              </button>
            </>
          )}
        </>
      }
    >
      <Gallery goods={goods} />
      <section className="panel offer">
        <Cost goods={goods} sku={sku} flash={flash} />
        <h2 className="goods-title">{goods.title}</h2>
        {goods.subtitle && <p className="muted">{goods.subtitle}</p>}
        {goods.sold > 0 && <p className="small">{say(words.sold, { n: formatCount(goods.sold, language) })}</p>}
      </section>
      <Suspense>
        <Reserve goods={goods.id} />
      </Suspense>
      <Together goods={goods.id} />
      <Presales goods={goods.id} />
      {(goods.points?.length ?? 0) > 0 && (
        <section className="panel" aria-label={words.points}>
          <ul className="points">
            {goods.points?.map((p) => (
              <li key={p}>
                <Icon name="check" />
                {p}
              </li>
            ))}
          </ul>
        </section>
      )}
      <section className="panel slim">
        <button type="button" className="row" onClick={() => setOpen(open ?? "add")} disabled={sold}>
          <span className="muted">{missing || !sku ? words.choose : words.chosen}</span>
          <span className="grow">
            {[
              ...(sku && sku.choice.length > 0 ? sku.choice : (goods.specs?.map((s) => s.name) ?? [])),
              `× ${quantity}`,
            ].join(" · ")}
          </span>
          <Icon name="next" />
        </button>
      </section>
      <section className="panel slim">
        <Link to={`/p/${goods.id}/reviews`} className="row">
          <span className="grow">{words.reviews}</span>
          <Icon name="next" />
        </Link>
      </section>
      <section className="panel">
        <h2>{words.service}</h2>
        <p className="muted">{words.member_note}</p>
      </section>
      {(goods.detail?.length ?? 0) > 0 && (
        <section className="panel detail">
          <h2>{words.detail}</h2>
          {goods.detail?.map((b, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a description does not change while it is read
            <Block key={i} block={b} name={goods.title} />
          ))}
        </section>
      )}
      {(goods.pairs?.length ?? 0) > 0 && (
        <section className="beside" aria-labelledby="beside">
          <h2 id="beside">{words.beside}</h2>
          <ul>
            {goods.pairs?.map((g) => (
              <li key={g.id}>
                <GoodsCard goods={g} sizes="132px" />
              </li>
            ))}
          </ul>
        </section>
      )}
      <Sheet
        open={open !== undefined}
        title={words.choose}
        close={() => setOpen(undefined)}
        bar={
          <button
            type="button"
            className="primary wide"
            disabled={!sku || sku.free <= 0 || put.isPending}
            onClick={() => open && act(open)}
          >
            {missing
              ? say(words.pick_first, { what: missing })
              : sku && sku.free <= 0
                ? words.out
                : open === "buy"
                  ? words.buy
                  : words.add}
          </button>
        }
      >
        <div className="choosing">
          <Picture id={sku?.picture || goods.picture} alt="" name={goods.title} sizes="96px" />
          <div>
            <Cost goods={goods} sku={sku} flash={flash} short />
            <p className="small" aria-live="polite">
              {sku &&
                (sku.free <= 0 ? words.out : sku.free <= 20 ? say(words.stock_few, { n: sku.free }) : words.stock)}
            </p>
          </div>
        </div>
        {goods.specs?.map((spec, at) => (
          <fieldset key={spec.name} className="spec">
            <legend>{spec.name}</legend>
            <div className="chips">
              {spec.values.map((value) => (
                <button
                  key={value}
                  type="button"
                  className="chip"
                  aria-pressed={choice[at] === value}
                  disabled={!canBe(skus, choice, at, value)}
                  onClick={() => setChoice(choice.map((v, i) => (i === at ? (v === value ? undefined : value) : v)))}
                >
                  {value}
                </button>
              ))}
            </div>
          </fieldset>
        ))}
        <div className="row">
          <span className="grow">{words.how_many}</span>
          <Stepper value={Math.min(quantity, most)} most={most} name={goods.title} change={setQuantity} />
        </div>
        <Trouble error={put.error} />
      </Sheet>
      <div role="status">{told && <p className="tell">{words.added}</p>}</div>
    </Screen>
  );
}

/** The way to buy it with others, where that is offered. */
function Together({ goods }: { goods: string }) {
  const offers = $api.useQuery("get", "/api/v1/shop/group-offers");
  return offers.data?.items
    .filter((o) => o.goods === goods && o.open)
    .map((o) => (
      <section key={o.id} className="panel slim">
        <Link to={`/together/${o.id}`} className="row">
          <span className="grow">{say(words.together, { n: o.size, v: money(o.price_fen) })}</span>
          <span className="muted">{words.together_go}</span>
          <Icon name="next" />
        </Link>
      </section>
    ));
}

/** The way to book it before it is sent, where that is offered. */
function Presales({ goods }: { goods: string }) {
  const offers = $api.useQuery("get", "/api/v1/shop/presales", { params: { query: { goods } } });
  return offers.data?.items
    .filter((p) => p.state === "on" || p.state === "scheduled")
    .map((p) => {
      const first = [...p.skus].sort((a, b) => a.price_fen - b.price_fen)[0];
      return (
        first && (
          <section key={p.id} className="panel slim">
            <Link to={`/presales/${p.id}`} className="row">
              <span className="grow">
                {say(words.presale, {
                  v: money(first.price_fen),
                  d: money(first.deposit_fen),
                  w: money(first.worth_fen),
                })}
              </span>
              <span className="muted">{p.state === "on" ? words.presale_go : words.presale_soon}</span>
              <Icon name="next" />
            </Link>
          </section>
        )
      );
    });
}

/** What it costs, what is saved and why, and how long that lasts. */
function Cost({ goods, sku, flash, short }: { goods: Goods; sku?: SKU; flash?: Flash; short?: boolean }) {
  const left = useLeft(flash && (isOn(flash) ? flash.ends_at : flash.starts_at));
  const skus = goods.skus ?? [];
  const list = sku?.price_fen ?? goods.price_fen;
  const market = sku ? sku.market_fen : skus.length === 1 ? (skus[0]?.market_fen ?? 0) : 0;
  const many = !sku && new Set(skus.map((s) => s.price_fen)).size > 1;
  if (flash && left > 0 && isOn(flash)) {
    const usual = skus.find((s) => s.code === flash.sku)?.price_fen ?? list;
    return (
      <div className="cost">
        <p>
          <span className="flash-price">
            <Price fen={flash.price_fen} large />
          </span>{" "}
          <Was fen={usual} />{" "}
          <span className="saved">{say(words.saved_flash, { v: money(usual - flash.price_fen) })}</span>
        </p>
        <p className="flash-line">
          <b>{words.flash}</b> {words.ends} <span className="clock">{clockText(left)}</span>
          {!short && (
            <>
              {" · "}
              {say(words.left, { n: flash.left })} · {say(words.per_person, { n: flash.per_person })}
            </>
          )}
        </p>
      </div>
    );
  }
  return (
    <div className="cost">
      <p>
        <Price fen={list} large from={many} />
        {market > list && (
          <>
            {" "}
            <Was fen={market} /> <span className="saved">{say(words.saved_market, { v: money(market - list) })}</span>
          </>
        )}
      </p>
      {flash && left > 0 && (
        <p className="flash-line">
          {say(words.flash_soon, { v: money(flash.price_fen) })} · {words.starts}{" "}
          <span className="clock">{clockText(left)}</span>
        </p>
      )}
    </div>
  );
}

function Gallery({ goods }: { goods: Goods }) {
  const pictures = goods.pictures ?? [];
  const strip = useRef<HTMLUListElement>(null);
  const [at, setAt] = useState(0);
  if (pictures.length < 2) {
    return (
      <Picture
        id={pictures[0] ?? ""}
        alt={goods.title}
        name={goods.title}
        sizes="(min-width: 480px) 480px, 100vw"
        eager
      />
    );
  }
  return (
    <section className="gallery" aria-label={say(words.pictures, { n: pictures.length })}>
      <ul
        ref={strip}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the strip scrolls by the arrow keys
        tabIndex={0}
        onScroll={() => strip.current && setAt(Math.round(strip.current.scrollLeft / strip.current.clientWidth))}
      >
        {pictures.map((id, i) => (
          <li key={id}>
            <Picture
              id={id}
              alt={`${goods.title} ${say(words.picture, { i: i + 1, n: pictures.length })}`}
              name={goods.title}
              sizes="(min-width: 480px) 480px, 100vw"
              eager={i === 0}
            />
          </li>
        ))}
      </ul>
      <span className="gallery-at" aria-hidden="true">
        {at + 1}/{pictures.length}
      </span>
    </section>
  );
}

function Block({ block, name }: { block: Schema<"ShopBlock">; name: string }) {
  return (
    <>
      {block.picture && (
        <img
          src={pictureURL(block.picture, 960)}
          srcSet={`${pictureURL(block.picture, 480)} 480w, ${pictureURL(block.picture, 960)} 960w`}
          sizes="(min-width: 480px) 448px, 92vw"
          width={block.width || 960}
          height={block.height || 960}
          alt={block.text ? "" : name}
          loading="lazy"
          decoding="async"
        />
      )}
      {block.text && <p>{block.text}</p>}
    </>
  );
}
