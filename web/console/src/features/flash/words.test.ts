import { describe, expect, it } from "vitest";
import { type Sale, standing, windows } from "./words";

const sale = {
  starts_at: "2026-03-01T10:00:00Z",
  ends_at: "2026-03-01T11:00:00Z",
  units: 10,
  taken: 0,
  stopped: false,
} as Sale;
const at = (text: string) => Date.parse(text);

describe("flash sales", () => {
  it("stand somewhere at every instant", () => {
    expect(standing(sale, at("2026-03-01T09:00:00Z"))).toBe("soon");
    expect(standing(sale, at("2026-03-01T10:30:00Z"))).toBe("on");
    expect(standing({ ...sale, taken: 10 }, at("2026-03-01T10:30:00Z"))).toBe("gone");
    expect(standing(sale, at("2026-03-01T11:00:00Z"))).toBe("over");
    expect(standing({ ...sale, stopped: true }, at("2026-03-01T10:30:00Z"))).toBe("stopped");
  });
  it("repeat every hour", () => {
    expect(windows("2026-03-01T10:00:00Z", "2026-03-01T10:30:00Z", 60, 3)).toEqual([
      ["2026-03-01T10:00:00.000Z", "2026-03-01T10:30:00.000Z"],
      ["2026-03-01T11:00:00.000Z", "2026-03-01T11:30:00.000Z"],
      ["2026-03-01T12:00:00.000Z", "2026-03-01T12:30:00.000Z"],
    ]);
  });
});
