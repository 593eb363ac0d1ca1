import { Button } from "antd";
import type { EChartsCoreOption } from "echarts/core";
import { lazy, type ReactNode, Suspense, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { formatMoneyShort, formatShort } from "./format";
import { type Reader, useReader } from "./provider";

const ChartEngine = lazy(() => import("./chart-engine"));

/** What of a chart was clicked: a bar, a point, a cell, a node ("node") or a flow ("edge") of a Sankey. */
export interface ChartClick {
  name: string;
  series: string;
  index: number | undefined;
  value: unknown;
  data: unknown;
  kind: string;
}

/** The same figures as a table, for who cannot or will not read the picture. */
export interface ChartTable {
  columns: readonly string[];
  rows: readonly (readonly (string | number)[])[];
}

/**
 * A picture by ECharts in the product's tokens. `option` gets the reader and returns an ECharts option; grids, axes and
 * tooltips have their looks already (see `chartBase`). Wrap `option` in useCallback. `label` says in one sentence what
 * is seen. `onClick` leads from what is seen to the people.
 */
export function Chart(props: {
  option: (reader: Reader) => EChartsCoreOption;
  label: string;
  height?: number;
  onClick?: (click: ChartClick) => void;
  table?: ChartTable;
  empty?: boolean;
  caption?: ReactNode;
}) {
  const { t } = useTranslation();
  const reader = useReader();
  const [asTable, setAsTable] = useState(false);
  const height = props.height ?? 240;
  const { option } = props;
  const drawn = useMemo(() => withLooks(option(reader), reader), [option, reader]);
  if (props.empty) {
    return (
      <div className="hs-chart-empty" style={{ height }}>
        {t("ui.chart.empty")}
      </div>
    );
  }
  return (
    <figure className="hs-chart">
      {asTable && props.table ? (
        <div className="hs-chart-table" style={{ maxHeight: height }}>
          <table>
            <thead>
              <tr>
                {props.table.columns.map((c) => (
                  <th key={c} scope="col">
                    {c}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {props.table.rows.map((row, i) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: rows of figures have no identity
                <tr key={i}>
                  {row.map((cell, j) => (
                    // biome-ignore lint/suspicious/noArrayIndexKey: cells of figures have no identity
                    <td key={j} className={typeof cell === "number" ? "hs-num" : undefined}>
                      {typeof cell === "number" ? formatShort(cell, reader.language) : cell}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <Suspense fallback={<div className="hs-skeleton" style={{ height }} />}>
          <ChartEngine option={drawn} height={height} label={props.label} onClick={props.onClick} />
        </Suspense>
      )}
      {props.caption || props.table ? (
        <figcaption>
          <span>{props.caption}</span>
          {props.table ? (
            <Button type="link" size="small" onClick={() => setAsTable(!asTable)}>
              {asTable ? t("ui.chart.picture") : t("ui.chart.table")}
            </Button>
          ) : null}
        </figcaption>
      ) : null}
    </figure>
  );
}

type Loose = Record<string, unknown>;

function axis(value: unknown, looks: Loose): unknown {
  if (Array.isArray(value)) {
    return value.map((v) => axis(v, looks));
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  const own = value as Loose;
  const merged: Loose = { ...looks, ...own };
  for (const part of ["axisLine", "axisTick", "axisLabel", "splitLine"]) {
    merged[part] = { ...(looks[part] as Loose), ...((own[part] as Loose) ?? {}) };
  }
  return merged;
}

/** Adds thin axes, the palette, the font and a quiet tooltip to an option; what the option says itself wins. */
export function withLooks(option: EChartsCoreOption, reader: Reader): EChartsCoreOption {
  const p = reader.palette;
  const category: Loose = {
    axisLine: { lineStyle: { color: p.hairlineStrong } },
    axisTick: { show: false },
    axisLabel: { color: p.ink3, fontSize: 12, hideOverlap: true },
    splitLine: { show: false },
  };
  const value: Loose = {
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { color: p.ink3, fontSize: 12, formatter: (n: number) => formatShort(n, reader.language) },
    splitLine: { lineStyle: { color: p.hairline } },
    splitNumber: 4,
  };
  const given = option as Loose;
  const looks = (a: unknown) => {
    const type = Array.isArray(a) ? (a[0] as Loose | undefined)?.type : (a as Loose | undefined)?.type;
    return type === "value" || type === "log" ? value : category;
  };
  return {
    color: [...p.series],
    animation: !reader.still,
    animationDuration: 240,
    textStyle: { fontFamily: "inherit", color: p.ink2, fontSize: 12 },
    ...given,
    ...(given.grid || given.xAxis
      ? {
          grid: Array.isArray(given.grid)
            ? given.grid
            : roomy({ left: 8, right: 16, top: 16, bottom: 8, containLabel: true, ...(given.grid as Loose) }),
        }
      : {}),
    ...(given.xAxis ? { xAxis: axis(given.xAxis, looks(given.xAxis)) } : {}),
    ...(given.yAxis ? { yAxis: axis(given.yAxis, looks(given.yAxis)) } : {}),
    tooltip: {
      backgroundColor: p.raised,
      borderColor: p.hairlineStrong,
      borderWidth: 1,
      padding: [8, 12],
      textStyle: { color: p.ink, fontSize: 12 },
      extraCssText: "box-shadow:none;border-radius:6px;",
      confine: true,
      transitionDuration: reader.still ? 0 : 0.1,
      axisPointer: { lineStyle: { color: p.hairlineStrong }, shadowStyle: { color: p.water, opacity: 0.06 } },
      ...((given.tooltip as Loose) ?? {}),
    },
  };
}

/** Keeps the labels of the axis below inside the picture. */
function roomy(grid: Loose): Loose {
  return typeof grid.bottom === "number" ? { ...grid, bottom: Math.max(8, grid.bottom) } : grid;
}

/** Axis labels of fen: ¥ with 万 in Chinese. With the largest value, every mark is in 万 where it is. */
export function moneyAxis(reader: Reader, most = 0): { axisLabel: { formatter: (fen: number) => string } } {
  const wan = reader.language === "zh" && most >= 100_000_00;
  return {
    axisLabel: {
      formatter: (fen: number) => (wan && fen !== 0 ? `¥${fen / 10_000_00}万` : formatMoneyShort(fen, reader.language)),
    },
  };
}

/** Text for a tooltip, which ECharts takes as HTML. */
export function escapeHTML(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
