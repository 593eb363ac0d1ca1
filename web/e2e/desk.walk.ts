import { describe, expect, it } from "vitest";
import { walking } from "./walk";

interface Goods {
  id: string;
  title: string;
  skus: { code: string }[];
}
interface Pairs {
  pairs: { a: { id: string; goods: boolean }; b: { id: string; goods: boolean; name: string } }[];
}

describe("what operators set and try around the store", () => {
  const walk = walking();
  const json = async <T>(method: "get" | "post" | "put", path: string, data?: object, key?: string): Promise<T> => {
    const answer = await walk.page.request[method](walk.url + path, {
      data,
      headers: key ? { "Idempotency-Key": key } : {},
    });
    expect(answer.ok(), `${method} ${path}: ${await answer.text()}`).toBe(true);
    return (answer.status() === 204 ? undefined : await answer.json()) as T;
  };

  it("fills recommended goods in from baskets, and the store shows them", async () => {
    const { page } = walk;
    const found = await json<Pairs>("get", "/api/v1/product-analytics/pairs?firm=true&limit=100");
    const pair = found.pairs.find((p) => p.a.goods && p.b.goods);
    expect(pair).toBeDefined();
    const id = pair?.a.id ?? "";
    await json("put", `/api/v1/goods/${id}/pairs`, { pairs: [] });
    await walk.visit(`/console/goods/${id}?tab=pairs`);
    await page.getByRole("button", { name: "从购物篮关联填入" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("提升度").first().waitFor();
    await walk.look("goods-pairs-fill");
    await dialog.getByRole("button", { name: /填入 \d+ 件/ }).click();
    await page.getByRole("button", { name: "保存搭配" }).click();
    await page.getByText("搭配已保存").waitFor();
    const shown = await json<{ pairs?: Goods[] }>("get", `/api/v1/shop/goods/${id}`);
    expect(shown.pairs?.some((g) => g.id === pair?.b.id)).toBe(true);
  });

  it("says what goes with what, and tries a cart", async () => {
    const { page } = walk;
    await walk.visit("/console/promotions/settings");
    const box = page.getByRole("checkbox", { name: "会员价 与 组合 不同享" });
    await box.check();
    await page.getByRole("button", { name: "保存规则" }).click();
    await page.getByText("已保存").waitFor();
    await walk.look("promotion-settings");
    await box.uncheck();
    await page.getByRole("button", { name: "保存规则" }).click();
    await expect.poll(() => page.getByRole("button", { name: "保存规则" }).isDisabled()).toBe(true);

    await walk.visit("/console/promotions/try");
    const add = page.getByRole("combobox", { name: "添加在售商品" });
    await add.fill("嗅闻垫");
    await page.locator(".ant-select-item-option", { hasText: "嗅闻垫" }).first().click();
    await page.getByRole("heading", { name: "逐行说明" }).waitFor();
    await page.getByRole("spinbutton", { name: /件数/ }).fill("20");
    await page
      .getByText(/满 .* 减/)
      .first()
      .waitFor();
    await walk.look("promotion-try");
  });

  it("opens an after-sale case for a customer", async () => {
    const { page } = walk;
    const phone = "13900004826";
    await json("post", "/api/v1/shop/code", { phone });
    const sms = await json<{ text: string }>("get", `/api/v1/demo/sms?phone=${phone}`);
    await json("post", "/api/v1/shop/session", { phone, code: /\d{4,8}/.exec(sms.text)?.[0] ?? "" });
    const goods = await json<{ items: Goods[] }>("get", "/api/v1/goods?status=on&kind=physical&limit=1");
    const sku = goods.items[0]?.skus[0]?.code ?? "";
    const address = { name: "顾清", phone, region: "330106", place: "浙江省 杭州市 西湖区", street: "一路 1 号" };
    const wish = { lines: [{ sku, quantity: 2 }], address };
    const quote = (await json<{ quote: { total_fen: number } }>("post", "/api/v1/shop/preview", wish)).quote;
    const sale = await json<{ id: string }>(
      "post",
      "/api/v1/shop/orders",
      { ...wish, total_fen: quote.total_fen },
      "walk-case-for-customer",
    );
    const cashier = await json<{ simulated: string }>("post", `/api/v1/shop/orders/${sale.id}/pay`, {
      method: "wechat_native",
    });
    await walk.page.request.post(walk.url + cashier.simulated);
    await walk.visit(`/console/orders/${sale.id}`);
    await page.getByRole("button", { name: "代客申请售后" }).click();
    const dialog = page.getByRole("dialog");
    const units = dialog.getByRole("spinbutton").first();
    await units.fill("1");
    await units.press("Tab");
    await dialog.getByRole("combobox", { name: "原因" }).click();
    await page.locator(".ant-select-item-option", { hasText: "不想要了" }).click();
    await walk.look("sale-case");
    await dialog.getByRole("button", { name: "提交申请" }).click();
    await page.getByText("已提交售后单").waitFor();
    const options = await json<{ cases: { reason: string }[] }>("get", `/api/v1/store/orders/${sale.id}/after-sale`);
    expect(options.cases.map((c) => c.reason)).toEqual(["not_wanted"]);
  });

  it("pays in WeChat by its bridge, which asks the simulated WeChat Pay", async () => {
    const { page, url } = walk;
    const goods = await json<{ items: Goods[] }>("get", "/api/v1/goods?status=on&kind=physical&limit=1");
    const sku = goods.items[0]?.skus[0]?.code ?? "";
    const context = page.context();
    await context.addInitScript(() => {
      Object.defineProperty(navigator, "userAgent", { get: () => "Mozilla/5.0 (iPhone) MicroMessenger/8.0.50" });
      (window as unknown as { WeixinJSBridge: unknown }).WeixinJSBridge = {
        invoke: (_: string, given: { package: string }, hear: (a: { err_msg: string }) => void) => {
          const prepay = given.package.replace("prepay_id=", "");
          void fetch(`/sim/cashier/${encodeURIComponent(prepay)}`, { method: "POST" }).then((r) =>
            hear({ err_msg: `get_brand_wcpay_request:${r.ok ? "ok" : "fail"}` }),
          );
        },
      };
    });
    // She signs in by WeChat, so that the server knows the openid she pays under.
    await page.request.delete(`${url}/api/v1/shop/session`);
    await page.goto(`${url}/api/v1/shop/wechat?to=${encodeURIComponent("/shop/me")}`);
    await page.locator("input[name=nickname]").fill("走一圈");
    await page.locator("button.new").click();
    await page.getByRole("heading", { name: "我的订单" }).waitFor();
    const address = {
      name: "顾清",
      phone: "13900004827",
      region: "330106",
      place: "浙江省 杭州市 西湖区",
      street: "一路 1 号",
    };
    const wish = { lines: [{ sku, quantity: 1 }], address };
    const quote = (await json<{ quote: { total_fen: number } }>("post", "/api/v1/shop/preview", wish)).quote;
    const sale = await json<{ id: string }>(
      "post",
      "/api/v1/shop/orders",
      { ...wish, total_fen: quote.total_fen },
      "walk-pays-in-wechat",
    );
    await page.goto(`${url}/shop/pay/${sale.id}`);
    await page.getByRole("button", { name: "用微信支付" }).click();
    await page.getByText("付款成功").waitFor();
  });
});
