import { describe, expect, it } from "vitest";
import { csvOf } from "./files";
import { dayStart } from "./time";

describe("files of the trade pages", () => {
  it("quotes what must be quoted and lets no cell be a formula", () => {
    expect(csvOf([["a,b", 'c"d', "=1+1"]])).toBe('\uFEFF"a,b","c""d",\'=1+1\r\n');
  });
  it("knows when a business day begins, whatever its zone", () => {
    expect(dayStart("2026-03-01", "Asia/Shanghai")).toBe("2026-02-28T16:00:00.000Z");
    expect(dayStart("2026-03-01", "Asia/Shanghai", 1)).toBe("2026-03-01T16:00:00.000Z");
  });
});
