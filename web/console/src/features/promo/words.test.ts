import { describe, expect, it } from "vitest";
import { emptyDraft, instantOf, rateText, wallOf } from "./words";

describe("offers in words", () => {
  it("says rates as people do", () => {
    expect(rateText(8800, "zh")).toBe("8.8 折");
    expect(rateText(8800, "en")).toBe("12% off");
  });

  it("reads and writes the clock of a zone", () => {
    expect(wallOf("2026-11-11T00:00:00Z", "Asia/Shanghai")).toBe("2026-11-11 08:00");
    expect(instantOf("2026-11-11 08:00", "Asia/Shanghai")).toBe("2026-11-11T00:00:00.000Z");
  });

  it("begins every kind with terms of its kind", () => {
    for (const kind of ["coupon", "reduction", "bundle", "member", "freight"] as const) {
      expect(Object.keys(emptyDraft(kind).terms)).toEqual([kind]);
    }
  });
});
