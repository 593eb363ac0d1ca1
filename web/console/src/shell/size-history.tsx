import type { Schema } from "@huoshui/api";
import { Chart, formatCount, type Reader } from "@huoshui/ui";
import { useCallback } from "react";

/** How many people a list had by day, as a line and as a table; a sentence where there is only one day. */
export function SizeHistory(props: {
  sizes: readonly Schema<"AudienceDaySize">[];
  words: { label: string; one: string; day: string; people: string; entered: string; left: string };
}) {
  const { sizes, words } = props;
  const option = useCallback(
    (reader: Reader) => ({
      grid: { left: 0, right: 8, top: 8, bottom: 0 },
      xAxis: { type: "category", data: sizes.map((d) => d.day), boundaryGap: false },
      yAxis: { type: "value", scale: true },
      tooltip: { trigger: "axis", valueFormatter: (n: number) => formatCount(n, reader.language) },
      series: [
        {
          name: words.people,
          type: "line",
          data: sizes.map((d) => d.size),
          symbolSize: 4,
          lineStyle: { width: 1.5 },
          areaStyle: { opacity: 0.06 },
        },
      ],
    }),
    [sizes, words.people],
  );
  if (sizes.length < 2) {
    return <p className="hs-secondary">{words.one}</p>;
  }
  return (
    <Chart
      option={option}
      height={180}
      label={words.label}
      table={{
        columns: [words.day, words.people, words.entered, words.left],
        rows: sizes.map((d) => [d.day, d.size, d.entered, d.left]),
      }}
    />
  );
}
