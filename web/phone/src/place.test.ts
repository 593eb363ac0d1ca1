import { describe, expect, it } from "vitest";
import { catalogues, say } from "./i18n";
import { type Place, readPlace, writePlace } from "./place";

describe("place", () => {
  it("is what the address says, both ways", () => {
    const places: Place[] = [
      { screen: "inbox" },
      { person: "cus_1", screen: "inbox", layer: "vip" },
      { person: "cus_1", screen: "message", message: "msg_2" },
      { person: "cus_1", screen: "shop", message: "msg_2", sku: "CF-2K" },
    ];
    for (const place of places) {
      expect(JSON.parse(JSON.stringify(readPlace(writePlace(place))))).toEqual(place);
    }
    expect(writePlace({ screen: "inbox" })).toBe("");
    expect(readPlace("?screen=nonsense").screen).toBe("inbox");
  });
});

describe("words", () => {
  it("fill in the same values in both languages", () => {
    const holes = (text: unknown): string =>
      typeof text === "string"
        ? (text.match(/\{\w+\}/g) ?? []).sort().join()
        : JSON.stringify(Object.keys(text as object));
    for (const key of Object.keys(catalogues.zh) as (keyof typeof catalogues.zh)[]) {
      expect(holes(catalogues.en[key]), key).toBe(holes(catalogues.zh[key]));
      expect(catalogues.en[key], key).not.toBe("");
    }
    expect(say("{n} of {m}", { n: 1, m: 2 })).toBe("1 of 2");
  });
});
