import { describe, expect, it } from "vitest";
import { walking } from "./walk";

describe("who is who", () => {
  const walk = walking();
  let key = "";

  const tell = async (userId: string, traits: object) => {
    const answer = await walk.page.request.post(`${walk.url}/v1/identify`, {
      data: { userId, traits },
      headers: { "X-Write-Key": key },
    });
    expect(answer.status()).toBe(200);
  };
  const conflicts = async () => {
    const answer = await walk.page.request.get(`${walk.url}/api/v1/identity/conflicts?state=open&kind=disagree`);
    return ((await answer.json()) as { total: number }).total;
  };
  const found = async (q: string) => {
    const answer = await walk.page.request.get(`${walk.url}/api/v1/customers?q=${q}`);
    return ((await answer.json()) as { items: unknown[] }).items.length;
  };

  it("says how well customers are known, down to the people", async () => {
    const { page } = walk;
    await walk.visit("/console/identity");
    await page.getByText("各种标识").waitFor();
    await walk.look("identity-coverage");
    await page.getByRole("row", { name: /^邮箱/ }).getByRole("button").last().click();
    await page.getByRole("dialog").getByText("没有邮箱").waitFor();
    await page
      .getByRole("dialog")
      .getByText(/的家长 \d{5}/)
      .first()
      .waitFor();
    await walk.look("identity-people");
  });

  it("asks a person about two who may be one, and merges them", async () => {
    const { page } = walk;
    const made = await page.request.post(`${walk.url}/api/v1/sources`, {
      data: { name: "身份走一圈", kind: "server" },
    });
    key = ((await made.json()) as { write_key: string }).write_key;
    await tell("walk_a", { phone: "13911110001", name: "韩梅梅", city: "上海" });
    await tell("walk_b", { phone: "13911110002", name: "韩梅", email: "walk@example.com" });
    await expect.poll(() => found("13911110002"), { timeout: 20_000 }).toBe(1);
    await tell("walk_a", { phone: "13911110002" });
    await expect.poll(conflicts, { timeout: 20_000 }).toBe(1);
    await walk.visit("/console/identity/conflicts");
    await page.getByRole("link", { name: "韩梅梅" }).waitFor();
    await walk.look("identity-conflict");
    await page.getByRole("button", { name: "合并为一人" }).click();
    const ask = page.getByRole("dialog");
    await ask.getByText(/保留先建档的「韩梅梅」/).waitFor();
    await walk.look("identity-merge-ask");
    await ask.getByRole("button", { name: "合并为一人" }).click();
    await page.getByText("没有要判断的").waitFor();
  });

  it("shows on the profile what she is known by, and takes the merge back", async () => {
    const { page } = walk;
    await walk.visit("/console/customers?q=13911110001");
    await page.getByText("韩梅梅").first().click();
    await page.getByRole("button", { name: "以页面打开" }).click();
    await page.getByText("合并过的客户").waitFor();
    await page.getByRole("main").getByText("13911110002").first().scrollIntoViewIfNeeded();
    await walk.look("identity-profile");
    await walk.visit("/console/identity/merges");
    await page.getByRole("button", { name: "撤销合并" }).first().click();
    await page.getByRole("dialog").getByRole("button", { name: "撤销合并" }).click();
    await page.getByText("合并已撤销").first().waitFor();
    await walk.look("identity-undone");
    await expect.poll(() => found("13911110002"), { timeout: 20_000 }).toBe(1);
  });
});
