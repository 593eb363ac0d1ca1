import { describe, expect, it } from "vitest";
import { walking } from "./walk";

interface Stage {
  kind: string;
  begins_at: string;
  ends_at: string;
  actions: {
    id: string;
    after_minutes: number;
    audience?: { id?: string };
    waves?: { after_minutes: number }[];
    message?: { holdout_pct: number };
  }[];
}

interface Launch {
  id: string;
  name: string;
  revision: number;
  goods: string[];
  stages: Stage[];
  state: string;
}

interface Board {
  launch: Launch;
  stage: string;
  next: string[];
  total: { reserved: number };
  steps: { stage: string; action: string; kind: string; state: string; people: number; made?: string }[];
}

const day = 86_400_000;

describe("a wave of selling from its template to the next wave", () => {
  const walk = walking();
  const phone = "13900005561";
  let id = "";
  let goods = "";

  const json = async <T>(method: "get" | "post" | "put", path: string, data?: object): Promise<T> => {
    const answer = await walk.page.request[method](walk.url + path, { data });
    expect(answer.ok(), `${method} ${path}: ${await answer.text()}`).toBe(true);
    return (answer.status() === 204 ? undefined : await answer.json()) as T;
  };
  const board = () => json<Board>("get", `/api/v1/launches/${id}/board`);
  const pass = async (days: number) => {
    await json("post", "/api/v1/demo/advance", { days });
    await expect
      .poll(async () => (await json<{ progress: { running: boolean } }>("get", "/api/v1/demo")).progress.running, {
        timeout: 240_000,
        interval: 500,
      })
      .toBe(false);
  };
  /** The step of a stage that is done, of the action for a list of people where one is named. */
  const done = (stage: string, kind: string, list?: string) =>
    expect.poll(
      async () => {
        const { launch, steps } = await board();
        const actions = launch.stages.flatMap((s) => s.actions).filter((a) => !list || a.audience?.id === list);
        return steps.find(
          (s) => s.stage === stage && s.kind === kind && s.state === "done" && actions.some((a) => a.id === s.action),
        );
      },
      { timeout: 60_000, interval: 500 },
    );

  it("is laid out from a date, goods and a few choices", async () => {
    const { page } = walk;
    await walk.visit("/console/launches");
    await page.getByRole("button", { name: "新建浪潮" }).first().click();
    const form = page.getByRole("dialog");
    await form.getByRole("combobox", { name: "商品", exact: true }).click();
    await page.keyboard.type("嗅闻垫");
    await page.locator(".ant-select-item-option", { hasText: "嗅闻垫" }).first().click();
    await page.keyboard.press("Escape");
    await form.getByLabel("名称").fill("走一圈首发");
    await form.getByText("秒杀价", { exact: true }).click();
    await walk.look("launch-new");
    await form.getByRole("button", { name: "生成六个阶段" }).click();
    await page.waitForURL(/\/launches\/lch_[^/]+\/edit/);
    id = /lch_[^/]+/.exec(page.url())?.[0] ?? "";
    await page.getByRole("heading", { name: "循环" }).waitFor();
    const made = await json<Launch>("get", `/api/v1/launches/${id}`);
    expect(made.stages.map((s) => s.kind)).toEqual(["build_up", "warm_up", "presale", "sale", "follow_up", "loop"]);
    goods = made.goods[0] ?? "";
  });

  it("is checked and started", async () => {
    const { page } = walk;
    const made = await json<Launch>("get", `/api/v1/launches/${id}`);
    const now = Date.parse((await json<{ now: string }>("get", "/api/v1/business")).now);
    const stages = made.stages.map((s, i) => ({
      ...s,
      begins_at: new Date(now + i * day).toISOString(),
      ends_at: new Date(now + (i + 1) * day).toISOString(),
      actions: s.actions.map((a) => ({
        ...a,
        after_minutes: 0,
        waves: a.waves?.map((w, n) => ({ ...w, after_minutes: 60 * n })),
        message: a.message ? { ...a.message, holdout_pct: 0 } : undefined,
      })),
    }));
    await json("put", `/api/v1/launches/${id}`, {
      name: made.name,
      goods: made.goods,
      stages,
      revision: made.revision,
    });
    await walk.visit(`/console/launches/${id}/edit`);
    await page.getByText(/可以开始/).waitFor();
    await walk.look("launch-edit");
    await page.getByRole("button", { name: "开始这一波" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "开始这一波" }).click();
    await page.getByRole("list", { name: "阶段" }).waitFor();
    await expect.poll(async () => (await board()).launch.state, { timeout: 60_000 }).toBe("running");
  });

  it("lets a customer reserve on the page of the goods", async () => {
    const { page } = walk;
    await json("post", "/api/v1/shop/code", { phone });
    const sms = await json<{ text: string }>("get", `/api/v1/demo/sms?phone=${phone}`);
    await json("post", "/api/v1/shop/session", { phone, code: /\d{4,8}/.exec(sms.text)?.[0] ?? "" });
    await page.setViewportSize({ width: 390, height: 844 });
    await walk.visit(`/shop/p/${goods}`);
    await page.getByRole("button", { name: "预约提醒" }).click();
    await page.getByText("已预约", { exact: true }).waitFor();
    await walk.look("shop-reserve", { live: true });
    await page.getByRole("button", { name: "取消预约" }).click();
    await page.getByRole("button", { name: "预约提醒" }).click();
    await page.getByText("已预约", { exact: true }).waitFor();
    expect((await board()).total.reserved).toBe(1);
    await page.setViewportSize({ width: 1440, height: 900 });
  });

  it("sells when its time has come", async () => {
    await pass(4);
    await done("sale", "flash").toBeTruthy();
    await done("sale", "message", "reserved").toMatchObject({ people: 1 });
    const shown = await json<{ flash: { id: string }[] }>("get", `/api/v1/shop/goods/${goods}`);
    const made = (await board()).steps.find((s) => s.kind === "flash")?.made;
    expect(shown.flash.map((f) => f.id)).toContain(made);
  });

  it("asks who reserved and did not buy, and makes the next wave", async () => {
    const { page } = walk;
    await pass(1);
    await done("follow_up", "message", "reserved_not_bought").toMatchObject({ people: 1 });
    await pass(1);
    await expect.poll(async () => (await board()).next.length, { timeout: 60_000 }).toBe(1);
    await walk.visit(`/console/launches/${id}`);
    await page.getByRole("heading", { name: "动作进展" }).waitFor();
    await walk.look("launch-board", { live: true });
    await page.getByRole("button", { name: "终止这一波" }).click();
    await page.getByText(/收不回来：.*造势 发消息/).waitFor();
    await walk.look("launch-cancel", { live: true });
    await page.getByRole("dialog").getByRole("button", { name: "取消", exact: true }).click();
    await page.getByRole("button", { name: "预约了没买" }).click();
    await page.getByText("预约了，从这一波开始到现在没有买。").waitFor();
    const [next] = (await board()).next;
    await walk.visit(`/console/launches/${next}/edit`);
    await page.getByRole("heading", { name: /走一圈首发 · 第 2 波/ }).waitFor();
    await walk.look("launch-next");
  });
});
