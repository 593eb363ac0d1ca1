import { describe, expect, it } from "vitest";
import { walking } from "./walk";

/** What somebody writes who wants it obeyed. */
const hostile = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>{{name}} 味道很好`;

interface Sale {
  id: string;
  state: string;
  quote: { lines: { key: string; sku: string }[]; total_fen: number };
}

describe("after a sale: a return from the store to its refund, and a review", () => {
  const walk = walking();
  const phone = { width: 390, height: 844 };
  const desk = { width: 1440, height: 900 };
  let sale: Sale;

  const json = async <T>(method: "get" | "post" | "put", path: string, data?: object, key?: string): Promise<T> => {
    const answer = await walk.page.request[method](walk.url + path, {
      data,
      headers: key ? { "Idempotency-Key": key } : {},
    });
    expect(answer.ok(), `${method} ${path}: ${await answer.text()}`).toBe(true);
    return (answer.status() === 204 ? undefined : await answer.json()) as T;
  };

  it("buys, pays and receives", async () => {
    const { page } = walk;
    const number = "13900002468";
    await json("post", "/api/v1/shop/code", { phone: number });
    const sms = await json<{ text: string }>("get", `/api/v1/demo/sms?phone=${number}`);
    const code = /\d{4,8}/.exec(sms.text)?.[0] ?? "";
    await json("post", "/api/v1/shop/session", { phone: number, code });
    const shelf = await json<{ items: { id: string; kind: string }[] }>("get", "/api/v1/shop/goods?limit=50");
    let wish: object | undefined;
    for (const g of shelf.items.filter((one) => one.kind === "physical" || one.kind === "consumable")) {
      const goods = await json<{ skus: { code: string; free: number }[] }>("get", `/api/v1/shop/goods/${g.id}`);
      const sku = goods.skus.find((s) => s.free >= 2);
      if (sku) {
        wish = {
          lines: [{ sku: sku.code, quantity: 2 }],
          address: { name: "王女士", phone: number, region: "440300", place: "广东省深圳市", street: "一路 1 号" },
        };
        break;
      }
    }
    expect(wish, "something to buy").toBeDefined();
    const seen = await json<{ quote: { total_fen: number } }>("post", "/api/v1/shop/preview", wish);
    sale = await json<Sale>(
      "post",
      "/api/v1/shop/orders",
      { ...wish, total_fen: seen.quote.total_fen },
      "walk-after-sale-order",
    );
    const till = await json<{ simulated: string }>("post", `/api/v1/shop/orders/${sale.id}/pay`, {
      method: "wechat_native",
    });
    await page.request.post(new URL(till.simulated, walk.url).toString());
    await expect
      .poll(async () => (await json<Sale>("get", `/api/v1/shop/orders/${sale.id}`)).state, { timeout: 60_000 })
      .toBe("paid");
    await json("post", `/api/v1/store/orders/${sale.id}/ship`, { carrier: "顺丰", tracking: "SF1234567890" });
    await json("post", `/api/v1/shop/orders/${sale.id}/received`);
  });

  it("asks in the store to send one of two back", async () => {
    const { page } = walk;
    await page.setViewportSize(phone);
    await walk.visit(`/shop/orders/${sale.id}/back`);
    await page.getByRole("checkbox").first().check({ force: true });
    await page.getByRole("button", { name: "减一件" }).click();
    await page.getByRole("button", { name: /退货退款/ }).click();
    await page.getByRole("button", { name: "质量问题" }).click();
    await page.getByLabel("说明（选填）").fill("袋子破了，漏了一半");
    await page.locator("input[type=file]").setInputFiles({
      name: "broken.png",
      mimeType: "image/png",
      buffer: Buffer.from(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
        "base64",
      ),
    });
    await page.getByRole("button", { name: "去掉第 1 张图片" }).waitFor();
    await walk.look("shop-aftersale-ask");
    await page.getByRole("button", { name: "提交申请" }).click();
    await page.getByText("等店家审核").first().waitFor();
    await walk.look("shop-aftersale-requested", { live: true });
  });

  it("is agreed to in the console, sent back, received and refunded", async () => {
    const { page } = walk;
    await page.setViewportSize(desk);
    await walk.visit("/console/after-sale");
    await page.getByText("待审核 1").first().waitFor();
    await page
      .getByRole("row", { name: /质量问题/ })
      .first()
      .click();
    await page.getByText("袋子破了，漏了一半").waitFor();
    await page.getByRole("img", { name: "凭证 1" }).first().waitFor();
    await walk.look("aftersale-case", { live: true });
    await page.getByRole("button", { name: "同意，请顾客寄回" }).click();
    await page
      .getByRole("dialog", { name: "同意，请顾客寄回" })
      .getByRole("button", { name: "同意，请顾客寄回" })
      .click();
    await page.getByRole("button", { name: "确认收货并退款" }).waitFor();

    await page.setViewportSize(phone);
    await walk.visit("/shop/after-sale");
    await page
      .getByRole("link", { name: /请寄回商品/ })
      .first()
      .click();
    await page.getByRole("button", { name: "填写快递单号" }).click();
    await page.getByRole("textbox", { name: "快递公司" }).fill("中通");
    await page.getByRole("textbox", { name: "快递单号" }).fill("ZT987654321");
    await walk.look("shop-aftersale-send", { live: true });
    await page.getByRole("button", { name: "提交", exact: true }).click();
    await page.getByText("寄回途中").first().waitFor();

    await page.setViewportSize(desk);
    await walk.visit("/console/after-sale?state=sent");
    await page
      .getByRole("row", { name: /质量问题/ })
      .first()
      .click();
    await page.getByText("中通 ZT987654321").waitFor();
    await page.getByRole("button", { name: "确认收货并退款" }).click();
    await walk.look("aftersale-receive", { live: true });
    await page.getByRole("dialog", { name: "确认收货并退款" }).getByRole("button", { name: "确认收货并退款" }).click();
    await page.getByText("已退回").first().waitFor();
    await walk.look("aftersale-refunded", { live: true });

    await page.setViewportSize(phone);
    await walk.visit("/shop/after-sale");
    await page
      .getByRole("link", { name: /已退款/ })
      .first()
      .click();
    await page.getByText("钱已原路退回", { exact: false }).waitFor();
    await walk.look("shop-aftersale-refunded", { live: true });
  });

  it("is reviewed: what is written is only ever text", async () => {
    const { page } = walk;
    await page.setViewportSize(phone);
    await walk.visit("/shop/reviews");
    await page.getByRole("link", { name: "写评价" }).first().click();
    await page.getByRole("button", { name: "4 星" }).click();
    await page.getByRole("button", { name: "物流快" }).click();
    await page.getByLabel("说说使用感受（选填）").fill(hostile);
    await page.getByRole("checkbox", { name: "同意商家在宣传里使用这条评价" }).check({ force: true });
    await walk.look("shop-review-write");
    await page.getByRole("button", { name: "发表评价" }).click();
    await page.getByText("审核中").first().waitFor();
    await page.getByText(hostile).waitFor();
    await walk.look("shop-reviews");

    await page.setViewportSize(desk);
    await walk.visit("/console/reviews");
    await page.getByText("味道很好", { exact: false }).first().click();
    await page.getByRole("button", { name: "展示", exact: true }).click();
    await page.getByText("已奖励 20 积分", { exact: false }).waitFor();
    await page.getByRole("button", { name: "用作内容" }).click();
    await page.getByRole("link", { name: "看内容" }).waitFor();
    await walk.look("review-drawer", { live: true });
    await page.getByRole("link", { name: "看内容" }).click();
    await page.getByText("味道很好", { exact: false }).first().waitFor();

    const todo = await json<{ items: { goods: string }[] }>("get", "/api/v1/shop/reviews?limit=1");
    await page.setViewportSize(phone);
    await walk.visit(`/shop/p/${todo.items[0]?.goods}/reviews`);
    await page.getByText(hostile).waitFor();
    expect(await page.title()).not.toContain("owned");
    expect(await page.locator("main img[src='x'], main script").count()).toBe(0);
    await walk.look("shop-goods-reviews");
    for (const path of ["/shop", "/console/reviews"]) {
      const policy = (await page.request.get(walk.url + path)).headers()["content-security-policy"] ?? "";
      const scripts = /script-src[^;]*/.exec(policy)?.[0] ?? "";
      expect(scripts, path).toContain("'self'");
      expect(scripts, path).not.toContain("unsafe-inline");
    }
  });
});
