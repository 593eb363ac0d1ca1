import { describe, expect, it } from "vitest";
import { walking } from "./walk";

describe("people who did things in a row", () => {
  const walk = walking();

  it("builds the example sequence, says it in words and saves it live", async () => {
    const { page } = walk;
    await walk.visit("/console/segments/new");
    await page.getByRole("button", { name: "从示例开始" }).click();
    await page.getByRole("spinbutton", { name: "连续" }).waitFor();
    const within = page.getByRole("spinbutton", { name: "距上一步多久" }).last();
    await within.fill("0");
    await page.getByText("第 3 步：时间要大于 0").waitFor();
    expect(await page.getByRole("button", { name: "保存分群" }).isDisabled()).toBe(true);
    await within.fill("2");
    await page.getByText("人符合").waitFor();
    await walk.look("segment-sequence");
    await page.getByRole("switch", { name: /^实时/ }).click();
    await page.getByRole("button", { name: "保存分群" }).click();
    await page.waitForURL(/segments\/seg_/);
    await page.getByText(/先后：连续 3 天浏览商品.*之后 2 小时内没有下单/).waitFor();
    await page.getByRole("main").getByText("实时", { exact: true }).waitFor();
    await walk.look("segment-live");
  });
});
