import { describe, expect, it } from "vitest";
import { features } from "../features";
import { navigation } from "./navigation";
import { matches } from "./palette";
import { destination } from "./sign-in";

describe("the way back from the door", () => {
  it("stays on the console", () => {
    expect(destination("/console/customers?q=1")).toBe("/customers?q=1");
    expect(destination("/layers")).toBe("/layers");
    for (const elsewhere of [
      undefined,
      7,
      "https://elsewhere.example",
      "//elsewhere.example",
      "/\\elsewhere.example",
      "/sign-in",
      "/console/sign-in?to=x",
    ]) {
      expect(destination(elsewhere)).toBe("/");
    }
  });
});

describe("navigation", () => {
  it("has only what the reader may see, and no empty section", () => {
    const all = navigation(features, () => true);
    expect(all[0]?.section).toBe("overview");
    expect(all.every((s) => s.pages.length > 0)).toBe(true);
    const little = navigation(features, (permission) => !permission);
    expect(little.flatMap((s) => s.pages).every((p) => !p.permission)).toBe(true);
  });
  it("gives every page an address of its own", () => {
    const paths = features.flatMap((f) => f.pages).map((p) => p.path);
    expect(new Set(paths).size).toBe(paths.length);
  });
});

describe("⌘K", () => {
  it("finds by every word, in any order and case", () => {
    expect(matches("Strategy board", "BOARD str")).toBe(true);
    expect(matches("Strategy board", "board x")).toBe(false);
  });
});
