import { mkdtempSync } from "node:fs";
import { chromium } from "playwright-core";

const base = "http://localhost:5199";
const ctx = await chromium.launchPersistentContext(mkdtempSync("/tmp/h3prof-"), {
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  viewport: { width: 1440, height: 900 },
  locale: process.argv[3] ?? "zh-CN",
  timezoneId: "Asia/Shanghai",
});
const page = ctx.pages()[0];
page.on("pageerror", (e) => console.log("PAGEERROR", e.message.slice(0, 300)));
page.on("console", (m) => m.type() === "error" && console.log("CONSOLE", m.text().slice(0, 300)));
page.on("response", (r) => r.status() >= 400 && console.log(r.status(), r.url()));
const res = await page.request.post(base + "/api/v1/session", {
  data: { login: "admin", password: "demo-brand-1234" },
  headers: { Origin: base },
});
console.log("signin", res.status());
const steps = process.argv[2] ?? "all";
const tag = process.argv[3] ? "-en" : "";
const shot = async (n) => {
  await page.waitForTimeout(1500);
  await page.screenshot({ path: `/tmp/h3shots/${n}${tag}.png` });
};
const go = async (p) => {
  await page.goto(base + "/console" + p);
  await page.waitForLoadState("networkidle");
};
if (steps.includes("c")) {
  await go("/customers");
  await shot("customers");
  await page.locator("tbody tr.hs-row-link").nth(3).click();
  await shot("customers-drawer");
  const id = new URL(page.url()).searchParams.get("open");
  await go("/customers/" + id);
  await shot("customer");
  await page
    .locator(".hs-timeline button.hs-drill")
    .first()
    .click()
    .catch(() => {});
  await shot("customer-order");
}
if (steps.includes("i")) {
  await go("/imports");
  await shot("imports");
  const input = page.locator("input[type=file]");
  await input.setInputFiles(process.env.FILE ?? "/tmp/h3tmall.csv");
  await page.waitForURL(/imports\/imp_/);
  await page.waitForLoadState("networkidle");
  await shot("mapping");
  await page.getByRole("button", { name: tag ? "Dry run" : "试导入" }).click();
  await page.waitForTimeout(2500);
  await page.screenshot({ path: `/tmp/h3shots/dry${tag}.png`, fullPage: true });
  await page.getByRole("button", { name: tag ? "Start the import" : "开始导入" }).click();
  await page.waitForTimeout(Number(process.env.RUNWAIT ?? 600));
  await page.screenshot({ path: `/tmp/h3shots/running${tag}.png` });
  await page.waitForTimeout(Number(process.env.WAIT ?? 4000));
  await page.screenshot({ path: `/tmp/h3shots/result${tag}.png`, fullPage: true });
  await go("/imports");
  await shot("imports2");
}
await ctx.close();
