import { describe, expect, it } from "vitest";
import { walking } from "./walk";

describe("product analysis", () => {
  const walk = walking();

  it("tells why sales moved, and every number leads to people", async () => {
    const { page } = walk;
    await walk.visit("/console/product-analysis");
    await page.getByRole("tab", { name: "销售波动" }).waitFor();
    await page.locator(".pa-name").first().waitFor();
    await walk.look("product-swings");
    await page.locator("td .hs-drill").first().click();
    await page.getByText("这段时间付过款的客户").waitFor();
    await page.getByRole("button", { name: "存为分群" }).waitFor();
    await walk.look("product-people");

    await walk.visit("/console/product-analysis?tab=pairs");
    await page.getByRole("button", { name: "设为推荐搭配" }).first().click();
    await page.getByText("已互为推荐搭配").waitFor();
    await walk.look("product-pairs");

    await walk.visit("/console/product-analysis?tab=repeats");
    await page.getByText("全店").waitFor();
    await walk.look("product-repeats");
    await page.locator(".pa-name").first().click();
    await page.getByRole("heading", { name: "第一次从哪里来" }).waitFor();
    await walk.look("product-flow");

    await walk.visit("/console/product-analysis?tab=journeys");
    await page.getByRole("heading", { name: "接着买什么" }).waitFor();
    await walk.look("product-journeys");

    await walk.visit("/console/product-analysis?tab=roles");
    await page.getByRole("heading", { name: "商品角色图" }).waitFor();
    await walk.look("product-roles");
    const file = await page.request.get(`${walk.url}/api/v1/product-analytics/export?report=roles&format=xlsx`);
    expect(file.status()).toBe(200);
    expect((await file.body()).subarray(0, 2).toString()).toBe("PK");
  });
});
