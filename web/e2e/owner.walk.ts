import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { walking } from "./walk";

interface Sale {
  id: string;
  state: string;
  quote: { lines: { key: string; sku: string }[]; total_fen: number };
}

type Method = "get" | "post" | "put" | "delete";
type Operation = { "x-permission"?: string };

const api = JSON.parse(readFileSync(join(import.meta.dirname, "../../api/openapi.json"), "utf8")) as {
  paths: Record<string, Partial<Record<Method, Operation>>>;
};

const picture = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

/** A customer with a browser of her own, without a window. */
class Buyer {
  private cookie = "";
  constructor(
    private readonly url: string,
    private readonly guest = "",
  ) {}

  async call(method: string, path: string, body?: unknown, key = "") {
    const raw = body instanceof Buffer;
    const answer = await fetch(this.url + path, {
      method: method.toUpperCase(),
      headers: {
        ...(raw ? { "Content-Type": "image/png" } : body ? { "Content-Type": "application/json" } : {}),
        ...(this.cookie ? { Cookie: this.cookie } : {}),
        ...(this.guest ? { "X-Guest": this.guest } : {}),
        ...(key ? { "Idempotency-Key": key } : {}),
      },
      body: raw ? new Uint8Array(body) : body ? JSON.stringify(body) : undefined,
    });
    const set = answer.headers.get("set-cookie");
    if (set) {
      this.cookie = set.split(";")[0] ?? "";
    }
    const text = await answer.text();
    return { status: answer.status, text };
  }

  async ok<T>(method: Method, path: string, body?: unknown, key = ""): Promise<T> {
    const { status, text } = await this.call(method, path, body, key);
    expect(status, `${method} ${path}: ${text}`).toBeLessThan(300);
    return (text ? JSON.parse(text) : undefined) as T;
  }
}

