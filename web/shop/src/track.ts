import { api, queries, type Schema } from "./api";
import { allowed, answer, refuses, said } from "./consent";
import { keep, kept, secret } from "./kept";

/*
 * What the pages of the store tell of what is looked at, as Segment's HTTP API takes it. Read when the browser has nothing else to
 * do: it watches the address and the answers that pages got anyway, so no page waits for it, and none knows of it. Orders, payments,
 * coupons and what signed-in customers put into their carts are not told here: the server says those itself, once.
 */

type Props = Record<string, unknown>;
type Goods = Schema<"ShopGoods">;
type Line = Schema<"ShopCartLine">;

const base = "/shop";
const most = 100; // events that wait while there is no network

/** Lets this browser be told of from now on, or not; then what named it and what waits is forgotten too. */
export function allow(yes: boolean) {
  answer(yes);
  if (yes && writeKey) {
    start();
  } else if (yes) {
    void begin().catch(() => undefined); // nothing was learnt while the answer was no
  } else {
    device = "";
    waiting = [];
  }
}

let asks = false; // the store asks before anything is told
let device = "";
let writeKey = "";
let waiting: Props[] = [];
let timer = 0;
let arriving = true; // nothing was told since the page was opened

/** The name that this browser tells under; unguessable, since who signs in takes over what it told. */
function name(): string {
  device ||= kept("hs.device") || secret();
  keep("hs.device", device);
  return device;
}

const tell = (event: string, properties: Props) => add({ type: "track", event, properties });

function add(message: Props) {
  if (!allowed(asks) || waiting.length >= most) {
    return;
  }
  waiting.push({
    ...message,
    anonymousId: name(),
    messageId: secret(),
    timestamp: new Date().toISOString(),
    context: arriving ? arrival() : { page: { url: location.href, title: document.title } },
  });
  arriving = false;
  timer ||= window.setTimeout(() => send(false), 2000);
}

/** How she came here: the address that she opened and what it names, and the site that led to it. The server keeps the first and the last. */
function arrival(): Props {
  const url = performance.getEntriesByType("navigation")[0]?.name ?? location.href;
  const campaign: Props = {};
  for (const [key, value] of new URL(url).searchParams) {
    if (key.startsWith("utm_") && value) {
      campaign[key === "utm_campaign" ? "name" : key.slice(4)] = value;
    }
  }
  return { page: { url, referrer: document.referrer, title: document.title }, campaign };
}

/** Sends what waits; a page that is left hands it to the browser. What could not be sent waits on. */
async function send(leaving: boolean) {
  window.clearTimeout(timer);
  timer = 0;
  if (!waiting.length || !writeKey) {
    return;
  }
  const batch = waiting.splice(0, 50);
  const body = JSON.stringify({ writeKey, sentAt: new Date().toISOString(), batch });
  const sent = leaving
    ? navigator.sendBeacon("/v1/batch", body)
    : await fetch("/v1/batch", { method: "POST", body, headers: { "Content-Type": "text/plain" }, credentials: "omit" })
        .then(async (r) => {
          await r.arrayBuffer(); // an answer that nobody reads keeps its connection
          return r.ok || (r.status < 500 && r.status !== 429);
        })
        .catch(() => false);
  if (!sent) {
    waiting = [...batch, ...waiting].slice(0, most);
    timer ||= window.setTimeout(() => send(false), 20_000);
  } else if (waiting.length && !leaving) {
    void send(false);
  }
}

const answered = <T>(path: string) => queries.getQueryData<T>(["get", path]);

/** The answer about goods, if a page has it. */
function goods(id: string): Goods | undefined {
  const key = ["get", "/api/v1/shop/goods/{id}"];
  for (const [k, data] of queries.getQueriesData<Goods>({ queryKey: key })) {
    if (data?.id === id && JSON.stringify(k).includes(id)) {
      return data;
    }
  }
  return undefined;
}

function category(id: string): string | undefined {
  return answered<{ items: { id: string; name: string }[] }>("/api/v1/shop/categories")?.items.find((c) => c.id === id)
    ?.name;
}

const yuan = (fen: number) => fen / 100;
const line = (l: Line, quantity = l.quantity) => ({
  sku: l.sku.code,
  product_id: l.goods,
  name: l.name,
  price: yuan(l.sku.price_fen),
  quantity,
});

let place = "";
let query = "";
let wanted = ""; // goods whose page is shown and whose answer is not here yet

