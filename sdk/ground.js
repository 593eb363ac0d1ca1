// The ground that SDKs are tested on: the real server on new data, a door in front of it that can fail like a network
// does, and a browser.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);

/** Starts the server; SDK_BIN names another binary than ../bin/huoshui. Answers with its address and a signed-in `api`. */
export async function serve() {
  const data = mkdtempSync(join(tmpdir(), "huoshui-sdk-"));
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("HUOSHUI_")));
  const binary = resolve(process.env.SDK_BIN ?? join(import.meta.dirname, "../bin/huoshui"));
  const server = spawn(binary, ["serve", "--data", join(data, "d"), "--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "pipe"], env });
  const lines = [];
  const { url, login, password } = await new Promise((ready, fail) => {
    const found = {};
    const read = (line) => {
      lines.push(line);
      for (const [name, shape] of [["url", /(http:\/\/127\.0\.0\.1:\d+)/], ["login", /^\s*login\s+(\S+)/], ["password", /^\s*password\s+(\S+)/]]) {
        found[name] ??= shape.exec(line)?.[1];
      }
      if (found.url && found.login && found.password) ready(found);
    };
    createInterface({ input: server.stdout }).on("line", read);
    createInterface({ input: server.stderr }).on("line", read);
    server.on("exit", (code) => fail(new Error(`the server ended with ${code}:\n${lines.join("\n")}`)));
    server.on("error", fail);
  });
  let cookie = "";
  const api = async (method, path, body) => {
    const answer = await fetch(url + path, {
      method,
      headers: { cookie, ...(body && { "Content-Type": "application/json" }) },
      body: body && JSON.stringify(body),
    });
    cookie = answer.headers.getSetCookie()[0]?.split(";")[0] ?? cookie;
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? undefined : answer.json();
  };
  await api("POST", "/api/v1/session", { login, password });
  await api("PUT", "/api/v1/session/password", { old: password, password: "of the SDK tests" });
  const stop = async () => {
    const ended = new Promise((done) => server.once("exit", done));
    server.kill("SIGTERM");
    await ended;
    rmSync(data, { recursive: true, force: true });
  };
  return { url, api, stop, source: (draft) => api("POST", "/api/v1/sources", draft), lines };
}

/**
 * What became of a source's events, once the pipeline has seen `seen` of them, repetitions included:
 * `counts` by outcome and the `events` themselves.
 */
export async function told({ api }, source, seen) {
  for (const until = Date.now() + 30_000; ; await new Promise((done) => setTimeout(done, 100))) {
    const { outcomes } = await api("GET", "/api/v1/collect/status?days=2");
    const counts = {};
    for (const o of outcomes.filter((o) => o.source === source.id)) counts[o.outcome] = (counts[o.outcome] ?? 0) + o.n;
    const all = Object.values(counts).reduce((a, b) => a + b, 0);
    if (all >= seen || Date.now() > until) {
      const { items } = await api("GET", `/api/v1/collect/recent?source=${source.id}`);
      return { counts, events: items };
    }
  }
}

/**
 * A door in front of the server. `plan` is what happens to the next requests: "pass"; "drop", which lets the server keep
 * the request and breaks the connection instead of answering; or [status, headers]. Afterwards all pass.
 */
export async function door(target, plan = []) {
  const seen = [];
  const front = http.createServer((request, response) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", async () => {
      const body = Buffer.concat(parts);
      seen.push({ method: request.method, url: request.url, headers: request.headers, body });
      const next = plan.shift() ?? "pass";
      if (Array.isArray(next)) {
        response.writeHead(next[0], next[1]);
        response.end();
        return;
      }
      const { host, connection, "content-length": _, ...headers } = request.headers;
      const answer = await fetch(target + request.url, { method: request.method, headers, body: request.method === "GET" ? undefined : body });
      const text = Buffer.from(await answer.arrayBuffer());
      if (next === "drop") {
        request.socket.destroy();
        return;
      }
      const { "content-length": __, "content-encoding": ___, ...back } = Object.fromEntries(answer.headers);
      response.writeHead(answer.status, back);
      response.end(text);
    });
  });
  await new Promise((ready) => front.listen(0, "127.0.0.1", ready));
  return { url: `http://127.0.0.1:${front.address().port}`, seen, close: () => new Promise((done) => { front.close(done); front.closeAllConnections(); }) };
}

/** A browser on a page of another origin than the server's; `script` serves a file of a package under /name. */
export async function browser(scripts) {
  const site = http.createServer((request, response) => {
    const file = scripts[request.url.slice(1)];
    response.writeHead(200, { "Content-Type": file ? "text/javascript" : "text/html; charset=utf-8" });
    response.end(file ? readFileSync(join(require.resolve(`${file[0]}/package.json`), "..", file[1])) : "<!doctype html><title>首页</title><h1>shop</h1>");
  });
  await new Promise((ready) => site.listen(0, "127.0.0.1", ready));
  const profile = mkdtempSync(join(tmpdir(), "huoshui-chrome-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  const origin = `http://127.0.0.1:${site.address().port}`;
  return {
    origin,
    /** A new page with nothing remembered. */
    async page() {
      await context.clearCookies();
      const page = await context.newPage();
      page.faults = [];
      page.on("pageerror", (fault) => page.faults.push(fault.message));
      page.on("console", (message) => message.type() === "error" && page.faults.push(message.text()));
      await page.goto(`${origin}/?utm_source=wechat&utm_campaign=spring`);
      await page.evaluate(() => localStorage.clear());
      return page;
    },
    async close() {
      await context.close();
      await new Promise((done) => { site.close(done); site.closeAllConnections(); });
      rmSync(profile, { recursive: true, force: true });
    },
  };
}
