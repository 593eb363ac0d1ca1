/** The two themes of the console. */
export type Theme = "light" | "dark";

/** Codes of the five layers, in the order they are always listed. */
export const layerCodes = ["vip", "potential", "new", "silent", "lost"] as const;

/** One of the five layers. */
export type LayerCode = (typeof layerCodes)[number];

/** Every colour of the product; nothing else may name a colour. */
export interface Palette {
  ink: string;
  ink2: string;
  ink3: string;
  mist: string;
  card: string;
  raised: string;
  hairline: string;
  hairlineStrong: string;
  water: string;
  waterHover: string;
  waterTint: string;
  /** Words on water: the primary button's. */
  onWater: string;
  amber: string;
  amberTint: string;
  red: string;
  redTint: string;
  layer: Record<LayerCode, string>;
  /** For series that are not layers: water first, then hues that stay apart for colour-blind readers. */
  series: readonly string[];
}

const light: Palette = {
  ink: "#12212B",
  ink2: "#51626D",
  ink3: "#5F6F79",
  mist: "#F5F8F9",
  card: "#FFFFFF",
  raised: "#FFFFFF",
  hairline: "#E4EAED",
  hairlineStrong: "#CBD5DA",
  water: "#0E7C86",
  waterHover: "#0A6670",
  waterTint: "#E3F2F3",
  onWater: "#FFFFFF",
  amber: "#C77700",
  amberTint: "#FDF3E2",
  red: "#C0392B",
  redTint: "#FBEBE9",
  layer: { vip: "#7A4FB5", potential: "#0E7C86", new: "#2F80ED", silent: "#C77700", lost: "#8A97A0" },
  series: ["#0E7C86", "#2F80ED", "#7A4FB5", "#C77700", "#4C9A6A", "#B0506F", "#8A97A0"],
};

const dark: Palette = {
  ink: "#E4ECF0",
  ink2: "#A3B4BD",
  ink3: "#8799A3",
  mist: "#0D171D",
  card: "#132129",
  raised: "#1A2B34",
  hairline: "#22343D",
  hairlineStrong: "#344954",
  water: "#35A7B1",
  waterHover: "#55BDC6",
  waterTint: "#12353B",
  onWater: "#06191C",
  amber: "#E5A03C",
  amberTint: "#33270F",
  red: "#EB7A6D",
  redTint: "#3A1E1B",
  layer: { vip: "#A98ADB", potential: "#35A7B1", new: "#6CA9F8", silent: "#E5A03C", lost: "#8A9AA4" },
  series: ["#35A7B1", "#6CA9F8", "#A98ADB", "#E5A03C", "#74BE90", "#D98AA3", "#8A9AA4"],
};

/** The colours of a theme. */
export function palette(theme: Theme): Palette {
  return theme === "dark" ? dark : light;
}

/** The system Chinese sans of design.md. */
export const fontFamily =
  '-apple-system, BlinkMacSystemFont, "PingFang SC", "HarmonyOS Sans SC", "HarmonyOS Sans", "Noto Sans SC", "Noto Sans CJK SC", "Microsoft YaHei", "Segoe UI", Roboto, "Helvetica Neue", sans-serif';

/** The palette as CSS custom properties, "--hs-water-hover" and so on. */
export function cssVariables(theme: Theme): Record<string, string> {
  const p = palette(theme);
  const vars: Record<string, string> = {};
  for (const [name, value] of Object.entries(p)) {
    if (typeof value === "string") {
      vars[`--hs-${name.replace(/([A-Z]|\d)/g, (c) => `-${c.toLowerCase()}`)}`] = value;
    }
  }
  for (const code of layerCodes) {
    vars[`--hs-layer-${code}`] = p.layer[code];
  }
  return vars;
}
