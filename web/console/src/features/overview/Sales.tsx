import type { Schema } from "@huoshui/api";
import {
  type Asked,
  Chart,
  Count,
  Empty,
  escapeHTML,
  formatCount,
  formatMoney,
  formatMoneyShort,
  formatPercent,
  formatWhen,
  Loaded,
  Loading,
  Money,
  moneyAxis,
  None,
  Panel,
  type Reader,
  StatCard,
  useReader,
} from "@huoshui/ui";
import { useNavigate } from "@tanstack/react-router";
import { Button, Segmented } from "antd";
import { useCallback, useState } from "react";
import { useTranslation } from "react-i18next";

type SalesAnswer = Schema<"MetricSales">;
type Sums = Schema<"MetricSums">;

/** How much a figure differs from the one before, in per cent of it; nothing to compare with gives none. */
export function change(now: number, before: number, reader: Reader): string | undefined {
  if (before <= 0) {
    return undefined;
  }
  const share = now / before - 1;
  return `${share > 0 ? "+" : ""}${formatPercent(share, reader.language)}`;
}

const average = (s: Sums) => (s.orders > 0 ? Math.round(s.amount_fen / s.orders) : 0);

/** The four figures of a period, each with the one before. */
export function SalesCards(props: { sales: SalesAnswer }) {
  const { t } = useTranslation();
  const reader = useReader();
  const navigate = useNavigate();
  const { days, total, before, from, to, today } = props.sales;
  const versus = (now: number, then: number) => {
    const text = change(now, then, reader);
    return text ? { value: now - then, period: t("overview.sales.before"), text } : undefined;
  };
  const people = () =>
    void navigate({ to: "/customers", search: { recent_min: from, ...(today ? {} : { recent_max: to }) } as never });
  return (
    <>
      <StatCard
        label={t("overview.sales.amount")}
        definition={t("overview.sales.amount_why")}
        value={<Money fen={total.amount_fen} short />}
        change={versus(total.amount_fen, before.amount_fen)}
        trend={days.map((d) => d.amount_fen)}
        note={
          total.refunded_fen > 0 ? (
            <span>
              {t("overview.sales.refunded", { amount: formatMoneyShort(total.refunded_fen, reader.language) })}
            </span>
          ) : undefined
        }
        onClick={people}
      />
      <StatCard
        label={t("overview.sales.orders")}
        definition={t("overview.sales.orders_why")}
        value={<Count n={total.orders} short />}
        change={versus(total.orders, before.orders)}
        trend={days.map((d) => d.orders)}
        onClick={people}
      />
      <StatCard
        label={t("overview.sales.buyers")}
        definition={t("overview.sales.buyers_why")}
        value={<Count n={total.buyers} short />}
        change={versus(total.buyers, before.buyers)}
        trend={days.map((d) => d.buyers)}
        onClick={people}
      />
      <StatCard
        label={t("overview.sales.average")}
        definition={t("overview.sales.average_why")}
        value={total.orders > 0 ? <Money fen={average(total)} short /> : <None />}
        change={versus(average(total), average(before))}
        trend={days.map(average)}
        onClick={people}
      />
    </>
  );
}

type Measure = "amount" | "orders" | "buyers";

/** The course of sales by day; the day that is not over is dashed. */
export function Sales(props: { query: Asked<SalesAnswer>; until: string; onUntil: (until: string) => void }) {
  const { t } = useTranslation();
  const reader = useReader();
  const [measure, setMeasure] = useState<Measure>("amount");
  return (
    <Panel
      title={props.until ? t("overview.sales.title_until", { day: props.until }) : t("overview.sales.title")}
      actions={
        <>
          {props.until ? (
            <Button size="small" type="link" onClick={() => props.onUntil("")}>
              {t("overview.sales.now")}
            </Button>
          ) : null}
          <Segmented<Measure>
            size="small"
            value={measure}
            onChange={setMeasure}
            options={(["amount", "orders", "buyers"] as const).map((m) => ({
              value: m,
              label: t(`overview.sales.${m}`),
            }))}
          />
        </>
      }
    >
      <Loaded query={props.query} loading={<Loading height={240} />}>
        {(sales) => {
          const last = sales.last_order_at ? formatWhen(sales.last_order_at, reader, "date") : "";
          if (sales.total.orders === 0 && !sales.today?.orders && last && last !== props.until) {
            return (
              <Empty
                small
                title={t("overview.sales.none")}
                action={
                  <Button onClick={() => props.onUntil(last)}>{t("overview.sales.none_do", { day: last })}</Button>
                }
              >
                {t("overview.sales.none_text", { day: last })}
              </Empty>
            );
          }
          return <SalesChart sales={sales} measure={measure} />;
        }}
      </Loaded>
    </Panel>
  );
}

function SalesChart(props: { sales: SalesAnswer; measure: Measure }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { sales, measure } = props;
  const label = t(`overview.sales.${measure}`);
  const option = useCallback(
    (reader: Reader) => {
      const value = (d: Sums) => (measure === "amount" ? d.amount_fen : d[measure]);
      const p = reader.palette;
      const days = sales.today ? [...sales.days, sales.today] : sales.days;
      return {
        xAxis: { type: "category", data: days.map((d) => d.day.slice(5)) },
        yAxis: {
          type: "value",
          ...(measure === "amount" ? moneyAxis(reader, Math.max(...days.map(value))) : { minInterval: 1 }),
        },
        tooltip: {
          trigger: "axis",
          axisPointer: { type: "shadow" },
          formatter: (points: { dataIndex: number }[]) => {
            const d = days[points[0]?.dataIndex ?? 0];
            return d
              ? escapeHTML(
                  `${d.day}\n${t("overview.sales.amount")} ${formatMoney(d.amount_fen, reader.language)}\n${t("overview.sales.orders")} ${formatCount(d.orders, reader.language)}\n${t("overview.sales.buyers")} ${formatCount(d.buyers, reader.language)}`,
                ).replaceAll("\n", "<br>")
              : "";
          },
        },
        series: [
          {
            name: label,
            type: "bar",
            barMaxWidth: 20,
            data: days.map((d, i) => ({
              value: value(d),
              itemStyle:
                i === sales.days.length
                  ? {
                      color: "transparent",
                      borderColor: p.water,
                      borderWidth: 1,
                      borderType: "dashed",
                      borderRadius: [2, 2, 0, 0],
                    }
                  : { color: p.water, borderRadius: [2, 2, 0, 0] },
            })),
          },
        ],
      };
    },
    [sales, measure, label, t],
  );
  return (
    <Chart
      option={option}
      label={t("overview.sales.chart", { measure: label })}
      height={232}
      onClick={(click) => {
        const day = click.index === undefined ? undefined : (sales.days[click.index] ?? sales.today);
        if (day) {
          void navigate({ to: "/customers", search: { recent_min: day.day, recent_max: day.day } as never });
        }
      }}
      caption={sales.today ? t("overview.sales.partial") : undefined}
      table={{
        columns: [
          t("overview.sales.day"),
          t("overview.sales.amount"),
          t("overview.sales.orders"),
          t("overview.sales.buyers"),
        ],
        rows: sales.days.map((d) => [d.day, formatMoney(d.amount_fen, "en"), d.orders, d.buyers]),
      }}
    />
  );
}
