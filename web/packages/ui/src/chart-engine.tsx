import { BarChart, HeatmapChart, LineChart, PieChart, SankeyChart, ScatterChart } from "echarts/charts";
import {
  AriaComponent,
  DatasetComponent,
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  MarkLineComponent,
  MarkPointComponent,
  TooltipComponent,
  VisualMapComponent,
} from "echarts/components";
import { type ECharts, type EChartsCoreOption, init, use as register } from "echarts/core";
import { LabelLayout } from "echarts/features";
import { SVGRenderer } from "echarts/renderers";
import { useEffect, useRef } from "react";
import type { ChartClick } from "./chart";

register([
  AriaComponent,
  BarChart,
  DatasetComponent,
  GridComponent,
  HeatmapChart,
  LabelLayout,
  LegendComponent,
  LineChart,
  MarkAreaComponent,
  MarkLineComponent,
  MarkPointComponent,
  PieChart,
  SankeyChart,
  ScatterChart,
  SVGRenderer,
  TooltipComponent,
  VisualMapComponent,
]);

/** The drawing itself, in its own chunk: it is read only when a page has a chart. */
export default function ChartEngine(props: {
  option: EChartsCoreOption;
  height: number;
  label: string;
  onClick?: (click: ChartClick) => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<ECharts>(null);
  const click = useRef(props.onClick);
  click.current = props.onClick;

  useEffect(() => {
    const element = box.current;
    if (!element) {
      return;
    }
    const drawn = init(element, undefined, { renderer: "svg" });
    chart.current = drawn;
    drawn.on("click", (event) => {
      click.current?.({
        name: String(event.name ?? ""),
        series: String(event.seriesName ?? ""),
        index: event.dataIndex,
        value: event.value,
        data: event.data,
        kind: String(event.dataType ?? ""),
      });
    });
    const sizes = new ResizeObserver(() => drawn.resize());
    sizes.observe(element);
    return () => {
      sizes.disconnect();
      drawn.dispose();
      chart.current = null;
    };
  }, []);

  useEffect(() => {
    chart.current?.setOption(props.option, { notMerge: true });
  }, [props.option]);

  return (
    <div
      ref={box}
      className="hs-chart-canvas"
      data-clickable={props.onClick ? true : undefined}
      role="img"
      aria-label={props.label}
      style={{ height: props.height }}
    />
  );
}
