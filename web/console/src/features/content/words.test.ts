import { expect, test } from "vitest";
import { covered, insertAt, say, written } from "./words";

test("a variable goes in where the cursor is, with a fallback where one is needed", () => {
  expect(insertAt("你好,再见", 3, 3, written("name", false, "朋友"))).toEqual({
    value: "你好,{{name|朋友}}再见",
    cursor: 14,
  });
  expect(insertAt("abc", 1, 2, written("brand", true, "x"))).toEqual({ value: "a{{brand}}c", cursor: 10 });
});

test("a body without a channel serves every channel", () => {
  const body = { channel: "" as const, language: "zh" as const, subject: "", text: "" };
  expect(covered([body])).toEqual(["phone", "email", "task", "webhook"]);
  expect(covered([{ ...body, channel: "email" as const }])).toEqual(["email"]);
});

test("words fall back to the other language", () => {
  expect(say({ zh: "中" }, "en")).toBe("中");
  expect(say({ zh: "", en: "E" }, "zh")).toBe("E");
});
