// @vitest-environment node
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { cssVariables, palette, type Theme } from "./tokens";

const css = readFileSync(fileURLToPath(new URL("./tokens.css", import.meta.url)), "utf8");

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const c = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** WCAG 2.2 contrast ratio of two colours. */
function contrast(a: string, b: string): number {
  const [hi, lo] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (hi + 0.05) / (lo + 0.05);
}

describe.each<Theme>(["light", "dark"])("the %s theme", (theme) => {
  it("is the same in tokens.css", () => {
    const block =
      theme === "light"
        ? css.slice(0, css.indexOf('[data-theme="dark"]'))
        : css.slice(css.indexOf('[data-theme="dark"]'));
    for (const [name, value] of Object.entries(cssVariables(theme))) {
      expect(block, name).toContain(`${name}: ${value.toLowerCase()};`);
    }
  });

  it("is readable (AA) for every text colour on every ground", () => {
    const p = palette(theme);
    for (const text of [p.ink, p.ink2, p.ink3, p.red]) {
      for (const ground of [p.card, p.mist]) {
        expect(contrast(text, ground), `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5);
      }
    }
    expect(contrast(p.water, p.card), "a link on a card").toBeGreaterThanOrEqual(4.5);
    for (const text of [p.ink, p.ink2, p.waterHover]) {
      expect(contrast(text, p.waterTint), `${text} on the tint`).toBeGreaterThanOrEqual(4.5);
    }
    expect(contrast(p.onWater, p.water), "the word on a button").toBeGreaterThanOrEqual(4.5);
  });
});
