import { describe, expect, test } from "vitest";
import { differences, valueAt, withValue } from "./draft";
import { conditionOf, readDrill, writeDrill } from "./LayerPeople";
import { apart, course } from "./OverviewTab";
import { type Definition, ranges } from "./words";

const definition = {
  preset: "retail",
  rfm: { method: "quantile", manual: { frequency: [1, 2, 4, 8] } },
  layers: { vip: { min_orders: 2 } },
} as unknown as Definition;

describe("words of scores", () => {
  test("a break belongs to the lower score; a score nobody can have says so", () => {
    expect(ranges([13.8, 33, 72, 180], String)).toEqual(["≤ 13", "14–33", "34–72", "73–180", "> 180"]);
    expect(ranges([1, 2, 3, 6], String)).toEqual(["≤ 1", "2", "3", "4–6", "> 6"]);
    expect(ranges([1, 1, 1, 2], String)).toEqual(["≤ 1", "—", "—", "2", "> 2"]);
  });

  test("recency is told the other way round", () => {
    expect(ranges([13.8, 33, 72, 180], String, true)[4]).toBe("≤ 13");
  });
});

describe("a definition being edited", () => {
  test("a change leaves the original alone and makes it custom", () => {
    const changed = withValue(definition, "layers.vip.min_orders", 3);
    expect(valueAt(definition, "layers.vip.min_orders")).toBe(2);
    expect(valueAt(changed, "layers.vip.min_orders")).toBe(3);
    expect(changed.preset).toBe("custom");
    expect(differences(definition, changed)).toBe(1);
    expect(differences(definition, withValue(changed, "layers.vip.min_orders", 2))).toBe(0);
  });

  test("a break inside a list is changed in place", () => {
    const changed = withValue(definition, "rfm.manual.frequency.2", 5);
    expect(valueAt(changed, "rfm.manual.frequency")).toEqual([1, 2, 5, 8]);
    expect(differences(definition, changed)).toBe(1);
  });
});

describe("from a figure to a segment", () => {
  test("the address holds what was clicked", () => {
    const drill = { layer: "silent", from_layer: "vip", from_day: "2026-06-30", stage: undefined };
    expect(readDrill(writeDrill(drill))).toEqual({ layer: "silent", from_layer: "vip", from_day: "2026-06-30" });
  });

  test("becomes a condition where a condition can say the same", () => {
    expect(conditionOf({ layer: "vip" })).toEqual({ kind: "layer", spec: { in: ["vip"] } });
    expect(conditionOf({ r: "5", f: "4" })).toEqual({
      kind: "rfm",
      spec: { r: { min: 5, max: 5 }, f: { min: 4, max: 4 } },
    });
    expect(conditionOf({ layer: "vip", class: "champion" })).toEqual({
      kind: "and",
      spec: {
        of: [
          { kind: "layer", spec: { in: ["vip"] } },
          { kind: "rfm", spec: { class: ["champion"] } },
        ],
      },
    });
    expect(conditionOf({ layer: "vip", from_layer: "lost", from_day: "2026-06-30" })).toBeUndefined();
  });
});

test("names at the ends of lines do not lie on one another", () => {
  const day = "2026-06-30";
  const points = [
    { day, code: "vip", people: 100 },
    { day, code: "new", people: 100 },
    { day, code: "lost", people: 0 },
    { day, code: "silent", people: 1000 },
  ];
  const moved = apart(points);
  const at = points.map((p) => 150 - (p.people / 1000) * 150 + (moved[p.code] ?? 0)).sort((a, b) => a - b);
  for (let i = 1; i < at.length; i++) {
    expect((at[i] ?? 0) - (at[i - 1] ?? 0)).toBeGreaterThanOrEqual(14);
  }
  expect(Math.max(...at)).toBeLessThanOrEqual(150);
});

test("a card's line has even steps: month ends until there are enough days", () => {
  const point = (day: string, people: number, reconstructed: boolean) => ({
    day,
    code: "vip",
    people,
    value_fen: 0,
    reconstructed,
  });
  const few = [
    point("2026-05-31", 1, true),
    point("2026-06-30", 2, true),
    point("2026-07-01", 3, false),
    point("2026-07-02", 4, false),
  ];
  expect(course(few, "vip")).toEqual([1, 2, 4]);
  const days = Array.from({ length: 12 }, (_, i) => point(`2026-07-${String(i + 1).padStart(2, "0")}`, i, false));
  expect(course([...few.slice(0, 2), ...days], "vip")).toEqual(days.map((d) => d.people));
});
