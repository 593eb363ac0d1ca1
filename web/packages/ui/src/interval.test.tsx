import { render, screen } from "@testing-library/react";
import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { beforeAll, describe, expect, it } from "vitest";
import { uiCatalogue } from "./i18n";
import { Interval, position, verdict } from "./interval";

beforeAll(async () => {
  await i18next.use(initReactI18next).init({ lng: "en", resources: { en: { translation: { ui: uiCatalogue.en } } } });
});

describe("verdict", () => {
  it("says no more than the interval does", () => {
    expect(verdict(0.1, 0.3)).toBe("works");
    expect(verdict(-0.3, -0.1)).toBe("harms");
    expect(verdict(-0.1, 0.3)).toBe("unknown");
    expect(verdict(0, 0.3)).toBe("unknown");
    expect(verdict(Number.NaN, 0.3)).toBe("unknown");
  });
  it("says that it does not work only when nothing that matters is left in", () => {
    expect(verdict(-0.001, 0.002, 0.01)).toBe("none");
    expect(verdict(-0.001, 0.02, 0.01)).toBe("unknown");
  });
});

describe("position", () => {
  it("is a share of the scale, held inside", () => {
    expect(position(0, -1, 1)).toBe(0.5);
    expect(position(5, -1, 1)).toBe(1);
    expect(position(1, 1, 1)).toBe(0.5);
  });
});

describe("Interval", () => {
  const points = (v: number) => `${v > 0 ? "+" : ""}${(v * 100).toFixed(1)}pp`;
  it("draws point and interval with words for who cannot see it", () => {
    render(<Interval point={0.021} low={0.004} high={0.038} format={points} />);
    expect(screen.getByText("Works")).toBeTruthy();
    expect(screen.getByRole("img").getAttribute("aria-label")).toContain("95% interval +0.4pp to +3.8pp");
  });
  it("says how many more people it takes when it cannot tell", () => {
    render(<Interval point={0.01} low={-0.01} high={0.03} format={points} needed={12408} />);
    expect(screen.getByText("Cannot tell yet")).toBeTruthy();
    expect(screen.getByText(/12,408/)).toBeTruthy();
  });
  it("draws nothing when nothing is known", () => {
    render(<Interval point={null} low={null} high={null} format={points} />);
    expect(screen.queryByRole("img")).toBeNull();
  });
});
