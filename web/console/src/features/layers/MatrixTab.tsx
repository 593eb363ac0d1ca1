import { $api, type Schema } from "@huoshui/api";
import {
  formatCount,
  formatMoneyShort,
  formatShort,
  type Language,
  Loaded,
  Loading,
  Money,
  Panel,
  PeopleCount,
  Percent,
  useReader,
  Why,
} from "@huoshui/ui";
import { Segmented } from "antd";
import type { CSSProperties } from "react";
import { useTranslation } from "react-i18next";
import { useUrlState } from "../../shell/url";
import { writeDrill } from "./LayerPeople";
import { scoreRanges, total } from "./words";

type Matrix = Schema<"LayerMatrix">;
type Metric = "people" | "value" | "average";

/** The sum of the cells of one place of the matrix. */
export function cellOf(matrix: Matrix, r: number, f: number, m: string): { people: number; value_fen: number } {
  const sum = { people: 0, value_fen: 0 };
  for (const c of matrix.cells) {
    if (c.r === r && c.f === f && (m === "" || c.m === Number(m))) {
      sum.people += c.people;
      sum.value_fen += c.value_fen;
    }
  }
  return sum;
}

/** Recency against frequency as a heat view, and the eight classes; every cell leads to its people. */
export function MatrixTab(props: { day: string; spentDays: number; onDrill: (drill: string) => void }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const [state, setState] = useUrlState({ metric: "people", money: "" });
  const metric = state.metric as Metric;
  const matrix = $api.useQuery("get", "/api/v1/layers/matrix", { params: { query: { day: props.day } } });
  return (
    <Loaded query={matrix} loading={<Loading height={420} />}>
      {(data) => {
        if (data.cells.length === 0) {
          return <p className="hs-secondary">{t("layers.rfm.empty")}</p>;
        }
        const words = scoreRanges(data.result.cuts, language);
        return (
          <div className="layers-rfm">
            <Panel
              title={t("layers.rfm.title")}
              definition={how(data)}
              actions={
                <>
                  <Segmented
                    size="small"
                    aria-label={t("layers.rfm.metric")}
                    value={metric}
                    onChange={(v) => setState({ metric: v })}
                    options={(["people", "value", "average"] as const).map((v) => ({
                      value: v,
                      label: t(`layers.rfm.by_${v}`),
                    }))}
                  />
                  <Segmented
                    size="small"
                    aria-label={t("layers.rfm.money")}
                    value={state.money}
                    onChange={(v) => setState({ money: v })}
                    options={[
                      { value: "", label: t("layers.rfm.money_all") },
                      ...[1, 2, 3, 4, 5].map((m) => ({
                        value: String(m),
                        label: <span title={words.m[m - 1]}>{`M${m}`}</span>,
                      })),
                    ]}
                  />
                </>
              }
            >
              <Heat matrix={data} metric={metric} money={state.money} onDrill={props.onDrill} />
              <p className="hs-secondary layers-how">{how(data)}</p>
            </Panel>
            <Panel title={t("layers.rfm.classes")} definition={t("layers.rfm.classes_why", { high: high(data) })}>
              <Classes matrix={data} onDrill={props.onDrill} />
            </Panel>
          </div>
        );
      }}
    </Loaded>
  );

  function how(data: Matrix): string {
    return t("layers.rfm.how", {
      method: t(`layers.rfm.method.${data.rules.method}`),
      window:
        data.rules.window_days > 0
          ? t("layers.rfm.window_days", { days: data.rules.window_days })
          : t("layers.rfm.window_all"),
      buyers: formatCount(data.result.buyers, language),
      days: formatCount(props.spentDays, language),
    });
  }

  function high(data: Matrix): string {
    const [r, f, m] = data.result.mean_score.map((n) => n.toFixed(1));
    return data.rules.high_by === "mean"
      ? t("layers.rfm.high_mean", { r, f, m })
      : t("layers.rfm.high_score", { from: data.rules.high_from });
  }
}