/** The address has changed, or an answer has come: tells the page, and the goods on it. */
function look() {
  const path = location.pathname.slice(base.length) || "/";
  if (place !== path) {
    place = path;
    const [first = "home", id = ""] = path.split("/").filter(Boolean);
    add({ type: "page", name: first, properties: { path: location.pathname } });
    wanted = first === "p" ? decodeURIComponent(id) : "";
    if (first === "checkout") {
      const lines = (answered<{ items: Line[] }>("/api/v1/shop/cart")?.items ?? []).filter((l) => l.chosen && l.sold);
      if (lines.length) {
        tell("Checkout Started", { products: lines.map((l) => line(l)) });
      }
    }
  }
  const q = new URLSearchParams(location.search).get("q") ?? "";
  if (q !== query) {
    query = q;
    if (q) {
      tell("Products Searched", { query: q });
    }
  }
  const shown = wanted && goods(wanted);
  if (shown) {
    wanted = "";
    const sku = shown.skus?.[0];
    tell("Product Viewed", {
      sku: sku?.code,
      product_id: shown.id,
      name: shown.title,
      category: category(shown.category),
      price: yuan(sku?.price_fen ?? shown.price_fen),
    });
  }
}

const cart = new Map<string, number>();

/** Answers that say more than the address: lists of goods, and what a guest puts into her cart. */
function hear(path: string, key: readonly unknown[], data: unknown) {
  if (path === "/api/v1/shop/goods") {
    const items = ((data as { pages?: { items: Goods[] }[] }).pages ?? [data as { items: Goods[] }])[0]?.items ?? [];
    const query = (key[2] as { params?: { query?: Props } } | undefined)?.params?.query;
    tell("Product List Viewed", {
      list_id: String(query?.category ?? query?.sort ?? "all"),
      products: items.slice(0, 20).map((g) => ({ product_id: g.id, name: g.title, price: yuan(g.price_fen) })),
    });
  }
  if (path === "/api/v1/shop/cart") {
    for (const l of (data as { items: Line[] }).items) {
      const more = l.quantity - (cart.get(l.sku.code) ?? 0);
      if (more > 0 && known === null && counted) {
        tell("Guest Cart Added", line(l, more)); // when she signs in, the server tells that it is in her cart
      }
      cart.set(l.sku.code, l.quantity);
    }
    counted = true;
  }
}

let counted = false; // what lay in the cart before is known
let known: string | null | undefined; // who is signed in, as far as this page told the server

/** Whoever signs in: what was looked at on this browser before is hers. */
function recognise(me: Schema<"ShopMe"> | null | undefined) {
  if (me === undefined) {
    return;
  }
  const who = me ? me.phone || me.name || "?" : null;
  if (who !== null && known !== who && kept("hs.known") !== `${name()} ${who}` && allowed(asks)) {
    void send(false).then(async () => {
      const { response } = await api.POST("/api/v1/shop/tracking/device", { body: { device: name() } });
      if (response.ok) {
        keep("hs.known", `${name()} ${who}`);
      }
    });
  }
  known = who;
}

/** Learns whether the store is told of, and whether people are asked first. */
async function begin() {
  const { data } = await api.GET("/api/v1/shop/tracking");
  writeKey = data?.write_key ?? "";
  asks = data?.ask ?? false;
  if (allowed(asks)) {
    start();
  } else if (writeKey && asks && said() === "") {
    const { question } = await import("./question");
    question(allow);
  }
}

let started = false;

/** Begins to watch what the pages show; once. */
function start() {
  if (!writeKey || started) {
    return;
  }
  started = true;
  counted = !kept("hs.guest");
  const seen = new WeakSet<object>();
  for (const [key, data] of queries.getQueriesData({ queryKey: ["get"] })) {
    if (data && typeof data === "object") {
      seen.add(data);
      hear(String(key[1]), key, data);
    }
  }
  recognise(queries.getQueryData(["me"]));
  look();
  queries.getQueryCache().subscribe((e) => {
    const data = e.query.state.data;
    if (e.type !== "updated" || e.action.type !== "success") {
      return;
    }
    if (e.query.queryKey[0] === "me") {
      recognise(data as Schema<"ShopMe"> | null);
    } else if (data && typeof data === "object" && !seen.has(data)) {
      seen.add(data);
      hear(String(e.query.queryKey[1]), e.query.queryKey, data);
      look();
    }
  });
  // The pages' own word for a new address, and the browser's for going back.
  window.addEventListener("huoshui:place", look);
  window.addEventListener("popstate", look);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") {
      void send(true);
    }
  });
  window.addEventListener("pagehide", () => void send(true));
  void send(false);
}

if (!refuses() && said() !== "no") {
  void begin().catch(() => undefined); // a store that cannot be told of still sells
}
