import { describe, expect, it } from "vitest";
import { choices, emptySKU, margin, moved, skusOf } from "./words";

const taste = { name: "口味", values: ["鸡肉", "鱼肉"] };
const size = { name: "重量", values: ["1kg", "2kg"] };

describe("specs become SKUs", () => {
  it("crosses every value of every spec", () => {
    expect(choices([taste, size])).toEqual([
      ["鸡肉", "1kg"],
      ["鸡肉", "2kg"],
      ["鱼肉", "1kg"],
      ["鱼肉", "2kg"],
    ]);
    expect(choices([])).toEqual([[]]);
  });
  it("keeps codes and prices of what was there, and makes codes nobody has", () => {
    const first = skusOf([taste], [{ ...emptySKU([], "A"), price_fen: 990 }], "G");
    expect(first.map((k) => [k.code, k.price_fen])).toEqual([
      ["A", 990],
      ["G-2", 990],
    ]);
    const more = skusOf([{ ...taste, values: ["牛肉", ...taste.values] }], first, "G");
    expect(more.map((k) => [k.choice[0], k.code])).toEqual([
      ["牛肉", "G-1"],
      ["鸡肉", "A"],
      ["鱼肉", "G-2"],
    ]);
  });
  it("tells margins only where a cost is known", () => {
    expect(margin({ price_fen: 1000, cost_fen: 400 })).toBeCloseTo(0.6);
    expect(margin({ price_fen: 1000, cost_fen: 0 })).toBeUndefined();
  });
  it("moves one thing", () => {
    expect(moved(["a", "b", "c"], 2, 0)).toEqual(["c", "a", "b"]);
  });
});
