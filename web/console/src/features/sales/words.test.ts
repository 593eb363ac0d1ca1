import { describe, expect, it } from "vitest";
import { type File, story } from "./words";

describe("the story of an order", () => {
  it("is told in the order in which it happened", () => {
    const f = {
      placed_at: "2026-03-01T00:00:00Z",
      paid_at: "2026-03-01T00:05:00Z",
      shipped_at: "2026-03-02T00:00:00Z",
      carrier: "顺丰",
      tracking: "SF1",
      total_fen: 100,
      uses: [],
      notes: [{ id: "n", text: "催发货", by: "s", at: "2026-03-01T12:00:00Z" }],
      refunds: [
        { at: "2026-03-03T00:00:00Z", by: "s", request: "r", refund: { cash_fen: 3, principal_fen: 2, gift_fen: 1 } },
      ],
    } as unknown as File;
    expect(story(f).map((h) => h.what)).toEqual(["placed", "paid", "note", "shipped", "refunded"]);
    expect(story(f).at(-1)?.fen).toBe(6);
  });
});
