import { describe, expect, it } from "vitest";
import type { Column } from "./table";
import { activeFilters, type Filter, filterValues, sortOf, toCSV } from "./table-state";

describe("sort", () => {
  it("is descending after a minus", () => {
    expect(sortOf("-paid_at")).toEqual({ key: "paid_at", descending: true });
    expect(sortOf("name")).toEqual({ key: "name", descending: false });
    expect(sortOf(undefined)).toEqual({ key: "", descending: false });
  });
});

describe("filters", () => {
  const filters: Filter[] = [
    { key: "layer", label: "layer", kind: "choice", many: true, options: [] },
    { key: "spent", label: "spent", kind: "money" },
    { key: "vip", label: "vip", kind: "flag" },
  ];
  it("are set when they have a value, ranges when one end has", () => {
    expect(activeFilters(filters, {})).toEqual([]);
    expect(activeFilters(filters, { layer: [], spent_min: "", vip: "" })).toEqual([]);
    expect(activeFilters(filters, { layer: ["new"], spent_max: "100", vip: "false" }).map((f) => f.key)).toEqual([
      "layer",
      "spent",
      "vip",
    ]);
  });
  it("give a range as two ends", () => {
    expect(filterValues(filters[1] as Filter, { spent_max: "100" })).toEqual(["", "100"]);
  });
});

describe("export", () => {
  const column = (key: string): Column<Record<string, string | number>> => ({
    key,
    title: key,
    render: () => null,
    value: (row) => row[key],
  });
  it("quotes what must be quoted and disarms formulas", () => {
    const rows = [{ a: 'say "hi", you', b: -5, c: "=SUM(A1)" }];
    const csv = toCSV([column("a"), column("b"), column("c"), { key: "d", title: "d", render: () => null }], rows);
    expect(csv).toBe('\uFEFFa,b,c\r\n"say ""hi"", you",-5,\'=SUM(A1)\r\n');
  });
});
