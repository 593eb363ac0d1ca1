import { describe, expect, it } from "vitest";
import { patchSearch, readState } from "./url";

const defaults = { q: "", sort: "-paid_at", page: 1, all: false, layer: [] as string[] };

describe("state in the URL", () => {
  it("has the types of its defaults, whatever the address says", () => {
    expect(readState({ q: 123, page: "7", all: "true", layer: "vip" }, defaults)).toEqual({
      q: "123",
      sort: "-paid_at",
      page: 7,
      all: true,
      layer: ["vip"],
    });
    expect(readState({ q: { x: 1 }, page: "many", layer: null }, defaults)).toEqual(defaults);
  });

  it("leaves defaults out and keeps what is others'", () => {
    expect(patchSearch({ other: 1, q: "a" }, { q: "", page: 1, layer: ["new"] }, defaults)).toEqual({
      other: 1,
      layer: ["new"],
    });
    expect(patchSearch({}, { sort: "-paid_at" }, defaults)).toEqual({});
  });

  it("can say 'none' where the default is something", () => {
    const patched = patchSearch({}, { sort: "" }, defaults);
    expect(readState(patched, defaults).sort).toBe("");
  });

  it("comes back as it went", () => {
    const state = { q: "咖啡", sort: "n", page: 3, all: true, layer: ["a", "b"] };
    expect(readState(patchSearch({}, state, defaults), defaults)).toEqual(state);
  });
});
