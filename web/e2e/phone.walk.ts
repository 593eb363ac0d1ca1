import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { walking } from "./walk";

/** Sends a strategy to a layer by the API, and waits until it is on the phones. */
async function send(page: Page, url: string, layer: string, strategy: string) {
  const made = await page.request.post(`${url}/api/v1/campaigns`, {
    data: {
      name: `手机 ${layer}`,
      plan: {
        audience: { kind: "layer", id: layer },
        strategy,
        channels: ["phone"],
        exclude_segments: [],
        holdout_pct: 10,
      },
    },
  });
  expect(made.status(), await made.text()).toBeLessThan(300);
  const { id } = (await made.json()) as { id: string };
  const launched = await page.request.post(`${url}/api/v1/campaigns/${id}/launch`, { data: {} });
  expect(launched.status(), await launched.text()).toBeLessThan(300);
  await expect
    .poll(
      async () =>
        ((await (await page.request.get(`${url}/api/v1/campaigns/${id}`)).json()) as { campaign: { state: string } })
          .campaign.state,
      { timeout: 30_000 },
    )
    .toBe("done");
  return id;
}

describe("the phone on a desk", () => {
  const walk = walking();

  it("is any customer's: reads, follows, buys and leaves", async () => {
    const { page, url } = walk;
    const campaign = await send(page, url, "potential", "str_potential_cultivate");
    await page.goto(`${url}/phone/`);
    await page.getByRole("button", { name: "潜力", exact: true }).click();
    await page.getByLabel("1 条未读").first().waitFor();
    await walk.look("phone-people");
    await page
      .getByRole("button", { name: /1 条未读/ })
      .first()
      .click();
    const phone = page.getByTestId("phone");
    await phone.locator(".mail.unread").first().click();
    await phone.getByRole("article").waitFor();
    await walk.look("phone-message");
    await phone.locator(".bottom-bar button").click();
    await phone.getByText("为你挑的").first().waitFor();
    await walk.look("phone-shop");
    await phone.locator(".ware").first().click();
    await phone.getByRole("button", { name: /买一件/ }).click();
    await phone.getByText("下单成功").waitFor();
    await walk.look("phone-bought");

    await phone.getByRole("button", { name: "继续逛" }).click();
    await phone.getByRole("button", { name: "返回" }).click();
    await phone.getByRole("button", { name: "不再接收这类消息" }).click();
    await phone.getByRole("button", { name: "退订", exact: true }).click();
    await phone.getByText("已退订").waitFor();
    const counts = async () => {
      const answer = (await (await page.request.get(`${url}/api/v1/campaigns/${campaign}`)).json()) as {
        counts: { step: string; n: number }[];
      };
      return Object.fromEntries(answer.counts.map((c) => [c.step, c.n]));
    };
    expect(await counts()).toMatchObject({ opened: 1, clicked: 1, unsubscribed: 1 });
  });
});

describe("the phone on a phone", () => {
  const walk = walking({ width: 390, height: 844 });

  it("fills the screen, people first", async () => {
    const { page, url } = walk;
    await page.goto(`${url}/phone/`);
    await page.locator(".person").first().waitFor();
    await walk.look("phone-390-people");
    await page.locator(".person").first().click();
    await page.getByRole("heading", { name: "消息" }).waitFor();
    await walk.look("phone-390-inbox");
    await page.getByRole("button", { name: "商城" }).click();
    await page.locator(".ware").first().waitFor();
    await walk.look("phone-390-shop");
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(390);
  });
});
