import type { Schema } from "@huoshui/api";
import {
  Chart,
  type Column,
  Count,
  DataTable,
  EffectInterval,
  formatCount,
  formatMoney,
  formatMoneyShort,
  formatPercent,
  formatWhen,
  Interval,
  Money,
  moneyAxis,
  Panel,
  PeopleCount,
  percentagePoints,
  type Reader,
  useReader,
  verdict as verdictFor,
  Why,
  wholeList,
} from "@huoshui/ui";
import { Segmented } from "antd";
import { useCallback, useState } from "react";
import { useTranslation } from "react-i18next";
import { type NumberName, writeDrill } from "./NumberPeople";
import { Advice, scaleOf, times } from "./parts";
import "./board.css";

type Report = Schema<"EffectReport">;
type Line = Schema<"EffectLine">;

/** What a strategy or a campaign earned: the verdict, how it came about, and both groups day by day. */
export function EffectReport(props: {
  report: Report;
  kind: "strategies" | "campaigns";
  id: string;
  onDrill: (drill: string) => void;
  onCampaign: (id: string) => void;
}) {
  const { t } = useTranslation();
  const reader = useReader();
  const { language } = reader;
  const r = props.report;
  const res = r.result;
  const drill = (number: NumberName) => () => props.onDrill(writeDrill({ kind: props.kind, id: props.id, number }));
  const notes: string[] = [t("board.window", { n: r.window_days })];
  if (r.open_people > 0) {
    notes.push(
      t("board.open_people", { n: formatCount(r.open_people, language), at: formatWhen(r.closes_at, reader) }),
    );
  }
  if (r.measured === "closed") {
    notes.push(t("board.measured_closed"));
  }
  if (res.detectable < 1) {
    notes.push(t("board.detectable", { n: percentagePoints(res.detectable, language).replace("+", "") }));
  }
  if (r.overlap_people > 0) {
    notes.push(
      t("board.overlap", {
        n: formatCount(r.overlap_people, language),
        p: formatPercent(r.overlap_people / Math.max(1, r.steps.covered), language, 0),
      }),
    );
  }
  return (
    <div className="bd-report">
      {r.orders_missing ? (
        <div className="bd-warn" role="note">
          {t("board.orders_missing", { at: r.orders_to ? formatWhen(r.orders_to, reader) : "—" })}
        </div>
      ) : null}
      <div className="bd-top">
        <Panel title={t("board.answer")} definition={t("board.why.effect")} actions={<Advice line={r} />}>
          <EffectInterval effect={res} wide />
          <table className="bd-arms">
            <thead>
              <tr>
                <th scope="col" />
                <th scope="col">{t("board.conversion")}</th>
                <th scope="col">{t("board.revenue_pp")}</th>
              </tr>
            </thead>
            <tbody>
              {(["reach", "holdout"] as const).map((arm) => {
                const o = res[arm];
                return (
                  <tr key={arm}>
                    <th scope="row">{t(`board.${arm}_arm`)}</th>
                    <td>
                      <b className="hs-num">
                        {o.people > 0 ? formatPercent(o.converted / o.people, language, 2) : "—"}
                      </b>
                      <small>
                        {t("board.rate_line", {
                          people: formatCount(o.people, language),
                          bought: formatCount(o.converted, language),
                        })}
                      </small>
                    </td>
                    <td className="hs-num">
                      {o.people > 0 ? formatMoney(Math.round(o.revenue_fen / o.people), language) : "—"}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </Panel>
        <Panel title={t("board.incremental")} definition={t("board.why.incremental")}>
          {res.incremental_fen ? (
            <Interval
              wide
              point={res.incremental_fen.estimate}
              low={res.incremental_fen.low}
              high={res.incremental_fen.high}
              format={(v) => signedMoney(v, language)}
              verdict={res.settled ? verdictFor(res.incremental_fen.low, res.incremental_fen.high) : "unknown"}
            />
          ) : (
            <p className="hs-secondary">{t("board.incremental_none")}</p>
          )}
          <dl className="bd-money">
            <div>
              <dt>
                {t("board.col.cost")} <Why>{t("board.why.cost")}</Why>
              </dt>
              <dd>
                <Money fen={r.cost_fen} />
              </dd>
            </div>
            <div>
              <dt>
                {t("board.roi")} <Why>{t("board.why.roi")}</Why>
              </dt>
              <dd>
                {res.roi ? (
                  <>
                    <b className="hs-num">{times(res.roi.estimate, language)}</b>{" "}
                    <small className="hs-num">
                      {t("ui.interval.range", {
                        low: times(res.roi.low, language),
                        high: times(res.roi.high, language),
                      })}
                    </small>
                  </>
                ) : (
                  <small>{r.cost_fen === 0 ? t("board.roi_none") : t("board.roi_wait")}</small>
                )}
              </dd>
            </div>
            <div>
              <dt>
                {t("board.col.gmv")} <Why>{t("board.why.gmv")}</Why>
              </dt>
              <dd>
                <Money fen={r.gmv_fen} />
              </dd>
            </div>
            <div>
              <dt>{t("board.srm")}</dt>
              <dd>
                <small>
                  {t(res.srm.mismatch ? "board.srm_bad" : "board.srm_ok", {
                    p: res.srm.p < 0.001 ? "< 0.001" : res.srm.p.toFixed(3),
                  })}
                </small>
              </dd>
            </div>
          </dl>
        </Panel>
      </div>
      <Panel title={t("board.funnel")}>
        <Funnel line={r} drill={drill} />
      </Panel>
      {r.curve.length > 0 ? <Curve report={r} /> : null}
      {r.lines.length > 0 ? <CampaignLines lines={r.lines} onOpen={props.onCampaign} /> : null}
      <div className="bd-top">
        <Panel title={t("board.channels")} flush>
          <table className="bd-table">
            <thead>
              <tr>
                <th scope="col" />
                {(["sent", "reached", "opened", "clicked", "refused", "failed"] as const).map((k) => (
                  <th key={k} scope="col">
                    {k === "reached" || k === "opened" || k === "clicked" ? t(`board.col.${k}`) : t(`board.${k}`)}
                  </th>
                ))}
                <th scope="col">{t("board.col.cost")}</th>
              </tr>
            </thead>
            <tbody>
              {r.channels.map((c) => (
                <tr key={c.channel}>
                  <th scope="row">{t(`board.channel.${c.channel}`, { defaultValue: c.channel })}</th>
                  {(["sent", "reached", "opened", "clicked", "refused", "failed"] as const).map((k) => (
                    <td key={k}>
                      <Count n={c[k]} />
                    </td>
                  ))}
                  <td>
                    <Money fen={c.cost_fen} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Panel>
        <Panel title={t("board.refusals")} flush={r.refusals.length > 0}>
          {r.refusals.length === 0 ? (
            <p className="hs-secondary">{t("board.refusals_none")}</p>
          ) : (
            <table className="bd-table">
              <tbody>
                {r.refusals.map((x) => (
                  <tr key={x.channel + x.reason}>
                    <th scope="row">{t(`board.reason_word.${x.reason}`, { defaultValue: x.reason })}</th>
                    <td>{t(`board.channel.${x.channel}`, { defaultValue: x.channel })}</td>
                    <td>
                      <Count n={x.n} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </Panel>
      </div>
      <Panel title={t("board.how")}>
        <ul className="bd-notes">
          <li>{t("board.how_text")}</li>
          {notes.map((n) => (
            <li key={n}>{n}</li>
          ))}
        </ul>
      </Panel>
    </div>
  );
}

const steps = ["covered", "planned", "sent", "reached", "opened", "clicked", "converted"] as const;

function Funnel(props: { line: Line; drill: (n: NumberName) => () => void }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const s = props.line.steps;
  return (
    <>
      <ol className="bd-funnel">
        {steps.map((k) => (
          <li key={k}>
            <span className="bd-step">
              {t(`board.number.${k}`)} <Why>{t(`board.why.${k}`)}</Why>
            </span>
            <b>
              <PeopleCount n={s[k]} onOpen={props.drill(k)} />
            </b>
            <span className="bd-bar" aria-hidden="true">
              <span style={{ width: `${(100 * s[k]) / Math.max(1, s.covered)}%` }} />
            </span>
            <small>
              {k === "covered" || k === "planned"
                ? " "
                : t("board.of_planned", { p: formatPercent(s[k] / Math.max(1, s.planned), language, 1) })}
            </small>
          </li>
        ))}
      </ol>
      <div className="bd-asides">
        {(["holdout", "refused", "failed", "unsubscribed"] as const).map((k) => (
          <span key={k}>
            {t(`board.number.${k}`)} <PeopleCount n={s[k]} onOpen={props.drill(k)} />
          </span>
        ))}
        <span>
          {t("board.number.converted_holdout")}{" "}
          <PeopleCount n={props.line.result.holdout.converted} onOpen={props.drill("converted_holdout")} />
        </span>
      </div>
    </>
  );
}

function Curve(props: { report: Report }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const [what, setWhat] = useState<"rate" | "money">("rate");
  const { curve } = props.report;
  const option = useCallback(
    (reader: Reader) => {
      const value = (d: Report["curve"][number], arm: "reach" | "holdout") =>
        what === "rate" ? d[`${arm}_rate`] : d[`${arm}_fen`];
      const write = (v: number) =>
        what === "rate" ? formatPercent(v, reader.language, 2) : formatMoney(Math.round(v), reader.language);
      const whole = curve.filter((d) => !d.partial).length;
      const line = (arm: "reach" | "holdout", color: string) => [
        {
          name: t(`board.${arm}_arm`),
          type: "line",
          symbol: "none",
          lineStyle: { width: 2, color },
          itemStyle: { color },
          data: curve.map((d, i) => (i < whole ? value(d, arm) : null)),
          endLabel: { show: whole === curve.length, formatter: t(`board.${arm}_arm`), color },
        },
        ...(whole < curve.length
          ? [
              {
                name: t(`board.${arm}_arm`),
                type: "line",
                symbol: "none",
                lineStyle: { width: 2, type: "dashed", color },
                itemStyle: { color },
                data: curve.map((d, i) => (i >= whole - 1 ? value(d, arm) : null)),
                endLabel: { show: true, formatter: t(`board.${arm}_arm`), color },
              },
            ]
          : []),
      ];
      return {
        grid: { left: 8, right: 88, top: 16, bottom: 4, containLabel: true },
        tooltip: { trigger: "axis", valueFormatter: (v: unknown) => (typeof v === "number" ? write(v) : "—") },
        xAxis: { type: "category", boundaryGap: false, data: curve.map((d) => t("board.curve_day", { n: d.day })) },
        yAxis: {
          type: "value",
          ...(what === "rate"
            ? { axisLabel: { formatter: (v: number) => formatPercent(v, reader.language, 0) } }
            : moneyAxis(reader)),
        },
        series: [...line("reach", reader.palette.water), ...line("holdout", reader.palette.ink3)],
      };
    },
    [curve, what, t],
  );
  return (
    <Panel
      title={t("board.curve")}
      actions={
        <Segmented
          size="small"
          value={what}
          onChange={(v) => setWhat(v as "rate" | "money")}
          options={[
            { value: "rate", label: t("board.curve_rate") },
            { value: "money", label: t("board.curve_money") },
          ]}
        />
      }
    >
      <Chart
        option={option}
        height={260}
        label={t("board.curve_label")}
        table={{
          columns: ["", t("board.reach_arm"), t("board.holdout_arm"), t("board.curve_money"), t("board.curve_money")],
          rows: curve.map((d) => [
            t("board.curve_day", { n: d.day }),
            formatPercent(d.reach_rate, language, 2),
            formatPercent(d.holdout_rate, language, 2),
            formatMoney(Math.round(d.reach_fen), language),
            formatMoney(Math.round(d.holdout_fen), language),
          ]),
        }}
      />
    </Panel>
  );
}

function CampaignLines(props: { lines: Line[]; onOpen: (id: string) => void }) {
  const { t } = useTranslation();
  const reader = useReader();
  const scale = scaleOf(props.lines);
  const columns: Column<Line>[] = [
    { key: "name", title: t("board.col.campaign"), width: 220, render: (l) => l.name, value: (l) => l.name },
    {
      key: "started",
      title: t("board.col.started"),
      width: 140,
      render: (l) => formatWhen(l.started_at, reader),
      value: (l) => l.started_at,
    },
    {
      key: "effect",
      title: t("board.col.effect"),
      definition: t("board.why.effect"),
      width: 220,
      ellipsis: false,
      render: (l) => (
        <div className="bd-effect">
          <EffectInterval effect={l.result} scale={scale} />
        </div>
      ),
      value: (l) => l.result.conversion?.estimate,
    },
    {
      key: "advice",
      title: t("board.col.advice"),
      width: 152,
      ellipsis: false,
      render: (l) => <Advice line={l} />,
      value: (l) => l.result.advice,
    },
    {
      key: "covered",
      title: t("board.col.covered"),
      align: "right",
      width: 90,
      render: (l) => <Count n={l.steps.covered} />,
      value: (l) => l.steps.covered,
    },
    {
      key: "converted",
      title: t("board.col.converted"),
      align: "right",
      width: 90,
      render: (l) => <Count n={l.steps.converted} />,
      value: (l) => l.steps.converted,
    },
    {
      key: "incremental",
      title: t("board.col.incremental"),
      align: "right",
      width: 130,
      render: (l) => (
        <Money fen={l.result.incremental_fen && Math.round(l.result.incremental_fen.estimate)} short signed />
      ),
      value: (l) => l.result.incremental_fen && l.result.incremental_fen.estimate / 100,
    },
    {
      key: "cost",
      title: t("board.col.cost"),
      align: "right",
      width: 100,
      render: (l) => <Money fen={l.cost_fen} short />,
      value: (l) => l.cost_fen / 100,
    },
  ];
  return (
    <Panel title={t("board.campaigns")} flush>
      <DataTable<Line, Record<string, never>>
        id="board.campaigns"
        inset
        query={wholeList({
          data: props.lines,
          error: null,
          isPending: false,
          isFetching: false,
          refetch: () => undefined,
        })}
        columns={columns}
        rowKey={(l) => l.id}
        state={{}}
        onState={() => undefined}
        onOpen={(l) => props.onOpen(l.id)}
      />
    </Panel>
  );
}

function signedMoney(fen: number, language: Reader["language"]): string {
  return (fen > 0 ? "+" : "") + formatMoneyShort(Math.round(fen), language);
}
