import { describe, expect, it } from "vitest";
import { walking } from "./walk";

interface Sale {
  id: string;
  state: string;
  held: boolean;
  form: { group: string };
}

describe("two customers complete a group, and its orders can be sent", () => {
  const walk = walking();
  const phone = { width: 390, height: 844 };
  const numbers = ["13900003571", "13900003572"] as const;
  let offer: { id: string; sku: string };
  let group = "";
  let first: Sale;

  const json = async <T>(method: "get" | "post", path: string, data?: object, key?: string): Promise<T> => {
    const answer = await walk.page.request[method](walk.url + path, {
      data,
      headers: key ? { "Idempotency-Key": key } : {},
    });
    expect(answer.ok(), `${method} ${path}: ${await answer.text()}`).toBe(true);
    return (answer.status() === 204 ? undefined : await answer.json()) as T;
  };

  const enter = async (number: string) => {
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
  };

  const pay = async (sale: string) => {
    const till = await json<{ simulated: string }>("post", `/api/v1/shop/orders/${sale}/pay`, {
      method: "wechat_native",
    });
    await walk.page.request.post(new URL(till.simulated, walk.url).toString());
    await expect
      .poll(async () => (await json<Sale>("get", `/api/v1/shop/orders/${sale}`)).state, { timeout: 60_000 })
      .toBe("paid");
  };

  it("one opens a group", async () => {
    const { page } = walk;
    const all = await json<{ items: { id: string; sku: string; open: boolean }[] }>("get", "/api/v1/shop/group-offers");
    const open = all.items.find((o) => o.open);
    if (!open) {
      throw new Error("the demo brand offers nothing to buy together");
    }
    offer = open;
    await enter(numbers[0]);
    await page.setViewportSize(phone);
    await walk.visit("/shop/together");
    await page.getByText("两人拼", { exact: false }).or(page.getByText("2 人团")).first().waitFor();
    await walk.look("shop-together", { live: true });
    await walk.visit(`/shop/together/${offer.id}`);
    await page.getByText("没有虚拟凑团", { exact: false }).waitFor();
    await walk.look("shop-group-offer", { live: true });
    await page.getByRole("button", { name: /发起拼团/ }).click();
    await page
      .getByText(/拼团价/)
      .first()
      .waitFor();
    await walk.look("shop-group-checkout", { live: true });
    await page.getByRole("button", { name: "提交订单" }).click();
    await page.waitForURL(/\/shop\/pay\//);
    const sale = new URL(page.url()).pathname.split("/").pop() ?? "";
    await pay(sale);
    first = await json<Sale>("get", `/api/v1/shop/orders/${sale}`);
    group = first.form.group;
    expect(first.held, "sent before the group is complete").toBe(true);
    await walk.visit(`/shop/groups/${group}`);
    await page.getByText("还差 1 人成团").first().waitFor();
    await walk.look("shop-group-forming", { live: true });
  });

  it("another joins, and it is complete", async () => {
    const { page } = walk;
    await enter(numbers[1]);
    await walk.visit(`/shop/groups/${group}`);
    await page.getByRole("link", { name: "参加这个团" }).click();
    await page.getByRole("button", { name: "提交订单" }).click();
    await page.waitForURL(/\/shop\/pay\//);
    await pay(new URL(page.url()).pathname.split("/").pop() ?? "");
    await walk.visit(`/shop/groups/${group}`);
    await page.getByText("拼团成功").first().waitFor();
    await walk.look("shop-group-complete", { live: true });
    await expect
      .poll(async () => (await json<Sale>("get", `/api/v1/store/orders/${first.id}`)).held, { timeout: 60_000 })
      .toBe(false);
  });

  it("shows in the console who bought together", async () => {
    const { page } = walk;
    await page.setViewportSize({ width: 1440, height: 900 });
    await walk.visit("/console/group-offers");
    await page
      .getByRole("row", { name: /两人拼猫粮/ })
      .first()
      .click();
    await page.getByText("已付 2 / 2").first().click();
    await page.getByText("发起人", { exact: true }).waitFor();
    await walk.look("groupbuy", { live: true });
  });
});
