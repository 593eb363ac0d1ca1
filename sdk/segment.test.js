import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Analytics } from "@segment/analytics-node";
import { browser, door, serve, told } from "./ground.js";

let ground;
before(async () => { ground = await serve(); });
after(() => ground?.stop());

/** Six calls of every kind, three in a request. */
async function sixCalls(host, writeKey) {
  const faults = [];
  const analytics = new Analytics({ writeKey, host, flushAt: 3, flushInterval: 200 });
  analytics.on("error", (fault) => faults.push(fault));
  analytics.identify({ userId: "u1", traits: { name: "李雷", phone: "13800138000" } });
  analytics.track({ userId: "u1", event: "Order Completed", properties: { total: 12.5 } });
  analytics.page({ userId: "u1", name: "首页", properties: { url: "https://shop.example/" } });
  analytics.screen({ anonymousId: "a1", name: "Home" });
  analytics.group({ userId: "u1", groupId: "g1", traits: { size: 3 } });
  analytics.alias({ userId: "u1", previousId: "a1" });
  await analytics.closeAndFlush({ timeout: 60_000 });
  return faults;
}

for (const [what, plan, requests, duplicates] of [
  ["when all goes well", [], 2, 0],
  ["after 503 twice", [[503, {}], [503, {}]], 4, 0],
  ["after 429 with Retry-After", [[429, { "Retry-After": "1" }]], 3, 0],
  ["after a connection that broke behind the commit", ["drop"], 3, 3],
]) {
  test(`analytics-node: every event counts once ${what}`, async () => {
    const source = await ground.source({ name: `node ${what}`, kind: "server" });
    const front = await door(ground.url, plan);
    const faults = await sixCalls(front.url, source.write_key);
    const { counts, events } = await told(ground, source, 6 + duplicates);
    await front.close();
    assert.deepEqual(faults, []);
    assert.equal(front.seen.length, requests);
    assert.equal(counts.accepted, 6, JSON.stringify(counts));
    assert.equal(counts.duplicate ?? 0, duplicates);
    assert.equal(counts.dead ?? 0, 0);
    const taken = events.filter((e) => e.status === "accepted");
    assert.deepEqual(taken.map((e) => `${e.kind} ${e.name}`.trim()).sort(), ["bind", "identify", "identify", "track Order Completed", "view Home", "view 首页"]);
    assert.equal(new Set(taken.map((e) => e.customer)).size <= 2, true);
  });
}

test("analytics-node: what is too large is refused before it is sent, or ends as a dead letter", async () => {
  const source = await ground.source({ name: "node too large", kind: "server" });
  const front = await door(ground.url);
  const analytics = new Analytics({ writeKey: source.write_key, host: front.url, flushAt: 1 });
  const big = (text) => new Promise((done) => {
    analytics.track({ userId: "u1", event: "Big", properties: { x: text.repeat(33 << 10) } }, (error, context) => done(error ?? context.failedDelivery()));
  });
  assert.ok(await big("i"));
  assert.equal(front.seen.length, 0);
  assert.ok(!(await big("x")), "the SDK counts letters in a way of its own and lets this one go");
  await analytics.closeAndFlush();
  const { counts } = await told(ground, source, 1);
  await front.close();
  assert.equal(counts.dead, 1);
  assert.equal(counts.accepted ?? 0, 0);
});

test("analytics-next in Chromium: settings, single calls and batches over the border of origins", async () => {
  const chrome = await browser({ "analytics.js": ["@segment/analytics-next", "dist/umd/standalone.js"] });
  try {
    for (const strategy of ["standard", "batching"]) {
      const source = await ground.source({ name: `browser ${strategy}`, kind: "browser", origins: [chrome.origin] });
      const page = await chrome.page();
      const [host, key] = [ground.url, source.write_key];
      await page.evaluate(([host, key]) => {
        window.analytics = Object.assign([], { _writeKey: key, _cdn: host, _loadOptions: {} });
      }, [host, key]);
      const settings = await page.evaluate(async ([host, key]) => (await fetch(`${host}/v1/projects/${key}/settings`)).json(), [host, key]);
      assert.equal(settings.integrations["Segment.io"].apiHost, `${new URL(ground.url).host}/v1`);
      await page.evaluate(([strategy]) => {
        window.analytics._loadOptions = { integrations: { "Segment.io": { deliveryStrategy: { strategy, config: { size: 3, timeout: 300 } } } } };
      }, [strategy]);
      await page.addScriptTag({ url: "/analytics.js" });
      await page.waitForFunction(() => window.analytics?.initialized === true);
      await page.evaluate(async () => {
        const a = window.analytics;
        await Promise.all([a.page("首页"), a.identify("u2", { name: "韩梅梅", phone: "13900139000" }), a.track("Product Viewed", { sku: "s1" })]);
      });
      const { counts, events } = await told(ground, source, 3);
      assert.deepEqual(counts, { accepted: 3 }, page.faults.join("\n"));
      assert.deepEqual(events.map((e) => e.kind).sort(), ["identify", "track", "view"]);
      const identify = events.find((e) => e.kind === "identify");
      assert.deepEqual(identify.keys.map((k) => k.kind).sort(), ["device", "user"], "a page names nobody by phone");
      assert.equal(new Set(events.map((e) => e.customer)).size <= 2, true);
      await page.close();
    }
  } finally {
    await chrome.close();
  }
});
