import { describe, expect, it } from "vitest";
import { say } from "./i18n";

const files = import.meta.glob<{ zh: Words; en: Words }>("./words/*.ts", { eager: true });

interface Words {
  [key: string]: string | Words;
}

function texts(words: Words, at = ""): [string, string][] {
  return Object.entries(words).flatMap(([key, value]): [string, string][] =>
    typeof value === "string" ? [[at + key, value]] : texts(value, `${at}${key}.`),
  );
}

const holes = (text: string) => [...new Set(text.match(/\{\w+\}/g))].sort().join();

describe("words", () => {
  it.each(Object.entries(files))("%s says the same things in both languages", (_, both) => {
    const english = new Map(texts(both.en));
    expect(new Set(english.keys())).toEqual(new Set(texts(both.zh).map(([key]) => key)));
    for (const [key, text] of texts(both.zh)) {
      expect(holes(english.get(key) ?? ""), key).toBe(holes(text));
      expect(english.get(key), key).not.toBe("");
      expect(text, key).not.toMatch(/[\p{Script=Han}][,:;()!?]|[,:;()!?][\p{Script=Han}]/u);
    }
  });
  it("fill in their values", () => {
    expect(say("{n} of {m}", { n: 1, m: 2 })).toBe("1 of 2");
  });
});
