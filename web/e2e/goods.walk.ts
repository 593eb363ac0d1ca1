import { describe, expect, it } from "vitest";
import { walking } from "./walk";

interface Sale {
  id: string;
  number: string;
  state: string;
  refunded_fen: number;
  codes?: { code: string }[];
}

describe("goods from their specs to the shelf, and an order from sending to a part of its money back", () => {
  const walk = walking();
  const json = async <T>(method: "get" | "post" | "put", path: string, data?: object, key?: string): Promise<T> => {
    const answer = await walk.page.request[method](walk.url + path, {
      data,
      headers: key ? { "Idempotency-Key": key } : {},
    });
    expect(answer.ok(), `${method} ${path}: ${await answer.text()}`).toBe(true);
    return (answer.status() === 204 ? undefined : await answer.json()) as T;
  };
  const sku = { code: "" };

  it("makes goods with two tastes and puts them on sale", async () => {
    const { page } = walk;
    await walk.visit("/console/goods");
    await page.getByText("嗅闻垫").first().waitFor();
    await walk.look("goods");
    await page.getByRole("button", { name: "新建商品" }).click();
    await page.getByRole("heading", { level: 1, name: "新建商品" }).waitFor();
    await page.getByRole("textbox", { name: "商品名称" }).fill("三拼冻干");
    await page.getByRole("button", { name: "添加规格" }).click();
    await page.getByRole("textbox", { name: "规格名，如口味" }).fill("口味");
    const values = page.getByRole("combobox", { name: "输入一个值按回车，可粘贴多个" });
    for (const taste of ["鸡肉", "三文鱼"]) {
      await values.fill(taste);
      await values.press("Enter");
    }
    await page.getByRole("spinbutton", { name: "批量填售价" }).fill("59.9");
    await page.getByRole("spinbutton", { name: "批量填成本" }).fill("29.95");
    await page.getByRole("button", { name: "填到全部 2 个规格" }).click();
    await page.getByText("50.0%").first().waitFor();
    await walk.look("goods-new");
    await page.getByRole("button", { name: "保存并上架" }).click();
    await page.getByRole("heading", { level: 1, name: "三拼冻干" }).waitFor();
    await page.getByText("在售", { exact: true }).waitFor();
    sku.code = await page.getByRole("textbox", { name: "规格编码 鸡肉" }).inputValue();
    await page.getByRole("tab", { name: "库存" }).click();
    await page.getByRole("spinbutton", { name: "件数" }).fill("20");
    await page.getByRole("button", { name: "记录库存变动" }).click();
    await page.getByText("+20").waitFor();
    await walk.look("goods-stock");
  });

  it("sends an order and gives one of two units back, with what comes back shown before", async () => {
    const { page } = walk;
    const phone = "13900003690";
    await json("post", "/api/v1/shop/code", { phone });
    const sms = await json<{ text: string }>("get", `/api/v1/demo/sms?phone=${phone}`);
    await json("post", "/api/v1/shop/session", { phone, code: /\d{4,8}/.exec(sms.text)?.[0] ?? "" });
    const wish = {
      lines: [{ sku: sku.code, quantity: 2 }],
      address: { name: "王女士", phone, region: "440300", place: "广东省深圳市", street: "一路 1 号" },
    };
    const seen = await json<{ quote: { total_fen: number } }>("post", "/api/v1/shop/preview", wish);
    const sale = await json<Sale>(
      "post",
      "/api/v1/shop/orders",
      { ...wish, total_fen: seen.quote.total_fen },
      "walk-goods-order-1",
    );
    const till = await json<{ simulated: string }>("post", `/api/v1/shop/orders/${sale.id}/pay`, {
      method: "wechat_native",
    });
    await page.request.post(new URL(till.simulated, walk.url).toString());
    const state = async () => (await json<Sale>("get", `/api/v1/store/orders/${sale.id}`)).state;
    await expect.poll(state, { timeout: 60_000 }).toBe("paid");
    await walk.visit("/console/orders");
    await page.getByText(sale.number).first().click();
    await page.getByText("时间线").waitFor();
    await walk.look("order");
    await page.getByRole("button", { name: "发货", exact: true }).click();
    await page.getByRole("textbox", { name: "快递公司", exact: true }).fill("顺丰");
    await page.getByRole("textbox", { name: "快递单号", exact: true }).fill("SF1234567890");
    await page.getByRole("button", { name: "发货", exact: true }).last().click();
    await page.getByText("顺丰 SF1234567890").first().waitFor();
    await page.getByRole("button", { name: "退款", exact: true }).click();
    await page.getByRole("spinbutton", { name: "退几件：三拼冻干 鸡肉" }).fill("1");
    await page.getByText("合计退回").waitFor();
    await walk.look("order-refund");
    await page.getByRole("button", { name: "退 ¥59.90" }).click();
    await page.getByText("× 1", { exact: true }).first().waitFor();
    await expect.poll(async () => (await json<Sale>("get", `/api/v1/store/orders/${sale.id}`)).refunded_fen).toBe(5990);
  });

  it("hands an order out by its pickup code", async () => {
    const { page } = walk;
    const rules = await json<object>("get", "/api/v1/store/rules");
    await json("put", "/api/v1/store/rules", { ...rules, pickup: "南山店，海德一道 1 号" });
    const wish = {
      lines: [{ sku: sku.code, quantity: 1 }],
      pickup: true,
      address: { name: "王女士", phone: "13900003690", region: "", place: "", street: "" },
    };
    const seen = await json<{ quote: { total_fen: number } }>("post", "/api/v1/shop/preview", wish);
    const sale = await json<Sale>(
      "post",
      "/api/v1/shop/orders",
      { ...wish, total_fen: seen.quote.total_fen },
      "walk-goods-order-2",
    );
    const till = await json<{ simulated: string }>("post", `/api/v1/shop/orders/${sale.id}/pay`, {
      method: "wechat_native",
    });
    await page.request.post(new URL(till.simulated, walk.url).toString());
    const mine = async () => json<Sale>("get", `/api/v1/shop/orders/${sale.id}`);
    await expect.poll(async () => (await mine()).state, { timeout: 60_000 }).toBe("paid");
    await walk.visit("/console/orders");
    await page.getByRole("button", { name: "核销" }).click();
    await page
      .getByRole("searchbox")
      .or(page.getByPlaceholder("输入或扫描顾客出示的 12 位码"))
      .first()
      .fill((await mine()).codes?.[0]?.code ?? "");
    await page.getByRole("button", { name: "查看" }).click();
    await page.getByText("自提码").waitFor();
    await walk.look("order-code");
    await page.getByRole("button", { name: "交付商品" }).click();
    await page.getByText("已交付，订单完成").waitFor();
  });

  it("shows flash sales, the picking list and the rules of the store", async () => {
    const { page } = walk;
    await walk.visit("/console/flash-sales");
    await page.getByText("一元秒杀").first().waitFor();
    await walk.look("flash", { live: true });
    await walk.visit("/console/orders/picking");
    await walk.look("picking");
    await walk.visit("/console/settings/store");
    await page.getByText("付款时限").waitFor();
    await walk.look("store-rules");
  });
});
