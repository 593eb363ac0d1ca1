import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, inject } from "vitest";

const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

/** One signed-in browser window and what may be asked of it. */
export interface Walk {
  page: Page;
  url: string;
  /** Goes to an address of the console ("/layers") and waits until the page says something. */
  visit: (path: string) => Promise<void>;
  /** Takes a picture, and fails on serious accessibility faults, page errors and failed requests since the last look; a live page never falls silent. */
  look: (name: string, options?: { live?: boolean }) => Promise<void>;
}

/** Rules of axe that are not ours: a name may say more than a cell has room to show ("R5、F1:145 人" on "145"). */
const notOurs = ["label-content-name-mismatch"];

/** Opens a browser for a file of walks: an empty profile, the console in Chinese, signed in by the one-time door. */
export function walking(options: { width?: number; height?: number; signIn?: boolean } = {}): Walk {
  const walk = {} as Walk;
  let profile: string;
  let context: BrowserContext;
  const faults: string[] = [];
  beforeAll(async () => {
    profile = mkdtempSync(join(tmpdir(), "huoshui-chrome-"));
    context = await chromium.launchPersistentContext(profile, {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
      viewport: { width: options.width ?? 1440, height: options.height ?? 900 },
      locale: "zh-CN",
      timezoneId: "Asia/Shanghai",
      reducedMotion: "reduce",
    });
    const door = inject("door");
    const page = context.pages()[0] ?? (await context.newPage());
    page.setDefaultTimeout(30_000);
    page.on("pageerror", (error) => faults.push(`page error: ${error.message}`));
    page.on("console", (message) => {
      if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
        faults.push(`console: ${message.text()}`);
      }
    });
    page.on("response", (response) => {
      if (response.status() >= 500) {
        faults.push(`${response.status()} ${response.request().method()} ${response.url()}`);
      }
    });
    walk.page = page;
    walk.url = door.url;
    walk.visit = async (path) => {
      await page.goto(door.url + path);
      await page.getByRole("heading", { level: 1 }).first().waitFor();
    };
    walk.look = async (name, options) => {
      if (!options?.live) {
        await page.waitForLoadState("networkidle");
        await page.waitForFunction(settled); // what waits for an answer is drawn paler
      }
      await page.screenshot({ path: join(inject("shots"), `${name}.png`), fullPage: false });
      expect.soft(await accessible(page), `accessibility of ${name}`).toEqual([]);
      expect.soft(faults.splice(0), `faults of ${name}`).toEqual([]);
    };
    if (options.signIn !== false) {
      await signIn(page, door);
    }
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") {
      const name = `failed-${task.name.replace(/[^a-z0-9]+/gi, "-").slice(0, 60)}.png`;
      await walk.page?.screenshot({ path: join(inject("shots"), name) }).catch(() => undefined);
    }
  });
  afterAll(async () => {
    await context?.close();
    rmSync(profile, { recursive: true, force: true });
  });
  return walk;
}

/** Signs in with login and password, by the API: the form has a walk of its own. */
async function signIn(page: Page, door: { url: string; login: string; password: string }) {
  const answer = await page.request.post(`${door.url}/api/v1/session`, {
    data: { login: door.login, password: door.password },
  });
  expect(answer.status(), await answer.text()).toBe(200);
}

/** A flash sale of a SKU from now on, whatever day other walks have made it; with a waiting room if so many may order at once. */
export async function flashSale(walk: Walk, sku: string, atOnce: number): Promise<string> {
  const business = await walk.page.request.get(`${walk.url}/api/v1/business`);
  const now = Date.parse(((await business.json()) as { now: string }).now);
  const made = await walk.page.request.post(`${walk.url}/api/v1/flash-sales`, {
    data: {
      name: "走一圈秒杀",
      sku,
      price_fen: 100,
      starts_at: new Date(now).toISOString(),
      ends_at: new Date(now + 86_400_000).toISOString(),
      units: 50,
      per_person: 1,
      at_once: atOnce,
    },
  });
  expect(made.ok(), await made.text()).toBe(true);
  return ((await made.json()) as { id: string }).id;
}

/** Runs in the page: nothing waits for an answer, and nothing is on its way from one look to another. */
function settled(): boolean {
  const moving = document
    .getAnimations()
    .some((a) => a.playState === "running" && a.effect?.getComputedTiming().iterations !== Number.POSITIVE_INFINITY);
  return !moving && !document.querySelector('[aria-busy="true"]');
}

/** Serious and critical faults that axe finds in what is on the screen. */
async function accessible(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async (skip) => {
    const axe = (window as unknown as { axe: { run: (root: Document, options: object) => Promise<AxeResult> } }).axe;
    const result = await axe.run(document, {
      resultTypes: ["violations"],
      rules: Object.fromEntries(skip.map((id) => [id, { enabled: false }])),
    });
    return result.violations
      .filter((v) => v.impact === "serious" || v.impact === "critical")
      .map((v) => {
        const where = v.nodes.slice(0, 4).map((n) => `${n.target.join(" ")} ${n.html.slice(0, 140)}`);
        return `${v.id}: ${where.join(" | ")}`;
      });
  }, notOurs);
}

interface AxeResult {
  violations: { id: string; impact: string; nodes: { target: string[]; html: string }[] }[];
}
