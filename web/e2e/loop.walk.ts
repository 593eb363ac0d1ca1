import { describe, expect, it } from "vitest";
import { walking } from "./walk";

describe("once around the loop", () => {
  const walk = walking();
  let campaign = "";

  it("chooses a strategy of the library", async () => {
    const { page } = walk;
    await walk.visit("/console/strategies");
    await page.getByText("沉默客户唤回").first().waitFor();
    await walk.look("strategies");
    await page.getByText("沉默客户唤回").first().click();
    await page.waitForURL(/strategies\/str_silent_recall|open=/);
    await walk.look("strategy");
  });

  it("sends it to the silent layer with one in ten held out", async () => {
    const { page } = walk;
    await walk.visit("/console/campaigns");
    await walk.look("campaigns-empty");
    await walk.visit("/console/campaigns/new");
    const main = page.getByRole("main");
    const next = main.getByRole("button", { name: "下一步" });
    await main.getByRole("button", { name: /沉默/ }).click();
    await walk.look("wizard-audience");
    await next.click();
    await main.getByRole("button", { name: /沉默客户唤回/ }).click();
    await walk.look("wizard-content");
    await next.click();
    await main.getByRole("slider").first().waitFor();
    await main.getByText(/策略建议在/).waitFor(); // the strategy's day and hour are filled in; the walk does not wait for them
    await walk.look("wizard-channels");
    await main.getByText("立刻", { exact: true }).click();
    await next.click();
    await main.getByPlaceholder(/三月沉睡唤回/).fill("走一圈的唤回");
    await walk.look("wizard-check");
    await main.getByRole("button", { name: "发出去" }).click();
    const ask = page.getByRole("dialog");
    await ask.getByText(/人/).first().waitFor();
    await walk.look("wizard-confirm");
    await ask.getByRole("button", { name: "发出去" }).click();
    await page.waitForURL(/campaigns\/cmp_[^/]+$/);
    campaign = /cmp_[^/?]+/.exec(page.url())?.[0] ?? "";
    await main.getByText("已完成").first().waitFor({ timeout: 30_000 });
    await walk.look("campaign");
    const state = (await (await page.request.get(`${walk.url}/api/v1/campaigns/${campaign}`)).json()) as {
      campaign: { audience: number; reach: number; holdout: number };
      counts: { step: string; n: number }[];
    };
    const { audience, reach, holdout } = state.campaign;
    expect(reach + holdout).toBe(audience);
    expect(holdout / audience).toBeGreaterThan(0.06);
    expect(holdout / audience).toBeLessThan(0.14);
    expect(state.counts.find((c) => c.step === "sent")?.n).toBeGreaterThan(100);
  });

  it("lets fifteen days pass", async () => {
    const { page } = walk;
    await walk.visit("/console/");
    const before = await page.getByTestId("demo-today").textContent();
    for (const days of [1, 7, 7]) {
      await page.getByTestId(`advance-${days}`).click();
      await page.getByTestId(`advance-${days}`).waitFor({ state: "detached" });
      await page.getByTestId(`advance-${days}`).waitFor({ timeout: 120_000 });
    }
    expect(await page.getByTestId("demo-today").textContent()).not.toBe(before);
    await walk.look("overview-after");
  }, 300_000);

  it("reads on the board what it earned", async () => {
    const { page } = walk;
    await walk.visit("/console/board");
    await page.getByText("沉默客户唤回").first().waitFor();
    await page
      .getByText(/有效|无效|还不能判断/)
      .first()
      .waitFor();
    await walk.look("board");
    const report = (await (await page.request.get(`${walk.url}/api/v1/board/campaigns/${campaign}`)).json()) as {
      steps: { opened: number; converted: number };
    };
    expect(report.steps.opened).toBeGreaterThan(20);
    expect(report.steps.converted).toBeGreaterThan(0);
    await page.getByText("沉默客户唤回").first().click();
    await page.getByText(/对照/).first().waitFor();
    await walk.look("board-strategy");
  });
});
