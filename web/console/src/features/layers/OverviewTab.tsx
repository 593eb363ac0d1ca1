import {
  Cards,
  Chart,
  Count as CountText,
  formatCount,
  formatPercent,
  formatShort,
  type LayerCode,
  LayerTag,
  layerCodes,
  Money,
  Panel,
  PeopleCount,
  Percent,
  type Reader,
  StatCard,
  useReader,
  Why,
} from "@huoshui/ui";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { writeDrill } from "./LayerPeople";
import { flagWhy, layerWhy, type Overview, of, stageCodes, stageWhy, total } from "./words";

/** The cards of the five layers, what they bring, how they grew, and why people are where they are. */
export function OverviewTab(props: { overview: Overview; onDrill: (drill: string) => void }) {
  const { t } = useTranslation();
  const reader = useReader();
  const { language, palette } = reader;
  const { overview: o, onDrill } = props;
  const d = o.snapshot.definition;
  const people = Math.max(total(o.layers, "people"), 1);
  const value = Math.max(total(o.layers, "value_fen"), 1);
  const inside: Partial<Record<LayerCode, string>> = {
    vip: "pseudo_high_value",
    silent: "call_first",
    new: "churn_warning",
  };
  return (
    <div className="layers-stack">
      <Cards min={190}>
        {layerCodes.map((code) => {
          const now = of(o.layers, code);
          const before = o.compared ? of(o.compared.layers, code) : undefined;
          const flag = inside[code];
          const flagged = flag ? of(o.flags, flag).people : 0;
          return (
            <StatCard
              key={code}
              label={t(`ui.layer.${code}`)}
              definition={layerWhy(t, language, code, d, o.result.high_spend_fen)}
              value={formatShort(now.people, language)}
              hue={palette.layer[code]}
              trend={course(o.trend, code)}
              change={
                before && o.compared
                  ? {
                      value: now.people - before.people,
                      period: t("layers.week_ago", { day: shortDay(o.compared.day) }),
                    }
                  : undefined
              }
              onClick={() => onDrill(writeDrill({ layer: code }))}
              note={
                <>
                  <span>
                    {t("layers.share_of", { share: formatPercent(now.people / people, language) })}
                    {" · "}
                    {t("layers.value_of", { share: formatPercent(now.value_fen / value, language) })}
                  </span>
                  {flag ? (
                    <button
                      type="button"
                      className="hs-drill"
                      title={flagWhy(t, language, flag, d)}
                      onClick={() => onDrill(writeDrill({ flag }))}
                    >
                      {t(`layers.inside.${flag}`, { n: formatCount(flagged, language) })}
                    </button>
                  ) : null}
                </>
              }
            />
          );
        })}
      </Cards>
      <div className="layers-two">
        <Panel title={t("layers.balance")} definition={t("layers.balance_why", { days: d.layers.vip.window_days })}>
          <Balance overview={o} onDrill={onDrill} />
        </Panel>
        <Panel title={t("layers.trend")}>
          <Trend overview={o} />
        </Panel>
      </div>
      <div className="layers-two">
        <div className="layers-stack">
          <Panel title={t("layers.stages")} definition={t("layers.stages_why")}>
            <ul className="layers-bars">
              {stageCodes.map((code) => {
                const n = of(o.stages, code).people;
                return (
                  <li key={code}>
                    <span className="layers-bars-name">
                      {t(`layers.stage.${code}`)}
                      <Why>{stageWhy(t, code, d)}</Why>
                    </span>
                    <button
                      type="button"
                      className="layers-bar"
                      aria-label={`${t(`layers.stage.${code}`)} ${n}`}
                      onClick={() => onDrill(writeDrill({ stage: code }))}
                    >
                      <span style={{ width: `${(n / people) * 100}%` }} />
                    </button>
                    <PeopleCount n={n} onOpen={() => onDrill(writeDrill({ stage: code }))} />
                    <Percent column share={n / people} />
                  </li>
                );
              })}
            </ul>
          </Panel>
          <Panel title={t("layers.flags")} definition={t("layers.flags_why")}>
            <table className="layers-table">
              <tbody>
                {o.flags.map((f) => (
                  <tr key={f.code}>
                    <td>
                      {t(`layers.flag.${f.code}`)}
                      <p className="hs-secondary">{flagWhy(t, language, f.code, d)}</p>
                    </td>
                    <td className="layers-right">
                      <PeopleCount n={f.people} onOpen={() => onDrill(writeDrill({ flag: f.code }))} />
                    </td>
                    <td className="layers-right">
                      <Percent column share={f.people / people} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Panel>
        </div>
        <Panel title={t("layers.reasons")} definition={t("layers.reasons_why")}>
          <table className="layers-table">
            <thead>
              <tr>
                <th>{t("layers.layer_column")}</th>
                <th>{t("layers.reason_column")}</th>
                <th className="layers-right">{t("layers.people")}</th>
                <th className="layers-right" title={t("layers.value_why", { days: d.layers.vip.window_days })}>
                  {t("layers.value_days", { days: d.layers.vip.window_days })}
                </th>
              </tr>
            </thead>
            <tbody>
              {o.reasons
                .filter((r) => r.people > 0)
                .map((r) => (
                  <tr key={r.code}>
                    <td>
                      <LayerTag layer={r.code.split(".")[0]} />
                    </td>
                    <td>{t(`layers.reason.${r.code}`)}</td>
                    <td className="layers-right">
                      <PeopleCount n={r.people} onOpen={() => onDrill(writeDrill({ reason: r.code }))} />
                    </td>
                    <td className="layers-right">
                      <Money fen={r.value_fen} short />
                    </td>
                  </tr>
                ))}
            </tbody>
            <tfoot>
              <tr>
                <td colSpan={2}>{t("layers.list.total")}</td>
                <td className="layers-right">
                  <CountText n={total(o.layers, "people")} />
                </td>
                <td className="layers-right">
                  <Money fen={total(o.layers, "value_fen")} short />
                </td>
              </tr>
            </tfoot>
          </table>
        </Panel>
      </div>
    </div>
  );
}

/** A layer's course in even steps: the days themselves once there are enough of them, the month ends before. */
export function course(points: Overview["trend"], code: string): number[] {
  const own = points.filter((p) => p.code === code);
  const daily = own.filter((p) => !p.reconstructed);
  const monthly = own.filter((p, i) => p.reconstructed || i === own.length - 1);
  return (daily.length >= 10 ? daily.slice(-60) : monthly).map((p) => p.people);
}

/** "2026-07-01" as "07-01": the year is on the page already. */
function shortDay(day: string): string {
  return day.slice(5);
}

/** People and spending as two bars of the same length, so that the eye compares the shares. */
function Balance(props: { overview: Overview; onDrill: (drill: string) => void }) {
  const { t } = useTranslation();
  const { overview: o } = props;
  const option = useCallback(
    (reader: Reader) => {
      const { language, palette } = reader;
      const sums = {
        people: Math.max(total(o.layers, "people"), 1),
        value_fen: Math.max(total(o.layers, "value_fen"), 1),
      };
      return {
        grid: { left: 12, right: 4, top: 0, bottom: 0 },
        xAxis: { type: "value", max: 1, axisLabel: { show: false }, splitLine: { show: false } },
        yAxis: {
          type: "category",
          inverse: true,
          data: [t("layers.people"), t("layers.value")],
          axisLine: { show: false },
        },
        tooltip: { trigger: "item" },
        series: layerCodes.map((code) => ({
          name: t(`ui.layer.${code}`),
          id: code,
          type: "bar",
          stack: "all",
          barWidth: 52,
          barCategoryGap: "30%",
          color: palette.layer[code],
          itemStyle: { borderColor: palette.card, borderWidth: 1 },
          data: (["people", "value_fen"] as const).map((column) => of(o.layers, code)[column] / sums[column]),
          label: {
            show: true,
            color:
              reader.theme === "light" && (code === "new" || code === "silent" || code === "lost")
                ? palette.ink
                : palette.card,
            fontSize: 12,
            lineHeight: 16,
            formatter: (p: { value: number }) =>
              p.value * 480 > t(`ui.layer.${code}`).length * (language === "zh" ? 13 : 7)
                ? `${t(`ui.layer.${code}`)}\n${formatPercent(p.value, language, 0)}`
                : "",
          },
          tooltip: {
            valueFormatter: (v: number) => formatPercent(v, language),
          },
        })),
      };
    },
    [o, t],
  );
  return (
    <Chart
      option={option}
      height={188}
      label={t("layers.balance_label")}
      onClick={(c) => {
        const code = layerCodes.find((l) => t(`ui.layer.${l}`) === c.series);
        if (code) {
          props.onDrill(writeDrill({ layer: code }));
        }
      }}
      table={{
        columns: [t("layers.layer_column"), t("layers.people"), t("layers.value")],
        rows: layerCodes.map((code) => {
          const c = of(o.layers, code);
          return [t(`ui.layer.${code}`), c.people, c.value_fen / 100];
        }),
      }}
    />
  );
}

/** How far each line's name is moved so that names at the end do not lie on one another; pixels, by layer. */
export function apart(points: readonly { day: string; code: string; people: number }[]): Record<string, number> {
  const height = 150;
  const gap = 15;
  const most = Math.max(1, ...points.map((p) => p.people));
  const last = points.at(-1)?.day;
  const ends = points
    .filter((p) => p.day === last)
    .map((p) => ({ code: p.code, at: height - (p.people / most) * height }))
    .sort((a, b) => a.at - b.at);
  const placed = ends.map((e) => e.at);
  for (let i = 1; i < placed.length; i++) {
    placed[i] = Math.max(placed[i] ?? 0, (placed[i - 1] ?? 0) + gap);
  }
  for (let i = placed.length - 1; i >= 0; i--) {
    const room = i === placed.length - 1 ? height : (placed[i + 1] ?? height) - gap;
    placed[i] = Math.min(placed[i] ?? 0, room);
  }
  return Object.fromEntries(ends.map((e, i) => [e.code, Math.round((placed[i] ?? e.at) - e.at)]));
}

/** The sizes day by day; each line is named at its end. */
function Trend(props: { overview: Overview }) {
  const { t } = useTranslation();
  const points = props.overview.trend;
  const days = [...new Set(points.map((p) => p.day))];
  const option = useCallback(
    (reader: Reader) => ({
      grid: { left: 8, right: reader.language === "zh" ? 48 : 68, top: 8, bottom: 0 },
      xAxis: { type: "time", splitNumber: 4, axisLabel: { formatter: "{yyyy}-{MM}" } },
      yAxis: { type: "value" },
      tooltip: {
        trigger: "axis",
        valueFormatter: (n: number) => formatCount(n, reader.language),
      },
      series: layerCodes.map((code) => ({
        name: t(`ui.layer.${code}`),
        type: "line",
        color: reader.palette.layer[code],
        symbol: "circle",
        symbolSize: 4,
        showSymbol: days.length <= 14,
        lineStyle: { width: 1.5 },
        data: points.filter((p) => p.code === code).map((p) => [p.day, p.people]),
        endLabel: {
          show: true,
          formatter: "{a}",
          color: reader.palette.layer[code],
          fontSize: 12,
          offset: [0, apart(points)[code] ?? 0],
        },
      })),
    }),
    [points, days.length, t],
  );
  if (days.length < 2) {
    return <p className="hs-secondary layers-trend-one">{t("layers.trend_one")}</p>;
  }
  return (
    <Chart
      option={option}
      height={188}
      label={t("layers.trend_label")}
      table={{
        columns: [t("layers.day"), ...layerCodes.map((c) => t(`ui.layer.${c}`))],
        rows: days.map((day) => [
          day,
          ...layerCodes.map((c) => points.find((p) => p.day === day && p.code === c)?.people ?? 0),
        ]),
      }}
    />
  );
}
