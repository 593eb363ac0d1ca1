import { $api, type Schema } from "@huoshui/api";
import {
  Chart,
  formatCount,
  formatPercent,
  Loaded,
  Loading,
  PeopleCount,
  type Reader,
  RowDrawer,
  useReader,
  Why,
} from "@huoshui/ui";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { useChannelName } from "../../shell/channel-name";
import { Bar, ProductName } from "./parts";

type Flow = Schema<"ProductFlow">;
type Part = Schema<"ProductPart">;

/** One product: by which channels its buyers came, what they bought before, with it and after, and when they come again. */
export function ProductDrawer(props: {
  id: string;
  days: { from?: string; to?: string };
  onClose: () => void;
  onPeople: (group: Record<string, string>) => void;
  onProduct: (id: string) => void;
}) {
  const { t } = useTranslation();
  const { language } = useReader();
  const named = useChannelName();
  const asked = $api.useQuery(
    "get",
    "/api/v1/product-analytics/flow",
    { params: { query: { product: props.id || "-", ...props.days } } },
    { enabled: props.id !== "" },
  );
  const of = asked.data;
  const who = (group: string, part?: Part, channel?: boolean) =>
    of &&
    props.onPeople({
      who: group,
      product: of.id,
      title: of.name,
      from: of.period.from,
      to: of.period.to,
      ...(part
        ? channel
          ? { channel: part.id, other_name: named(part.id) }
          : { other: part.id, other_name: part.name }
        : {}),
    });
  const list = (parts: readonly Part[], group: string, channel: boolean, none: string) => (
    <ul className="pa-ways">
      {parts.slice(0, 8).map((p) => (
        <li key={p.id}>
          <span className="pa-way">
            {p.id === "" ? (
              <span className="hs-secondary">{none}</span>
            ) : channel ? (
              named(p.id)
            ) : (
              <ProductName of={p} onOpen={props.onProduct} />
            )}
          </span>
          <Bar share={p.share} />
          <span className="hs-num hs-secondary">{formatPercent(p.share, language, 0)}</span>
          <PeopleCount n={p.people} onOpen={() => who(group, p, channel)} />
        </li>
      ))}
    </ul>
  );
  return (
    <RowDrawer
      open={props.id !== ""}
      title={of?.name ?? props.id}
      subtitle={of ? t("product.flow_of", { from: of.period.from, to: of.period.to }) : null}
      width={680}
      onClose={props.onClose}
    >
      <Loaded query={asked} loading={<Loading />}>
        {(f) => (
          <div className="pa-flow">
            <p className="pa-facts">
              <span>
                {t("product.col.buyers")} <PeopleCount n={f.people} onOpen={() => who("buyers")} />
              </span>
              <span>
                {t("product.col.rate", { n: 90 })}{" "}
                <b className="hs-num">{formatPercent(f.repeat.rate.rate, language)}</b>
              </span>
              <span>
                {t("product.col.cycle")}{" "}
                <b className="hs-num">
                  {f.repeat.cycle.median > 0 ? t("product.n_days", { n: f.repeat.cycle.median }) : t("product.too_few")}
                </b>
              </span>
              {f.repeat.due > 0 ? (
                <span>
                  {t("product.col.due")}{" "}
                  <PeopleCount
                    n={f.repeat.due}
                    onOpen={() =>
                      props.onPeople({
                        who: "due",
                        product: f.id,
                        title: f.name,
                        from: f.period.from,
                        to: f.period.to,
                        days: String(f.repeat.suggested_days),
                      })
                    }
                  />
                </span>
              ) : null}
            </p>
            <div className="pa-two">
              <section>
                <h3>{t("product.came")}</h3>
                {list(f.entry, "came", true, t("product.unknown_channel"))}
              </section>
              <section>
                <h3>{t("product.with")}</h3>
                {list(f.with, "pair", false, "")}
              </section>
              <section>
                <h3>{t("product.before")}</h3>
                {list(f.before, "before", false, t("product.before_none"))}
              </section>
              <section>
                <h3>{t("product.after")}</h3>
                {list(f.after, "after", false, t("product.after_none"))}
              </section>
            </div>
            <section>
              <h3>
                {t("product.curve")}
                <Why>{t("product.curve_why")}</Why>
              </h3>
              <Curve flow={f} />
              <p className="hs-secondary">
                {t("product.curve_from", {
                  gaps: formatCount(f.repeat.cycle.gaps, language),
                  open: formatCount(f.repeat.cycle.open, language),
                })}
              </p>
            </section>
          </div>
        )}
      </Loaded>
    </RowDrawer>
  );
}

function Curve(props: { flow: Flow }) {
  const { t } = useTranslation();
  const { curve } = props.flow;
  const option = useCallback(
    (reader: Reader) => ({
      grid: { left: 8, right: 20, top: 12, bottom: 24, containLabel: true },
      xAxis: { type: "value", name: t("product.axis.days"), nameLocation: "middle", nameGap: 24, max: "dataMax" },
      yAxis: { type: "value", min: 0, axisLabel: { formatter: (v: number) => `${Math.round(v * 100)}%` } },
      tooltip: {
        trigger: "axis",
        formatter: (all: { dataIndex: number }[]) => {
          const p = curve[all[0]?.dataIndex ?? 0];
          return p
            ? `${t("product.n_days", { n: p.day })}: ${formatPercent(p.share, reader.language)} (${formatPercent(p.low, reader.language)} – ${formatPercent(p.high, reader.language)})`
            : "";
        },
      },
      series: [
        {
          type: "line",
          step: "end",
          showSymbol: false,
          stack: "band",
          lineStyle: { opacity: 0 },
          data: curve.map((p) => [p.day, p.low]),
        },
        {
          type: "line",
          step: "end",
          showSymbol: false,
          stack: "band",
          lineStyle: { opacity: 0 },
          areaStyle: { color: reader.palette.water, opacity: 0.14 },
          data: curve.map((p) => [p.day, p.high - p.low]),
        },
        {
          type: "line",
          step: "end",
          showSymbol: false,
          lineStyle: { color: reader.palette.water, width: 2 },
          data: curve.map((p) => [p.day, p.share]),
        },
      ],
    }),
    [curve, t],
  );
  return <Chart label={t("product.curve_why")} height={200} option={option} empty={curve.length === 0} />;
}
