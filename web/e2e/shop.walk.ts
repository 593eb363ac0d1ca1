import { describe, expect, it } from "vitest";
import { walking } from "./walk";

describe("the store, on a phone", () => {
  const walk = walking({ width: 390, height: 844 });

  it("is looked through, filled into a cart, paid for and followed", async () => {
    const { page, url } = walk;
    const bar = page.locator(".bottom");
    const sheet = page.locator("dialog[open]");

    await page.addInitScript(() => localStorage.setItem("hs.track", "no")); // what is told of looking has walks of its own
    await page.goto(`${url}/shop/`);
    await page.locator('a[href^="/shop/p/"]').first().waitFor();
    await walk.look("shop-home");
    await page.getByRole("link", { name: "分类" }).click();
    await page.locator(".card-title").first().waitFor();
    await walk.look("shop-category");

    // The initials of the pinyin find cat food; what is proposed leads to it.
    await page.goto(`${url}/shop/search`);
    await page.getByRole("searchbox").fill("qjcml");
    await page.getByRole("link", { name: "全价成猫粮 2kg" }).waitFor();
    await walk.look("shop-search");
    await page.getByRole("link", { name: "全价成猫粮 2kg" }).click();

    // A guest puts two into her cart.
    await bar.getByRole("button", { name: "加入购物车" }).click();
    await sheet.getByRole("button", { name: "加一件" }).click();
    await walk.look("shop-product");
    await sheet.getByRole("button", { name: "加入购物车" }).click();
    await page.getByText("已放进购物车").waitFor();
    await bar.getByRole("link", { name: /去购物车/ }).click();
    await page.getByRole("link", { name: "去结算（2）" }).waitFor();
    await walk.look("shop-cart");

    // She signs in by a code; the cart comes along, and checkout goes on where it was.
    await page.getByRole("link", { name: "去结算（2）" }).click();
    await page.getByLabel("手机号").fill("13912345678");
    await page.getByRole("button", { name: "发验证码" }).click();
    await page.getByRole("button", { name: "看短信" }).click();
    const text = await page.getByText("您的验证码是").textContent();
    await walk.look("shop-sign-in");
    await page.getByLabel("6 位验证码").fill(text?.match(/\d{6}/)?.[0] ?? "");
    await page.getByRole("button", { name: "登录", exact: true }).click();
    await page.getByText("金额明细").waitFor();

    // Her coupon is there when checkout is opened again, and the best is chosen by itself.
    const promotions = (await (await page.request.get(`${url}/api/v1/promotions?kind=coupon&limit=50`)).json()) as {
      items: { id: string; name: string }[];
    };
    const coupon = promotions.items.find((p) => p.name === "新人 10 元券");
    const claimed = await page.request.post(`${url}/api/v1/shop/coupons/${coupon?.id}/claim`, {
      headers: { "Idempotency-Key": "walk-claims-one-coupon" },
    });
    expect(claimed.status(), await claimed.text()).toBeLessThan(300);
    await page.reload();
    await page.getByText("已选最优，省 ¥10.00").waitFor();

    await bar.getByRole("button", { name: "先填写收货地址" }).click();
    await sheet.getByLabel("收货人").fill("欧阳清风");
    await sheet.getByLabel("手机号").fill("13912345678");
    await sheet.getByLabel("省份").selectOption("33");
    await sheet.getByLabel("城市").selectOption("3301");
    await sheet.getByLabel("区县").selectOption("330106");
    await sheet.getByLabel("详细地址").fill("文三路 1 号");
    await walk.look("shop-address");
    await sheet.getByRole("button", { name: "保存地址" }).click();
    await page.getByText("浙江省 杭州市 西湖区 文三路 1 号").waitFor();
    await walk.look("shop-checkout");
    await bar.getByRole("button", { name: "提交订单" }).click();

    // The simulated WeChat Pay takes the money; the page follows by itself.
    await page.getByText("应付金额").waitFor();
    await bar.getByRole("button", { name: "用模拟微信支付付款" }).click();
    await page.getByText("付款成功").waitFor();
    await walk.look("shop-paid");
    await page.getByRole("link", { name: "查看订单" }).click();
    await page.getByRole("heading", { name: "待发货" }).waitFor();
    await page.getByText("优惠券，满 ¥50 减 ¥10").waitFor();
    await walk.look("shop-order");

    // What was bought left the cart; the order is on the list, and nobody else can see it.
    await page.goto(`${url}/shop/orders?state=paid`);
    const order = page.locator("a.order");
    expect(
      await order.count().then(
        (n) =>
          n ||
          order
            .first()
            .waitFor()
            .then(() => order.count()),
      ),
    ).toBe(1);
    await walk.look("shop-orders");
    const address = (await order.getAttribute("href"))?.split("/").pop() ?? "";
    await page.goto(`${url}/shop/cart`);
    await page.getByText("购物车还空着").waitFor();
    await page.goto(`${url}/shop/me`);
    await page.getByText("139****5678").waitFor();
    await walk.look("shop-me");
    await page.getByRole("button", { name: "退出登录" }).click();
    await page.getByText("登录后查看订单").waitFor();
    expect((await page.request.get(`${url}/api/v1/shop/orders/${address}`)).status()).toBe(401);
  });
});
