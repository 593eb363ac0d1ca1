import { describe, expect, it } from "vitest";
import { walking } from "./walk";

describe("from a layer to a person", () => {
  const walk = walking();

  it("shows the five layers, the people behind a number and one of them", async () => {
    const { page } = walk;
    await walk.visit("/console/layers");
    for (const name of ["VIP", "潜力", "新客", "沉默", "流失"]) {
      await page.getByRole("main").getByText(name, { exact: true }).first().waitFor();
    }
    await walk.look("layers");
    await page
      .getByRole("main")
      .getByRole("button", { name: /伪高价值/ })
      .click();
    const drawer = page.getByRole("dialog");
    await drawer.getByText(/人$/).first().waitFor();
    await walk.look("layers-people");
    await drawer
      .getByText(/的家长 \d{5}/)
      .first()
      .click();
    await page.waitForURL(/customers\/cus_|person=|open=/);
    await walk.look("layers-person");
  });

  it("shows the RFM matrix and the migration", async () => {
    const { page } = walk;
    await walk.visit("/console/layers");
    await page.getByRole("tab", { name: "RFM 矩阵" }).click();
    await walk.look("layers-rfm");
    await page.getByRole("tab", { name: "流转" }).click();
    await walk.look("layers-migration");
  });

  it("finds a customer by name and shows the profile with its timeline", async () => {
    const { page } = walk;
    await walk.visit("/console/customers");
    await walk.look("customers");
    await page.getByPlaceholder(/客户编号/).fill("HS000123");
    await page
      .getByText(/的家长 00123/)
      .first()
      .waitFor();
    await page
      .getByText(/的家长 00123/)
      .first()
      .click();
    await page.getByRole("button", { name: "以页面打开" }).click();
    await page.waitForURL(/customers\/cus_/);
    await page.getByRole("heading", { level: 1, name: /的家长 00123/ }).waitFor();
    await walk.look("customer");
    expect(await page.getByText("HS000123").count()).toBeGreaterThan(0);
  });
});
