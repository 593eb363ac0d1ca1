// @vitest-environment node
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Catalogue } from "@huoshui/ui";
import { describe, expect, it } from "vitest";
import { messages } from "./i18n";

const root = fileURLToPath(new URL("../../..", import.meta.url));

function flatten(c: Catalogue, prefix = ""): Map<string, string> {
  const out = new Map<string, string>();
  for (const [key, value] of Object.entries(c)) {
    if (typeof value === "string") {
      out.set(prefix + key, value);
    } else {
      for (const [k, v] of flatten(value, `${prefix}${key}.`)) {
        out.set(k, v);
      }
    }
  }
  return out;
}

const zh = flatten(messages("zh"));
const en = flatten(messages("en"));

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => /\.tsx?$/.test(name) && !name.includes(".test.") && !name.includes(".gen."))
    .map((name) => join(folder, name));
}

const files = [...sources(join(root, "console/src")), ...sources(join(root, "packages/ui/src"))];

describe("the catalogues", () => {
  it("have the same keys in both languages", () => {
    expect([...zh.keys()].filter((k) => !en.has(k))).toEqual([]);
    expect([...en.keys()].filter((k) => !zh.has(k))).toEqual([]);
  });

  it("say everything with the same values in both languages", () => {
    const holes = (text: string) => [...text.matchAll(/\{\{\s*(\w+)/g)].map((m) => m[1]).sort();
    for (const [key, text] of zh) {
      expect(new Set(holes(en.get(key) ?? "")), key).toEqual(new Set(holes(text)));
    }
  });

  it("leave nothing unsaid, and shout nothing", () => {
    for (const [key, text] of [...zh, ...en]) {
      expect(text.trim() !== "" || (zh.get(key) === "" && en.get(key) === ""), key).toBe(true); // nothing said in both is meant
      expect(text, key).not.toMatch(/[!!]/);
    }
  });

  it("use Chinese punctuation in Chinese", () => {
    for (const [key, text] of zh) {
      expect(text, key).not.toMatch(/\p{Script=Han}[,;:?]|[,;:?]\p{Script=Han}|\(\p{Script=Han}|\p{Script=Han}\)/u);
    }
  });

  it("speak the language they are of", () => {
    for (const [key, text] of en) {
      expect(text === "切换到中文" || !/\p{Script=Han}/u.test(text), `${key}: ${text}`).toBe(true);
    }
  });

  it("have every key that the code asks for", () => {
    const missing: string[] = [];
    for (const file of files) {
      const text = readFileSync(file, "utf8");
      for (const [, key] of text.matchAll(/\bt\(\s*"([a-z_]+(?:\.[A-Za-z0-9_/]+)+)"/g)) {
        if (key && !zh.has(key) && !zh.has(`${key}_other`)) {
          missing.push(`${file.slice(root.length)}: ${key}`);
        }
      }
      for (const [, prefix] of text.matchAll(/\bt\(\s*`([a-z_]+(?:\.[a-z0-9_]+)*\.)\$\{/g)) {
        if (prefix && ![...zh.keys()].some((k) => k.startsWith(prefix))) {
          missing.push(`${file.slice(root.length)}: ${prefix}…`);
        }
      }
    }
    expect(missing).toEqual([]);
  });

  it("name every page, section and settings tab", async () => {
    const { features } = await import("../features");
    for (const f of features) {
      for (const title of [...f.pages.map((p) => p.title), ...(f.settings ?? []).map((s) => s.title)]) {
        expect(zh.has(title), title).toBe(true);
      }
    }
  });
});
