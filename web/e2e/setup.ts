import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { TestProject } from "vitest/node";

/** How to get into the demo brand, as `huoshui demo --json` prints it. */
export interface Door {
  url: string;
  sign_in_url: string;
  phone_url: string;
  login: string;
  password: string;
}

declare module "vitest" {
  export interface ProvidedContext {
    door: Door;
    shots: string;
  }
}

/** Starts the real binary on a new demo brand and a free port; WALK_BIN names another binary. */
export default async function setup(project: TestProject) {
  const binary = resolve(process.env.WALK_BIN ?? join(import.meta.dirname, "../../bin/huoshui"));
  const data = mkdtempSync(join(tmpdir(), "huoshui-walk-"));
  const shots = process.env.WALK_SHOTS ?? mkdtempSync(join(tmpdir(), "huoshui-shots-"));
  const server = spawn(
    binary,
    ["demo", "--json", "--people", "4000", "--data", join(data, "brand"), "--listen", "127.0.0.1:0"],
    {
      stdio: ["ignore", "pipe", "pipe"],
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("HUOSHUI_"))),
    },
  );
  const log: string[] = [];
  createInterface({ input: server.stderr }).on("line", (line) => log.push(line));
  const door = await opened(server, log);
  project.provide("door", door);
  project.provide("shots", shots);
  return async () => {
    server.kill("SIGTERM");
    await new Promise((done) => (server.exitCode === null ? server.once("exit", done) : done(null)));
    // A request that the browser gave up ends as 503 with nobody to read it; one that a page reads is a fault of its walk.
    const bad = log.filter((line) => line.includes("level=ERROR") && !/msg=request .*status=503/.test(line));
    rmSync(data, { recursive: true, force: true });
    process.stdout.write(`screenshots: ${shots}\n`);
    if (bad.length > 0) {
      throw new Error(`the server logged errors:\n${bad.join("\n")}`);
    }
  };
}

function opened(server: ChildProcess, log: string[]): Promise<Door> {
  return new Promise((done, fail) => {
    const late = setTimeout(() => fail(new Error(`no demo brand after two minutes\n${log.join("\n")}`)), 120_000);
    server.once("exit", (code) => fail(new Error(`huoshui demo ended with ${code}\n${log.join("\n")}`)));
    server.once("error", fail);
    if (server.stdout) {
      createInterface({ input: server.stdout }).once("line", (line) => {
        clearTimeout(late);
        done(JSON.parse(line) as Door);
      });
    }
  });
}
