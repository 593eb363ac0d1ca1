import { describe, expect, it } from "vitest";
import { advisedAt, instantOf, soon, wallOf } from "./when";

describe("times in the business's zone", () => {
  it("go to the clock on the wall and back, whatever zone the browser is in", () => {
    expect(wallOf("2026-03-01T00:05:00Z", "Asia/Shanghai")).toBe("2026-03-01 08:05");
    expect(instantOf("2026-03-01 08:05", "Asia/Shanghai")).toBe("2026-03-01T00:05:00.000Z");
    expect(instantOf("2026-07-01 08:05", "Europe/Berlin")).toBe("2026-07-01T06:05:00.000Z");
    expect(instantOf("2026-01-01 08:05", "America/New_York")).toBe("2026-01-01T13:05:00.000Z");
  });
  it("survive the days on which clocks change", () => {
    expect(wallOf(instantOf("2026-03-29 03:30", "Europe/Berlin"), "Europe/Berlin")).toBe("2026-03-29 03:30");
    expect(wallOf(instantOf("2026-10-25 04:00", "Europe/Berlin"), "Europe/Berlin")).toBe("2026-10-25 04:00");
  });
});

describe("the time a strategy advises", () => {
  const zone = "Asia/Shanghai";
  const at = (weekdays: number[], now: string) => advisedAt({ at: "10:30", weekdays }, zone, Date.parse(now));
  it("is today when it is still to come", () => {
    expect(at([], "2026-03-04T02:29:00Z")).toBe("2026-03-04T02:30:00.000Z");
    expect(at([3], "2026-03-04T02:29:00Z")).toBe("2026-03-04T02:30:00.000Z"); // a Wednesday
  });
  it("is the next of its days when the hour has passed or today is none of them", () => {
    expect(at([], "2026-03-04T02:30:00Z")).toBe("2026-03-05T02:30:00.000Z");
    expect(at([3], "2026-03-04T02:31:00Z")).toBe("2026-03-11T02:30:00.000Z");
    expect(at([6, 7], "2026-03-04T09:00:00Z")).toBe("2026-03-07T02:30:00.000Z");
  });
  it("counts days in the business's zone", () => {
    expect(at([5], "2026-03-05T17:00:00Z")).toBe("2026-03-06T02:30:00.000Z"); // one in the morning of Friday there
  });
});

it("proposes a full hour when nobody advises one", () => {
  expect(soon(Date.parse("2026-03-04T02:29:00Z"))).toBe("2026-03-04T03:00:00.000Z");
  expect(soon(Date.parse("2026-03-04T02:31:00Z"))).toBe("2026-03-04T04:00:00.000Z");
});
