import { describe, expect, it } from "vitest";
import { difference, ruleOf, withRule } from "./rules";
import { course } from "./words";

describe("rules of events", () => {
  const any = { event: "Pay", description: "付款" };
  const own = { source: "s1", event: "Pay", block: true };

  it("prefer the source's own rule", () => {
    expect(ruleOf([any, own], "s1", "Pay")).toBe(own);
    expect(ruleOf([any, own], "s2", "Pay")).toBe(any);
    expect(ruleOf([any, own], "s2", "View")).toBeUndefined();
  });

  it("are replaced, added, and dropped when they say nothing", () => {
    expect(withRule([any], own)).toEqual([any, own]);
    expect(withRule([any, own], { ...own, block: false })).toEqual([any, { ...own, block: false }]);
    expect(withRule([own], { ...own, block: false })).toEqual([]);
    expect(withRule([any], { event: "Pay", owner: "小林" })).toEqual([{ event: "Pay", owner: "小林" }]);
  });

  it("tell how two versions differ", () => {
    expect(difference([any], [{ ...any, owner: "小林" }, own])).toEqual({
      added: ["Pay"],
      changed: ["Pay"],
      removed: [],
    });
    expect(difference([any, own], [own]).removed).toEqual(["Pay"]);
  });
});

describe("the course of a volume", () => {
  it("ends today and has a 0 for days without any", () => {
    expect(course([{ day: "2026-03-01", n: 4 }], "2026-03-02", 3)).toEqual([0, 4, 0]);
  });
});
