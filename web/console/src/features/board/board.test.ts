import { percentagePoints, verdictOf } from "@huoshui/ui";
import { expect, test } from "vitest";
import { readDrill, writeDrill } from "./NumberPeople";
import { scaleOf, times } from "./parts";

const line = (low: number, high: number) => ({ result: { conversion: { estimate: 0, low, high } } }) as never;

test("lines share one scale with zero in the middle", () => {
  expect(scaleOf([line(-0.01, 0.05), line(-0.2, 0.1)])).toEqual([-0.22000000000000003, 0.22000000000000003]);
  expect(scaleOf([])[1]).toBeGreaterThan(0);
});

test("the address of a drill says whose people are asked for", () => {
  const drill = { kind: "campaigns", id: "cmp_1", number: "converted" } as const;
  expect(readDrill(writeDrill(drill))).toEqual(drill);
  expect(readDrill("")).toBeUndefined();
  expect(readDrill("customers:1:2")).toBeUndefined();
});

test("verdicts and figures in words", () => {
  expect(["works", "hurts", "no_effect_seen", "unknown"].map(verdictOf)).toEqual(["works", "harms", "none", "unknown"]);
  expect(percentagePoints(0.0123, "zh")).toBe("+1.23");
  expect(times(2.34, "zh")).toBe("2.3×");
});
