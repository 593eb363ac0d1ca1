import { describe, expect, it } from "vitest";
import { walking } from "./walk";

interface Booking {
  id: string;
  state: string;
  presale_state: string;
  deposit_fen: number;
  sale: string;
}

interface Sale {
  id: string;
  state: string;
  total_fen: number;
  quote: { deposit_fen?: number; cash_fen: number };
}

describe("a presale, from the draft to the order whose tail is paid", () => {
  const walk = walking();
  const phone = { width: 390, height: 844 };
  const number = "13900008811";
  let presale = "";
  let booking = "";

  const json = async <T>(method: "get" | "post", path: string, data?: object): Promise<T> => {
    const answer = await walk.page.request[method](walk.url + path, { data });
    expect(answer.ok(), `${method} ${path}: ${await answer.text()}`).toBe(true);
    return (answer.status() === 204 ? undefined : await answer.json()) as T;
  };
  const booked = () => json<Booking>("get", `/api/v1/shop/presale-bookings/${booking}`);

  it("is written, checked and published in the console", async () => {
    const { page } = walk;
    await walk.visit("/console/presales");
    await page
      .getByRole("button", { name: /新建预售/ })
      .first()
      .click();
    const form = page.getByRole("dialog");
    await form.getByRole("textbox", { name: "名称" }).fill("走一圈预售");
    await form.getByRole("combobox", { name: "商品", exact: true }).click();
    await page.locator(".ant-select-item-option").first().click();
    await form.locator(".presale-items .ant-checkbox-input").first().check();
    await walk.look("presale-form", { live: true });
    await form.getByRole("button", { name: "保存草稿" }).click();
    await page.waitForURL(/open=pre_/);
    presale = new URL(page.url()).searchParams.get("open") ?? "";
    const drawer = page.locator(".ant-drawer-section");
    await drawer
      .getByText("发布前检查", { exact: false })
      .or(drawer.getByText("库存少于", { exact: false }))
      .first()
      .waitFor();
    await drawer.getByRole("button", { name: /^发\s?布$/ }).click();
    await page
      .locator(".ant-modal")
      .getByRole("button", { name: /^发\s?布$/ })
      .click();
    await expect
      .poll(async () => (await json<{ state: string }>("get", `/api/v1/presales/${presale}`)).state, {
        timeout: 60_000,
      })
      .toBe("on");
  });

  it("is booked by a customer, who agrees and pays the deposit", async () => {
    const { page } = walk;
    await json("post", "/api/v1/shop/code", { phone: number });
    const sms = await json<{ text: string }>("get", `/api/v1/demo/sms?phone=${number}`);
    await json("post", "/api/v1/shop/session", { phone: number, code: /\d{4,8}/.exec(sms.text)?.[0] ?? "" });
    await json("post", "/api/v1/shop/addresses", {
      name: "王女士",
      phone: number,
      region: "440300",
      place: "广东省 深圳市南山区",
      street: "一路 1 号",
      default: true,
    });
    await page.setViewportSize(phone);
    await walk.visit("/shop/presales");
    await page.locator(`a[href="/shop/presales/${presale}"]`).click();
    const pay = page.getByRole("button", { name: /付定金/ });
    await pay.waitFor();
    expect(await pay.isDisabled(), "the deposit can be paid without agreeing to the rules").toBe(true);
    await page.getByText("不付尾款，定金不退", { exact: false }).click();
    await walk.look("shop-presale", { live: true });
    await pay.click();
    await page.waitForURL(/\/shop\/bookings\//);
    booking = new URL(page.url()).pathname.split("/").pop() ?? "";
    await page.getByRole("button", { name: "用模拟微信支付付款" }).click();
    await expect.poll(async () => (await booked()).state, { timeout: 60_000 }).toBe("deposited");
    await page.getByText("待付尾款", { exact: false }).first().waitFor();
    await walk.look("shop-booking", { live: true });
  });

  it("has its tail paid, once staff let tails be paid", async () => {
    const { page } = walk;
    await json("post", `/api/v1/presales/${presale}/open-tail`);
    await walk.visit(`/shop/bookings/${booking}`);
    await page.getByRole("link", { name: "付尾款" }).click();
    await page.getByText("已付定金").waitFor();
    await walk.look("shop-tail", { live: true });
    await page.getByRole("button", { name: "提交订单" }).click();
    await page.waitForURL(/\/shop\/pay\//);
    const id = new URL(page.url()).pathname.split("/").pop() ?? "";
    const { deposit_fen } = await booked();
    const sale = await json<Sale>("get", `/api/v1/shop/orders/${id}`);
    expect(sale.quote.deposit_fen).toBe(deposit_fen);
    expect(sale.quote.cash_fen).toBe(sale.total_fen - deposit_fen);
    await page.getByRole("button", { name: "用模拟微信支付付款" }).click();
    await expect
      .poll(async () => (await json<Sale>("get", `/api/v1/shop/orders/${id}`)).state, { timeout: 60_000 })
      .toBe("paid");
    expect((await booked()).state).toBe("done");
  });

  it("shows in the console what came of it, and the books hold no deposit of it any more", async () => {
    const { page } = walk;
    await page.setViewportSize({ width: 1440, height: 900 });
    await walk.visit(`/console/presales?open=${presale}`);
    await page.getByText("尾款已付").first().waitFor();
    await walk.look("presale", { live: true });
    const one = await json<{ numbers: { deposits: number; tails: number; held_fen: number } }>(
      "get",
      `/api/v1/presales/${presale}`,
    );
    expect(one.numbers).toMatchObject({ deposits: 1, tails: 1, held_fen: 0 });
    const books = await json<{ differences: number }>("get", "/api/v1/finance/check");
    expect(books.differences).toBe(0);
  });
});
