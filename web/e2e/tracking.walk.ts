import type { Request } from "playwright-core";
import { describe, expect, it } from "vitest";
import { walking } from "./walk";

interface Touch {
  source?: string;
  campaign?: string;
}

describe("what the store's pages tell", () => {
  const walk = walking({ width: 390, height: 844 });

  it("is the way somebody came, from the link to the order, and what she looked at before anybody knew her", async () => {
    const { page, url } = walk;
    const bar = page.locator(".bottom");
    const sheet = page.locator("dialog[open]");
    const phone = "13900001717";
    const told = (word: string) =>
      page.waitForRequest((r: Request) => r.url().endsWith("/v1/batch") && (r.postData() ?? "").includes(word));

    const arrival = told("xiaohongshu");
    await page.goto(`${url}/shop/?utm_source=xiaohongshu&utm_medium=kol&utm_campaign=autumn`);
    await arrival;
    await page.goto(`${url}/shop/search`);
    await page.getByRole("searchbox").fill("qjcml");
    const viewed = told("Product Viewed");
    await page.getByRole("link", { name: "全价成猫粮 2kg" }).click();
    await viewed;

    await bar.getByRole("button", { name: "加入购物车" }).click();
    await sheet.getByRole("button", { name: "加入购物车" }).click();
    await page.getByText("已放进购物车").waitFor();
    await bar.getByRole("link", { name: /去购物车/ }).click();
    await page.getByRole("link", { name: /去结算/ }).click();
    await page.getByLabel("手机号").fill(phone);
    await page.getByRole("button", { name: "发验证码" }).click();
    await page.getByRole("button", { name: "看短信" }).click();
    const text = await page.getByText("您的验证码是").textContent();
    await page.getByLabel("6 位验证码").fill(text?.match(/\d{6}/)?.[0] ?? "");
    const known = page.waitForResponse((r) => r.url().endsWith("/api/v1/shop/tracking/device"));
    await page.getByRole("button", { name: "登录", exact: true }).click();
    expect((await known).status()).toBe(204);
    await page.getByText("金额明细").waitFor();

    await bar.getByRole("button", { name: "先填写收货地址" }).click();
    await sheet.getByLabel("收货人").fill("欧阳清风");
    await sheet.getByLabel("手机号").fill(phone);
    await sheet.getByLabel("省份").selectOption("33");
    await sheet.getByLabel("城市").selectOption("3301");
    await sheet.getByLabel("区县").selectOption("330106");
    await sheet.getByLabel("详细地址").fill("文三路 1 号");
    await sheet.getByRole("button", { name: "保存地址" }).click();
    await page.getByText("浙江省 杭州市 西湖区 文三路 1 号").waitFor();
    await bar.getByRole("button", { name: "提交订单" }).click();
    await page.getByText("应付金额").waitFor();
    await bar.getByRole("button", { name: "用模拟微信支付付款" }).click();
    await page.getByText("付款成功").waitFor();

    const ask = async <T>(path: string) => (await (await page.request.get(url + path)).json()) as T;
    const people = await ask<{ items: { id: string }[] }>(`/api/v1/customers?q=${phone}`);
    const id = people.items[0]?.id ?? "";
    const orders = await ask<{ items: { id: string }[] }>(`/api/v1/customers/${id}/orders`);
    const order = await ask<{ first_touch?: Touch; last_touch?: Touch }>(`/api/v1/orders/${orders.items[0]?.id}`);
    expect(order.first_touch).toMatchObject({ source: "xiaohongshu", campaign: "autumn" });
    expect(order.last_touch).toMatchObject({ source: "xiaohongshu", campaign: "autumn" });
    await expect
      .poll(
        async () =>
          (await ask<{ items: { name: string }[] }>(`/api/v1/customers/${id}/timeline?kind=visits`)).items.map(
            (i) => i.name,
          ),
        { timeout: 60_000 },
      )
      .toContain("product.viewed");
  });

  it("is nothing where a browser asks not to be followed", async () => {
    const { page, url } = walk;
    await page.goto(`${url}/shop/`);
    await page.evaluate(() => localStorage.setItem("hs.track", "no"));
    const sent: string[] = [];
    page.on("request", (r) => r.url().endsWith("/v1/batch") && sent.push(r.url()));
    await page.goto(`${url}/shop/categories`);
    await page.locator(".card-title").first().waitFor();
    await page.waitForLoadState("networkidle");
    await page.goto("about:blank"); // what waited would have been sent now
    expect(sent).toEqual([]);
  });

  it("is nothing before a yes, where the store asks first", async () => {
    const { page, url } = walk;
    const say = async (asking: string) => {
      const set = await page.request.put(`${url}/api/v1/store/tracking`, { data: { asking } });
      expect(set.status(), await set.text()).toBe(204);
    };
    await page.goto(`${url}/shop/`);
    await page.evaluate(() => localStorage.removeItem("hs.track"));
    await say("ask");
    const sent: string[] = [];
    page.on("request", (r) => r.url().endsWith("/v1/batch") && sent.push(r.url()));
    await page.goto(`${url}/shop/categories`);
    await page.getByRole("region", { name: "浏览统计" }).waitFor();
    await walk.look("shop-ask-tracking");
    await page.getByRole("button", { name: "不同意" }).click();
    await page.goto(`${url}/shop/me`);
    const row = page.getByRole("switch", { name: /记录浏览/ });
    await row.waitFor();
    expect(await row.getAttribute("aria-checked")).toBe("false");
    expect(sent).toEqual([]);
    const told = page.waitForRequest((r) => r.url().endsWith("/v1/batch"));
    await row.click();
    await told;
    await say("off");
    await page.reload();
    await page.getByRole("heading", { name: "我的订单" }).waitFor();
    await page.waitForLoadState("networkidle");
    expect(await row.count()).toBe(0);
    await say("on");
  });
});