/** What a cell shows. */
function figure(cell: { people: number; value_fen: number }, metric: Metric): number {
  if (metric === "people") {
    return cell.people;
  }
  return metric === "value" ? cell.value_fen : cell.people > 0 ? cell.value_fen / cell.people : 0;
}

function write(n: number, metric: Metric, language: Language): string {
  return metric === "people" ? formatShort(n, language) : formatMoneyShort(Math.round(n / 100) * 100, language);
}

function Heat(props: { matrix: Matrix; metric: Metric; money: string; onDrill: (drill: string) => void }) {
  const { t } = useTranslation();
  const { language, theme } = useReader();
  const scores = [1, 2, 3, 4, 5];
  const words = scoreRanges(props.matrix.result.cuts, language);
  const cells = scores.map((r) => scores.map((f) => cellOf(props.matrix, r, f, props.money)));
  const most = Math.max(1, ...cells.flat().map((c) => figure(c, props.metric)));
  const people = Math.max(
    1,
    cells.flat().reduce((n, c) => n + c.people, 0),
  );
  return (
    <table className="layers-heat">
      <thead>
        <tr>
          <td className="layers-heat-corner">
            <span>{t("layers.rfm.axis_r")}</span>
            <span>{t("layers.rfm.axis_f")}</span>
          </td>
          {scores.map((f) => (
            <th key={f} scope="col">
              <b>F{f}</b>
              <span>{t("layers.rfm.times", { text: words.f[f - 1] })}</span>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {[...scores].reverse().map((r) => (
          <tr key={r}>
            <th scope="row">
              <b>R{r}</b>
              <span>{t("layers.rfm.days", { text: words.r[r - 1] })}</span>
            </th>
            {scores.map((f) => {
              const cell = cells[r - 1]?.[f - 1] ?? { people: 0, value_fen: 0 };
              const n = figure(cell, props.metric);
              const heat = (n / most) ** 0.75;
              return (
                <td key={f}>
                  <button
                    type="button"
                    disabled={cell.people === 0}
                    style={{ "--heat": `${Math.round(heat * (theme === "dark" ? 44 : 66))}%` } as CSSProperties}
                    aria-label={t("layers.rfm.cell_label", { r, f, n: formatCount(cell.people, language) })}
                    onClick={() =>
                      props.onDrill(writeDrill({ r: String(r), f: String(f), m: props.money || undefined }))
                    }
                  >
                    <b>{cell.people === 0 ? "—" : write(n, props.metric, language)}</b>
                    {cell.people > 0 ? <Percent column share={cell.people / people} /> : null}
                  </button>
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Classes(props: { matrix: Matrix; onDrill: (drill: string) => void }) {
  const { t } = useTranslation();
  const { classes } = props.matrix;
  const people = Math.max(1, total(classes, "people"));
  const value = Math.max(1, total(classes, "value_fen"));
  return (
    <table className="layers-table">
      <thead>
        <tr>
          <th>{t("layers.rfm.class_column")}</th>
          <th className="layers-right">{t("layers.people")}</th>
          <th className="layers-right">{t("layers.rfm.share_short")}</th>
          <th className="layers-right">{t("layers.rfm.value_short")}</th>
          <th className="layers-right">{t("layers.rfm.average_short")}</th>
        </tr>
      </thead>
      <tbody>
        {classes.map((c) => (
          <tr key={c.code}>
            <td className="layers-name">
              {t(`layers.class.${c.code}`)}
              <Why>{t(`layers.class_why.${c.code}`)}</Why>
            </td>
            <td className="layers-right">
              <PeopleCount n={c.people} onOpen={() => props.onDrill(writeDrill({ class: c.code }))} />
            </td>
            <td className="layers-right">
              <Percent column share={c.people / people} />
            </td>
            <td className="layers-right">
              <Percent column share={c.value_fen / value} />
            </td>
            <td className="layers-right">
              {c.people > 0 ? <Money fen={Math.round(c.value_fen / c.people / 100) * 100} short /> : "—"}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
