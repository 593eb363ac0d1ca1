import { expect, it } from "vitest";
import { canBe } from "./choice";

it("offers what some SKU in stock has beside the other choices", () => {
  const skus = [
    { choice: ["鸡肉", "2kg"], free: 3 },
    { choice: ["鸡肉", "10kg"], free: 0 },
    { choice: ["鱼肉", "10kg"], free: 1 },
  ];
  expect(canBe(skus, [undefined, undefined], 1, "10kg")).toBe(true);
  expect(canBe(skus, ["鸡肉", undefined], 1, "10kg")).toBe(false);
  expect(canBe(skus, ["鸡肉", "2kg"], 0, "鱼肉")).toBe(false);
  expect(canBe(skus, ["鸡肉", "10kg"], 0, "鱼肉")).toBe(true);
  expect(canBe(skus, [undefined, undefined], 0, "牛肉")).toBe(false);
});
