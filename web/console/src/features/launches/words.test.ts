import { describe, expect, it } from "vitest";
import { actionKinds, figure, freshAction, placeOf, type StepBoard, shifted } from "./words";

describe("launches in words", () => {
  it("moves stages along with what lies between them", () => {
    const [one] = shifted(
      [{ kind: "sale", begins_at: "2026-03-01T00:00:00.000Z", ends_at: "2026-03-04T00:00:00.000Z", actions: [] }],
      86_400_000,
    );
    expect([one?.begins_at, one?.ends_at]).toEqual(["2026-03-02T00:00:00.000Z", "2026-03-05T00:00:00.000Z"]);
  });

  it("knows where everything that was made can be seen", () => {
    const step = (kind: StepBoard["kind"], made: string) => ({ kind, made, state: "done" }) as StepBoard;
    expect(placeOf(step("message", "cmp_1"), undefined)).toBe("/campaigns/cmp_1");
    expect(placeOf(step("coupons", "lci_1"), { kind: "coupons", after_minutes: 0, coupon: "prm_1" })).toBe(
      "/coupons/prm_1",
    );
    expect(placeOf(step("message", ""), undefined)).toBeUndefined();
  });

  it("has a beginning for every kind of action", () => {
    expect(actionKinds.map((k) => freshAction(k).kind)).toEqual([...actionKinds]);
  });

  it("reads revenue in fen", () => {
    const f = { reached: 1, looked: 2, reserved: 3, deposits: 4, buyers: 5, units: 6, revenue_fen: 700 };
    expect([figure(f, "units"), figure(f, "revenue")]).toEqual([6, 700]);
  });
});
