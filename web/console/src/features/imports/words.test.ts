import { describe, expect, test } from "vitest";
import { assign, formatBytes, missing } from "./words";

describe("mapping", () => {
  test("a meaning belongs to one column", () => {
    const columns = assign({ order_no: 0, phone: 1 }, 2, "phone");
    expect(columns).toEqual({ order_no: 0, phone: 2 });
    expect(assign(columns, 2, "")).toEqual({ order_no: 0 });
    expect(assign(columns, 0, "name")).toEqual({ phone: 2, name: 0 });
  });

  test("says what is missing", () => {
    expect(missing("orders", {}, "")).toEqual(["order", "date", "amount", "identity", "channel"]);
    expect(missing("orders", { order_no: 0, paid_at: 1, price: 2, phone: 3 }, "tmall")).toEqual([]);
    expect(missing("customers", { name: 0 }, "crm")).toEqual(["identity"]);
  });
});

test("sizes", () => {
  expect([12, 2048, 5_000_000, 3 * 2 ** 30].map(formatBytes)).toEqual(["12 B", "2.0 KB", "4.8 MB", "3.0 GB"]);
});