describe("what is hers is hers alone", () => {
  const walk = walking();
  let anne: Buyer;
  let eve: Buyer;
  const ids = { address: "", unpaid: "", paid: "", key: "", case: "", photo: "", review: "", booking: "" };
  const address = { name: "王女士", phone: "13900007711", region: "440300", place: "深圳市", street: "一路 1 号" };

  const enter = async (phone: string) => {
    const who = new Buyer(walk.url);
    await who.ok("post", "/api/v1/shop/code", { phone });
    const sms = await walk.page.request.get(`${walk.url}/api/v1/demo/sms?phone=${phone}`);
    const code = /\d{4,8}/.exec(((await sms.json()) as { text: string }).text)?.[0] ?? "";
    await who.ok("post", "/api/v1/shop/session", { phone, code });
    return who;
  };
  const staff = async (path: string, data?: object) => {
    const answer = await walk.page.request.post(walk.url + path, { data });
    expect(answer.ok(), `${path}: ${await answer.text()}`).toBe(true);
    return answer;
  };

  it("buys, keeps an address, asks for a refund and says how it was", async () => {
    anne = await enter("13900007711");
    eve = await enter("13900007712");
    ids.address = (await anne.ok<{ id: string }>("post", "/api/v1/shop/addresses", address)).id;
    const shelf = await anne.ok<{ items: { id: string; kind: string }[] }>("get", "/api/v1/shop/goods?limit=50");
    let sku = "";
    let of = "";
    for (const g of shelf.items.filter((one) => one.kind === "physical" || one.kind === "consumable")) {
      const goods = await anne.ok<{ skus: { code: string; free: number }[] }>("get", `/api/v1/shop/goods/${g.id}`);
      sku = goods.skus.find((s) => s.free >= 4)?.code ?? "";
      if (sku) {
        of = g.id;
        break;
      }
    }
    const wish = { lines: [{ sku, quantity: 2 }], address };
    const seen = await anne.ok<{ quote: { total_fen: number } }>("post", "/api/v1/shop/preview", wish);
    const order = (key: string) =>
      anne.ok<Sale>("post", "/api/v1/shop/orders", { ...wish, total_fen: seen.quote.total_fen }, key);
    ids.unpaid = (await order("owner-walk-unpaid-order")).id;
    const sale = await order("owner-walk-paid-order");
    [ids.paid, ids.key] = [sale.id, sale.quote.lines[0]?.key ?? ""];
    const till = await anne.ok<{ simulated: string }>("post", `/api/v1/shop/orders/${sale.id}/pay`, {
      method: "wechat_native",
    });
    await anne.call("post", till.simulated);
    await expect
      .poll(async () => (await anne.ok<Sale>("get", `/api/v1/shop/orders/${sale.id}`)).state, { timeout: 60_000 })
      .toBe("paid");
    await staff(`/api/v1/store/orders/${sale.id}/ship`, { carrier: "顺丰", tracking: "SF1234567891" });
    await anne.ok("post", `/api/v1/shop/orders/${sale.id}/received`);
    ids.photo = (await anne.ok<{ id: string }>("post", "/api/v1/shop/photos", picture)).id;
    const said = { stars: 5, text: "很好", tags: [], pictures: [], anonymous: false, consent: false };
    ids.review = (
      await anne.ok<{ id: string }>("put", `/api/v1/shop/orders/${sale.id}/lines/${ids.key}/review`, said)
    ).id;
    ids.booking = await books(of, sku);
    const asked = {
      sale: sale.id,
      kind: "return",
      lines: [{ key: ids.key, sku, quantity: 1 }],
      reason: "quality",
      pictures: [ids.photo],
    };
    ids.case = (await anne.ok<{ id: string }>("post", "/api/v1/shop/after-sale", asked, "owner-walk-case-asked")).id;
  });

  /** Anne books a unit of a presale that staff make for it. */
  const books = async (goods: string, sku: string) => {
    const business = await walk.page.request.get(`${walk.url}/api/v1/business`);
    const now = Date.parse(((await business.json()) as { now: string }).now);
    const at = (hours: number) => new Date(now + hours * 3_600_000).toISOString();
    const made = await staff("/api/v1/presales", {
      name: "走一圈归属",
      goods,
      items: [{ sku, price_fen: 100, deposit_fen: 10, worth_fen: 20, units: 5 }],
      keep: true,
      per_person: 1,
      starts_at: at(0),
      ends_at: at(24),
      tail_starts_at: at(24),
      tail_ends_at: at(48),
      ship_by: at(72),
    });
    const presale = (await made.json()) as { id: string };
    const seen = (await (await staff(`/api/v1/presales/${presale.id}/publish`)).json()) as { version: number };
    const wish = { presale: presale.id, sku, units: 1, agreed: true, version: seen.version, deposit_fen: 10 };
    const booked = await anne.ok<{ id: string }>("post", "/api/v1/shop/presale-bookings", wish, "owner-walk-presale");
    await staff(`/api/v1/presales/${presale.id}/open-tail`); // its SKU is free for other presales
    return booked.id;
  };

  it("another customer and a guest reach none of it, by any route", async () => {
    const mine: Record<string, { path: string; body?: unknown; says?: number }> = {
      "put /api/v1/shop/addresses/{id}": { path: ids.address, body: address },
      "delete /api/v1/shop/addresses/{id}": { path: ids.address, says: 204 }, // of hers there is none, as after a second click
      "get /api/v1/shop/after-sale/{id}": { path: ids.case },
      "post /api/v1/shop/after-sale/{id}/steps": { path: ids.case, body: { step: "cancel" } },
      "get /api/v1/shop/orders/{id}": { path: ids.paid },
      "get /api/v1/shop/orders/{id}/after-sale": { path: ids.paid },
      "post /api/v1/shop/orders/{id}/close": { path: ids.unpaid },
      "post /api/v1/shop/orders/{id}/pay": { path: ids.unpaid, body: { method: "wechat_native" } },
      "post /api/v1/shop/orders/{id}/received": { path: ids.paid },
      "put /api/v1/shop/orders/{sale}/lines/{key}/review": {
        path: ids.paid,
        body: { stars: 1, text: "x", tags: [], pictures: [], anonymous: false, consent: false },
      },
      "get /api/v1/shop/photos/{id}": { path: ids.photo },
      "get /api/v1/shop/presale-bookings/{id}": { path: ids.booking },
      "post /api/v1/shop/presale-bookings/{id}/cancel": { path: ids.booking },
      "post /api/v1/shop/presale-bookings/{id}/pay": { path: ids.booking, body: { method: "wechat_native" } },
      "post /api/v1/shop/reviews/{id}/follow": { path: ids.review, body: { text: "x" } },
    };
    // Named by what everybody may name: goods, coupons that are open, flash sales, and groups that are shared.
    const everybodys = [
      "/api/v1/shop/cart/{sku}",
      "/api/v1/shop/coupons/{id}/claim",
      "/api/v1/shop/flash/{id}/room",
      "/api/v1/shop/groups/{id}",
      "/api/v1/shop/launches/{id}/reservation",
    ];
    const before = await state();
    const guest = new Buyer(walk.url, "guestguestguestguestguest");
    let tried = 0;
    for (const [path, operations] of Object.entries(api.paths)) {
      for (const [method, operation] of Object.entries(operations)) {
        const who = operation["x-permission"];
        if (!path.includes("{") || (who !== "customer" && who !== "customer or guest") || everybodys.includes(path)) {
          continue;
        }
        const hers = mine[`${method} ${path}`];
        expect(hers, `${method} ${path}: whose is it? Say so here`).toBeDefined();
        const at = path.replace("{key}", ids.key).replace(/\{[^}]*\}/, hers?.path ?? "");
        const answer = await eve.call(method, at, hers?.body, "eve-eve-eve-eve-eve");
        expect.soft(answer.status, `${method} ${path} as another: ${answer.text}`).toBe(hers?.says ?? 404);
        const stranger = await guest.call(method, at, hers?.body, "eve-eve-eve-eve-eve");
        expect.soft(stranger.status, `${method} ${path} as a guest: ${stranger.text}`).toBe(401);
        tried++;
      }
    }
    expect(tried).toBe(Object.keys(mine).length);
    expect(await state(), "nothing of hers has changed").toEqual(before);
    const lists = ["addresses", "after-sale", "orders", "reviews", "groups", "presale-bookings"];
    for (const list of lists) {
      expect.soft((await eve.ok<{ items: unknown[] }>("get", `/api/v1/shop/${list}`)).items, list).toEqual([]);
    }
  });

  it("her own words about money are ignored or refused", async () => {
    const shelf = await eve.ok<{ items: { id: string }[] }>("get", "/api/v1/shop/goods?limit=1");
    const goods = await eve.ok<{ skus: { code: string }[] }>("get", `/api/v1/shop/goods/${shelf.items[0]?.id}`);
    const wish = { lines: [{ sku: goods.skus[0]?.code, quantity: 1 }], address };
    const order = (change: object) =>
      eve.call(
        "post",
        "/api/v1/shop/orders",
        { ...wish, ...change },
        `eve-wants-it-cheap-${JSON.stringify(change).length}`,
      );
    expect((await order({ total_fen: 1 })).status).toBe(409);
    expect((await order({ total_fen: 1, price_fen: 1 })).status).toBe(422);
    expect((await order({ total_fen: 1, lines: [{ sku: wish.lines[0]?.sku, quantity: -1 }] })).status).toBe(422);
    expect((await order({ total_fen: 0, balance_fen: -100 })).status).toBe(422);
    expect((await order({ total_fen: 1, coupons: ["cou_of_somebody_else"] })).status).toBe(409);
  });

  /** What she would see changed. */
  const state = async () => [
    await anne.ok("get", "/api/v1/shop/addresses"),
    (await anne.ok<Sale>("get", `/api/v1/shop/orders/${ids.unpaid}`)).state,
    (await anne.ok<Sale>("get", `/api/v1/shop/orders/${ids.paid}`)).state,
    (await anne.ok<{ state: string }>("get", `/api/v1/shop/after-sale/${ids.case}`)).state,
    await anne.ok("get", "/api/v1/shop/reviews"),
    (await anne.ok<{ state: string }>("get", `/api/v1/shop/presale-bookings/${ids.booking}`)).state,
  ];
});
