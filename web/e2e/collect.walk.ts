import { describe, expect, it } from "vitest";
import { walking } from "./walk";

describe("from a source to what came of its events", () => {
  const walk = walking();
  let id = "";
  let key = "";

  const send = async (path: string, data: object) => {
    const answer = await walk.page.request.post(`${walk.url}/v1/${path}`, { data, headers: { "X-Write-Key": key } });
    expect(answer.status()).toBe(200);
  };

  it("makes a source and shows its key and code", async () => {
    const { page } = walk;
    await walk.visit("/console/collect");
    await walk.look("collect-sources");
    await page.getByRole("main").getByRole("button", { name: "接入新来源" }).click();
    await page.getByRole("radio", { name: /服务器/ }).click();
    await walk.look("collect-new");
    await page.getByRole("button", { name: "下一步" }).click();
    await page.getByLabel("名称").fill("走一圈的后端");
    await page.getByRole("button", { name: "创建来源并生成密钥" }).click();
    await page.waitForURL(/collect\/sources\/src_/);
    await page.getByText("来源已创建").waitFor();
    await walk.look("collect-source");
    id = /src_[a-z0-9]+/.exec(page.url())?.[0] ?? "";
    const source = (await (await page.request.get(`${walk.url}/api/v1/sources/${id}`)).json()) as { write_key: string };
    key = source.write_key;
    expect(await page.getByText(key).count()).toBeGreaterThan(0);
  });

  it("shows events as they come, with what became of them", async () => {
    const { page } = walk;
    await walk.visit(`/console/collect/live?source=${id}`);
    await page.getByText("还没有事件").waitFor();
    await page.getByRole("main").getByRole("button", { name: "发一条测试事件" }).first().click();
    await page.getByTestId("live").getByText("控制台测试事件").waitFor();
    await send("track", { messageId: "w1", userId: "walker", event: "走路", properties: { steps: 10 } });
    await send("track", { messageId: "w1", userId: "walker", event: "走路", properties: { steps: 10 } });
    await send("track", { messageId: "w2", event: "没有人" });
    const list = page.getByTestId("live");
    await list.getByText("重复", { exact: true }).waitFor();
    await list.getByText("不知道是谁").waitFor();
    await list.getByRole("button", { name: /收下.*走路/ }).click();
    await list.getByText('"steps": 10').waitFor();
    await walk.look("collect-live", { live: true });
    await page.getByRole("button", { name: "暂停" }).click();
    await page.getByRole("button", { name: "继续" }).waitFor();
  });

  it("has them in the dictionary, and lets a rule change what becomes of them", async () => {
    const { page } = walk;
    const listed = async () => {
      const answer = await page.request.get(`${walk.url}/api/v1/collect/dictionary?source=${id}`);
      return ((await answer.json()) as { items: { name: string; blocked: boolean }[] }).items;
    };
    await expect.poll(async () => (await listed()).some((n) => n.name === "走路"), { timeout: 20_000 }).toBe(true);
    await walk.visit(`/console/collect/dictionary?source=${id}`);
    await page.getByText("走路").first().click();
    const drawer = page.getByRole("dialog");
    await drawer.getByText("steps").first().waitFor();
    await drawer.getByLabel("说明").fill("走了一段路");
    await drawer.getByRole("switch", { name: /屏蔽/ }).click();
    await walk.look("collect-event");
    await drawer.getByRole("button", { name: "查看后果并保存" }).click();
    await page.getByRole("button", { name: "让规则生效" }).click();
    await page.getByText("规则已生效").first().waitFor();
    expect((await listed()).find((n) => n.name === "走路")?.blocked).toBe(true);
    await walk.visit("/console/collect/dictionary?versions=true");
    await page.getByText("正在生效").waitFor();
    await walk.look("collect-versions");
  });

  it("replays a dead letter, once", async () => {
    const { page } = walk;
    await walk.visit(`/console/collect/letters?source=${id}`);
    await page.getByRole("main").getByText("不知道是谁").last().click();
    await page.getByRole("dialog").getByText('"没有人"').waitFor();
    await walk.look("collect-letter");
    await page.getByRole("dialog").getByRole("button", { name: "重放" }).click();
    await page.getByText("已重新处理 1 条").waitFor();
    await walk.look("collect-replayed");
    await expect
      .poll(async () => {
        const answer = await page.request.get(`${walk.url}/api/v1/collect/dead-letters?source=${id}&status=replayed`);
        return ((await answer.json()) as { items: unknown[] }).items.length;
      })
      .toBe(1);
  });
});
