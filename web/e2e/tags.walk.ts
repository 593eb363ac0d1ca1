import { describe, expect, it } from "vitest";
import { walking } from "./walk";

describe("a rule tag, from its words to a segment", () => {
  const walk = walking();

  it("makes a group and a rule tag, and shows who carries it", async () => {
    const { page } = walk;
    await walk.visit("/console/tags");
    await walk.look("tags-empty");
    await page.getByRole("button", { name: "新建分组" }).click();
    await page.getByPlaceholder("分组名称").fill("购买行为");
    await page.getByRole("button", { name: "添加分组" }).click();
    await page.getByRole("button", { name: /购买行为/ }).click();
    await page.getByRole("button", { name: "新建标签" }).first().click();
    await page.getByRole("heading", { level: 1, name: "新建标签" }).waitFor();
    await page.getByPlaceholder("给标签起个名字").fill("近期下单");
    await page.getByText("人符合").waitFor();
    await walk.look("tags-new");
    await page.getByRole("button", { name: "保存标签" }).click();
    await page.getByRole("heading", { level: 1, name: "近期下单" }).waitFor();
    await page
      .getByText(/的家长 \d{5}/)
      .first()
      .waitFor();
    await walk.look("tag");
  });

  it("counts favourites, judges a sample, and tags a person by hand", async () => {
    const { page, url } = walk;
    const groups = (await (await page.request.get(`${url}/api/v1/tag-groups`)).json()) as { items: { id: string }[] };
    const group = groups.items[0]?.id;
    const make = async (data: object) => {
      const answer = await page.request.post(`${url}/api/v1/tags`, { data: { group, ...data } });
      expect(answer.status(), await answer.text()).toBe(201);
      return ((await answer.json()) as { id: string }).id;
    };
    const favourite = await make({
      name: "偏好",
      kind: "statistic",
      colour: "vip",
      statistic: { measure: "favourite_category", days: 365, least: 2 },
    });
    await make({ name: "种子用户", kind: "manual", colour: "amber" });
    await expect
      .poll(
        async () =>
          ((await (await page.request.get(`${url}/api/v1/tags/${favourite}`)).json()) as { size: number }).size,
        {
          timeout: 60_000,
        },
      )
      .toBeGreaterThan(0);
    await walk.visit("/console/tags");
    await page.getByText(/偏好:/).first().waitFor();
    await walk.look("tags");
    await page.getByText("近期下单", { exact: true }).first().click();
    await page.getByRole("button", { name: "抽 50 人核对" }).click();
    await page.getByRole("button", { name: "对（→）" }).waitFor();
    for (let i = 1; i <= 3; i++) {
      await page.getByRole("button", { name: i === 2 ? "不对（←）" : "对（→）" }).click();
      await page.getByText(`已判断 ${i} / 50`).waitFor();
    }
    await walk.look("tag-audit");
    await walk.visit("/console/customers");
    await page
      .getByText(/的家长 \d{5}/)
      .first()
      .click();
    await page.getByRole("button", { name: "以页面打开" }).click();
    await page.getByRole("combobox", { name: "贴标签" }).fill("种子用户"); // typing opens the list, also where a click came while the page was filling
    await page.getByTitle("种子用户").click();
    await page.getByRole("button", { name: "取下「种子用户」" }).waitFor();
    await page.locator(".ant-select-dropdown:visible").first().waitFor({ state: "hidden" }); // the list closes after a choice
    await walk.look("customer-tags");
  });

  it("uses the tag in a segment, which then speaks for it", async () => {
    const { page } = walk;
    await walk.visit("/console/tags");
    await page.getByText("近期下单", { exact: true }).first().click();
    await page.getByRole("button", { name: "建成分群" }).click();
    await page.getByRole("heading", { level: 1, name: "新建分群" }).waitFor();
    await page.getByText("人符合").waitFor();
    await page.getByPlaceholder("给这群人起个名字").fill("近期下单的人");
    await walk.look("tag-segment");
    await page.getByRole("button", { name: "保存分群" }).click();
    await page.getByRole("heading", { level: 1, name: "近期下单的人" }).waitFor();
    await page
      .getByText(/带标签 近期下单/)
      .first()
      .waitFor();
    await walk.visit("/console/tags");
    await page.getByText("近期下单", { exact: true }).first().click();
    await page.getByRole("link", { name: "近期下单的人" }).waitFor();
    await walk.look("tag-used");
  });

  it("shows how heat is counted, and speaks English in the dark", async () => {
    const { page } = walk;
    await walk.visit("/console/tags/heat");
    await page.getByText("半衰期（天）").waitFor();
    await walk.look("tags-heat");
    await page.evaluate(() => localStorage.setItem("hs.language", "en"));
    await page.emulateMedia({ colorScheme: "dark" });
    await walk.visit("/console/tags");
    await page.getByText("近期下单", { exact: true }).first().waitFor();
    await walk.look("tags-en-dark");
    await page.getByText("近期下单", { exact: true }).first().click();
    await page.getByText("Definition").waitFor();
    await walk.look("tag-en-dark");
    await page.evaluate(() => localStorage.setItem("hs.language", "zh"));
  });
});
