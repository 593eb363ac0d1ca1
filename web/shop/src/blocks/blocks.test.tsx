import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { queries } from "../api";
import { Blocks } from "./Blocks";
import type { Block, Page } from "./kinds";
import { placeOf } from "./kinds";

const hostile = "<img src=x onerror=alert(1)><script>alert(1)</script>";

function draw(...blocks: Block[]) {
  const page: Page = { name: "home", title: "首页", version: 1, blocks, pictures: {} };
  return render(
    <QueryClientProvider client={queries}>
      <Blocks page={page} />
    </QueryClientProvider>,
  ).container;
}

describe("blocks", () => {
  it("show what looks like markup as it was written", () => {
    const all = draw(
      { id: "n", kind: "notice", notice: { text: hostile } },
      { id: "t", kind: "text", text: { parts: [{ kind: "list", items: [[{ text: hostile, bold: true }]] }] } },
      { id: "b", kind: "banner", banner: { shape: "wide", slides: [{ headline: hostile, tone: "ink" }] } },
    );
    expect(screen.getAllByText(hostile)).toHaveLength(3);
    expect(all.querySelector("script, img")).toBeNull();
  });
  it.each([
    "javascript:alert(1)//.mp4",
    "data:text/html,<script>alert(1)</script>.mp4",
    "http://cdn.example.com/a.mp4",
    "",
  ])("play nothing from %s", (url) => {
    expect(draw({ id: "v", kind: "video", video: { title: "", url, poster: "" } }).querySelector("video")).toBeNull();
  });
  it("lead nowhere but into the store", () => {
    for (const id of ["javascript:alert(1)", "//evil.example", "../../console", "a?b#c"]) {
      for (const to of ["goods", "category", "page", "coupon"] as const) {
        expect(placeOf({ to, id })).toMatch(/^\/[a-z]+(\/[A-Za-z0-9%._~()-]*)?$/);
      }
    }
  });
  it("draw nothing where there is nothing, and leave out kinds of a newer store", () => {
    const all = draw(
      {
        id: "g",
        kind: "goods",
        goods: { title: "空", source: "newest", goods: [], category: "", limit: 4, layout: "two" },
      },
      { id: "c", kind: "coupon", coupon: { title: "券", coupons: ["prm_1"] } },
      { id: "x", kind: "hologram" } as unknown as Block,
    );
    expect(all.querySelectorAll("section")).toHaveLength(0);
    expect(all.querySelector('[data-block="x"]')).toBeNull();
  });
  it("ask a guest in", () => {
    const all = draw({ id: "m", kind: "member", member: { points: true, coupons: true, balance: false } });
    expect(all.querySelector("a")?.getAttribute("href")).toBe("/shop/sign-in");
  });
});
