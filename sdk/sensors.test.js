import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { browser, serve, told } from "./ground.js";

const SA = createRequire(import.meta.url)("sa-sdk-node");
let ground;
before(async () => { ground = await serve(); });
after(() => ground?.stop());

/** A new SDK that sends; it allows itself one for the life of a process. */
function sending(options) {
  delete globalThis.isRunSubmitTo;
  const sa = new SA();
  sa.submitTo(options);
  return sa;
}

/** The server_url that a source's developer is given. */
const address = (source) => source.use.sensors_server_url;

for (const gzip of [false, true]) {
  test(`sa-sdk-node: every type of record, ${gzip ? "gzipped" : "plain"}`, async () => {
    const source = await ground.source({ name: `sa node ${gzip}`, kind: "server" });
    const sa = sending({ url: address(source), gzip, mode: "track" });
    sa.track("d1", "BuyProduct", { Price: 9.5, Tags: ["a", "b"] });
    sa.trackSignup("u1", "d1", { from: "wechat" });
    sa.profileSet("u1", { city: "杭州" });
    sa.profileIncrement("u1", { points: 3 });
    sa.profileAppend("u1", { likes: ["tea"] });
    sa.profileUnset("u1", ["age"]);
    sa.itemSet("sku", "s1", { price: 9 });
    const { counts, events } = await told(ground, source, 7);
    assert.deepEqual(counts, { accepted: 7 });
    assert.deepEqual(events.map((e) => e.kind).sort(), ["bind", "identify", "identify", "identify", "identify", "item", "track"]);
    assert.equal(new Set(events.filter((e) => e.kind === "identify").map((e) => e.customer)).size, 1, "they are of one person");
  });
}

test("sa-sdk-node: a dry run keeps nothing", async () => {
  const source = await ground.source({ name: "sa node dry", kind: "server" });
  const sa = sending({ url: address(source), mode: "dryRun" });
  sa.track("d1", "BuyProduct", { Price: 9.5 });
  const real = sending({ url: address(source), mode: "debug" });
  real.track("d1", "BuyReally", { Price: 9.5 });
  const { counts, events } = await told(ground, source, 1);
  assert.deepEqual(counts, { accepted: 1 });
  assert.deepEqual(events.map((e) => e.name), ["BuyReally"]);
});

for (const [transport, para, batched] of [
  ["image", { send_type: "image" }, false],
  ["ajax", { send_type: "ajax" }, false],
  ["beacon", { send_type: "beacon" }, false],
  ["batches", { send_type: "ajax", batch_send: { send_interval: 500 } }, true],
]) {
  test(`sa-sdk-javascript in Chromium: by ${transport}`, async () => {
    const chrome = await browser({ "sensorsdata.js": ["sa-sdk-javascript", "sensorsdata.min.js"] });
    try {
      const source = await ground.source({ name: `sa ${transport}`, kind: "browser", origins: [chrome.origin] });
      const page = await chrome.page();
      const sent = [];
      page.on("request", (r) => r.url().includes("/sa") && !r.url().endsWith(".js") && sent.push(`${r.method()} ${new URL(r.url()).pathname}`));
      await page.addScriptTag({ url: "/sensorsdata.js" });
      await page.evaluate(([server_url, para]) => {
        const sa = window.sensorsDataAnalytic201505;
        sa.init({ server_url, show_log: false, is_track_single_page: false, ...para });
        sa.quick("autoTrack");
        sa.track("ProductViewed", { sku: "s1" });
        sa.login("u9");
        sa.setProfile({ city: "杭州" });
        sa.bind("$identity_mobile", "13800138000");
      }, [address(source), para]);
      const { counts, events } = await told(ground, source, 5);
      assert.equal(counts.dead ?? 0, 0, JSON.stringify(events));
      assert.equal(counts.accepted >= 5, true, `${JSON.stringify(counts)} ${sent.join(", ")} ${page.faults.join("\n")}`);
      for (const name of ["$pageview", "ProductViewed", "$SignUp", "$BindID"]) {
        assert.ok(events.some((e) => e.name === name), `${name} is missing: ${events.map((e) => e.name)}`);
      }
      const bind = events.find((e) => e.name === "$BindID");
      assert.ok(bind.keys.every((k) => k.kind === "user" || k.kind === "device"), "a page binds nobody's phone");
      assert.ok(sent.some((s) => s.startsWith(transport === "image" ? "GET" : "POST")), sent.join(", "));
      await page.close();
    } finally {
      await chrome.close();
    }
  });
}
