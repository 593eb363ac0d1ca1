import { describe, expect, it } from "vitest";
import { walking } from "./walk";

// Twelve orders as a shop exports them, one line of them without an amount.
const orders = [
  "订单编号,订单付款时间,联系手机,商品编码,宝贝标题,商品类目,购买数量,商品金额",
  ...Array.from({ length: 12 }, (_, i) => {
    const n = String(i + 1).padStart(2, "0");
    const amount = i === 7 ? "—" : `¥${1000 + i * 10}.50`.replace("¥1", "¥1,");
    return `WALK-${n},2025/3/${i + 1} 8:05,+9990001${n}00,CF-2K,全价成猫粮 2kg,猫粮,1,"${amount}"`;
  }),
].join("\r\n");

describe("importing a file", () => {
  const walk = walking();

  it("goes from the file over its mapping and a dry run to a result that adds up", async () => {
    const { page } = walk;
    await walk.visit("/console/imports");
    await walk.look("imports");
    const sum = (text: string) => page.locator(".hs-sum", { hasText: text }).waitFor();
    const upload = async () => {
      await page.goto(`${walk.url}/console/imports`);
      await page
        .locator("input[type=file]")
        .setInputFiles({ name: "walk-orders.csv", mimeType: "text/csv", buffer: Buffer.from(`\uFEFF${orders}`) });
      await page.waitForURL(/imports\/imp_/);
      await page.getByText("列的含义").first().waitFor();
    };
    await upload();
    await page.getByPlaceholder(/订单所属的销售渠道/).fill("walk");
    await page.getByRole("button", { name: "试导入" }).click();
    await sum("读到12=接收11+重复0+拒绝1");
    await walk.look("import-mapping");
    await page.getByRole("button", { name: "开始导入" }).click();
    await page.getByText("已完成").first().waitFor();
    await sum("读到12=接收11+重复0+拒绝1");
    await walk.look("import-result");

    await upload();
    await page.getByPlaceholder(/订单所属的销售渠道/).fill("walk");
    await page.getByRole("button", { name: "开始导入" }).click();
    await sum("读到12=接收0+重复11+拒绝1");
    expect(await page.getByText("已完成").count()).toBeGreaterThan(0);
  });
});
