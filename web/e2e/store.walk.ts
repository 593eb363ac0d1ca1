import { describe, expect, it } from "vitest";
import { flashSale, walking } from "./walk";

describe("a page of the store", () => {
  const walk = walking();

  it("gets a block that is dragged in, and shows it on the phone at once", async () => {
    const { page } = walk;
    await walk.visit("/console/store");
    const main = page.getByRole("main");
    await main.getByText("囤货节").waitFor();
    await walk.look("store-pages");
    await main.getByText("首页", { exact: true }).click();
    await page.waitForURL(/store\/pge_/);
    const phone = page.frameLocator("iframe.store-phone");
    await phone.getByRole("heading", { name: "为你推荐" }).waitFor();
    const kind = await page.locator('.store-kind[data-kind="notice"]').boundingBox();
    const first = await page.locator(".store-item").first().boundingBox();
    expect(kind && first).toBeTruthy();
    if (kind && first) {
      await page.mouse.move(kind.x + 20, kind.y + 16);
      await page.mouse.down();
      await page.mouse.move(kind.x + 60, kind.y + 20, { steps: 4 });
      await page.locator(".store-held").waitFor();
      await page.mouse.move(first.x + first.width / 2, first.y + first.height / 2, { steps: 8 });
      await page.mouse.up();
    }
    const mine = page.locator(".store-item").first();
    await mine.getByText("公告").first().waitFor();
    await page.locator(".store-held").waitFor({ state: "detached" });
    await page.getByRole("textbox", { name: "文字" }).fill("走一圈的公告 <b>不是粗体</b>");
    await phone.getByText("走一圈的公告 <b>不是粗体</b>").waitFor();
    await main.getByText("有未保存的修改").waitFor();
    await walk.look("store-designer");
  });

  it("is moved by keyboard, and a step is undone", async () => {
    const { page } = walk;
    const kindAt = (n: number) => page.locator(".store-item").nth(n).getAttribute("data-block");
    const before = await kindAt(0);
    const handle = page.locator(".store-item").first().locator(".store-handle");
    await handle.focus();
    await page.keyboard.press("Space");
    await page.locator(".store-item[data-held]").waitFor();
    await page.keyboard.press("ArrowDown");
    await page.getByText(/现在在第 2 块/).waitFor({ state: "attached" });
    await page.keyboard.press("Space");
    await page.locator(".store-item[data-held]").waitFor({ state: "detached" });
    await expect.poll(() => kindAt(1)).toBe(before);
    await page.getByRole("button", { name: "撤销" }).click();
    await expect.poll(() => kindAt(0)).toBe(before);
  });

  it("is published and seen in the store at 390 px", async () => {
    const { page } = walk;
    const main = page.getByRole("main");
    await flashSale(walk, "DY-FRB", 0);
    await main.getByRole("button", { name: "发布", exact: true }).click();
    const ask = page.getByRole("dialog");
    await ask.getByRole("textbox", { name: "这一版改了什么" }).fill("加一条公告");
    await ask.getByRole("button", { name: "立即发布" }).click();
    await main.getByText("展示中，第 3 版").waitFor();
    await ask.waitFor({ state: "hidden" });
    await main.getByRole("button", { name: "历史版本" }).click();
    await page.getByText("加一条公告").waitFor();
    await walk.look("store-versions");
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(`${walk.url}/shop/`);
    await page.getByText("走一圈的公告 <b>不是粗体</b>").waitFor();
    await page.getByRole("timer").first().waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    await walk.look("store-home", { live: true });
    await page.setViewportSize({ width: 1440, height: 900 });
  });
});
