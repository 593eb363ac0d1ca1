import { App, theme as antdTheme, ConfigProvider, type ThemeConfig } from "antd";
import enGB from "antd/locale/en_GB";
import zhCN from "antd/locale/zh_CN";
import dayjs from "dayjs";
import "dayjs/locale/zh-cn";
import { createContext, type ReactNode, useContext, useLayoutEffect, useMemo } from "react";
import type { Language, Locale } from "./format";
import { fontFamily, type Palette, palette, type Theme } from "./tokens";

/** What every component of the console knows about its reader. */
export interface Reader extends Locale {
  theme: Theme;
  palette: Palette;
  /** No movement: the reader's system asks for it. */
  still: boolean;
}

const ReaderContext = createContext<Reader>({
  language: "zh",
  zone: "Asia/Shanghai",
  theme: "light",
  palette: palette("light"),
  still: false,
});

/** The reader's language, zone, theme and colours. */
export function useReader(): Reader {
  return useContext(ReaderContext);
}

/** Ant Design in the colours, sizes and density of design.md. */
export function antTheme(theme: Theme): ThemeConfig {
  const p = palette(theme);
  return {
    algorithm: theme === "dark" ? antdTheme.darkAlgorithm : antdTheme.defaultAlgorithm,
    cssVar: { key: "hs" },
    hashed: false,
    token: {
      colorPrimary: p.water,
      colorPrimaryHover: p.waterHover,
      colorLink: p.water,
      colorLinkHover: p.waterHover,
      colorInfo: p.water,
      // What Ant Design would mix from the hue is a murky grey: the tint is ours.
      colorPrimaryBg: p.waterTint,
      colorPrimaryBgHover: p.waterTint,
      colorInfoBg: p.waterTint,
      colorInfoBgHover: p.waterTint,
      colorInfoBorder: p.hairlineStrong,
      colorSuccessBg: p.waterTint,
      colorSuccessBorder: p.hairlineStrong,
      colorWarning: p.amber,
      colorError: p.red,
      colorSuccess: p.water,
      colorWarningBg: p.amberTint,
      colorWarningBorder: p.hairlineStrong,
      colorErrorBg: p.redTint,
      colorErrorBorder: p.hairlineStrong,
      colorText: p.ink,
      colorTextSecondary: p.ink2,
      colorTextTertiary: p.ink3,
      colorTextPlaceholder: p.ink3,
      colorTextDescription: p.ink2,
      colorBgLayout: p.mist,
      colorBgContainer: p.card,
      colorBgElevated: p.raised,
      colorBorder: p.hairlineStrong,
      colorBorderSecondary: p.hairline,
      colorSplit: p.hairline,
      controlItemBgActive: p.waterTint,
      controlItemBgActiveHover: p.waterTint,
      borderRadius: 6,
      borderRadiusLG: 6,
      borderRadiusSM: 4,
      fontFamily,
      fontSize: 14,
      fontSizeSM: 12,
      fontSizeLG: 14,
      fontSizeHeading3: 20,
      fontSizeHeading4: 16,
      lineHeight: 22 / 14,
      controlHeight: 32,
      wireframe: false,
      motionDurationSlow: "0.2s",
      motionDurationMid: "0.14s",
    },
    components: {
      Table: {
        headerBg: p.card,
        headerColor: p.ink2,
        headerSplitColor: "transparent",
        headerSortActiveBg: p.card,
        headerSortHoverBg: p.mist,
        bodySortBg: p.card,
        rowHoverBg: p.mist,
        rowSelectedBg: p.waterTint,
        rowSelectedHoverBg: p.waterTint,
        cellPaddingBlock: 8,
        cellPaddingInline: 12,
        cellPaddingBlockMD: 8,
        cellPaddingInlineMD: 12,
        cellFontSizeMD: 14,
      },
      Card: { bodyPadding: 16, headerPadding: 16, headerHeight: 48, headerFontSize: 14 },
      Button: {
        primaryColor: p.onWater,
        primaryShadow: "none",
        defaultShadow: "none",
        dangerShadow: "none",
        fontWeight: 500,
      },
      Drawer: { paddingLG: 24 },
      Tabs: { titleFontSize: 14, horizontalMargin: "0 0 16px" },
      Form: { itemMarginBottom: 20, verticalLabelPadding: "0 0 4px" },
      Tooltip: { fontSize: 12 },
      Tag: { defaultBg: p.mist, defaultColor: p.ink2 },
      Segmented: { trackBg: theme === "dark" ? p.raised : "#EAF0F2", itemSelectedBg: p.card },
    },
  };
}

/** Sets theme, language and zone for everything below; `antd.App` gives messages and dialogs. */
export function UIProvider(props: { theme: Theme; language: Language; zone: string; children: ReactNode }) {
  const { theme, language, zone } = props;
  const still = typeof matchMedia === "function" && matchMedia("(prefers-reduced-motion: reduce)").matches;
  const reader = useMemo<Reader>(
    () => ({ theme, language, zone, palette: palette(theme), still }),
    [theme, language, zone, still],
  );
  const config = useMemo<ThemeConfig>(() => {
    const base = antTheme(theme);
    return { ...base, token: { ...base.token, motion: !still } };
  }, [theme, still]);
  useLayoutEffect(() => {
    document.documentElement.dataset.theme = theme;
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    dayjs.locale(language === "zh" ? "zh-cn" : "en");
  }, [theme, language]);
  return (
    <ReaderContext value={reader}>
      <ConfigProvider
        theme={config}
        locale={language === "zh" ? zhCN : enGB}
        button={{ autoInsertSpace: false }}
        componentSize="middle"
      >
        <App message={{ maxCount: 3 }} notification={{ placement: "bottomRight" }} className="hs-app">
          {props.children}
        </App>
      </ConfigProvider>
    </ReaderContext>
  );
}
