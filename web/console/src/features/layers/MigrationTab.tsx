import { $api, type Schema } from "@huoshui/api";
import {
  Cards,
  Chart,
  Empty,
  escapeHTML,
  formatCount,
  formatPercent,
  type LayerCode,
  Loaded,
  Loading,
  layerCodes,
  Panel,
  type Reader,
  StatCard,
  Status,
  useReader,
} from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Alert, App, Button, Select } from "antd";
import { type CSSProperties, useCallback } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useUrlState } from "../../shell/url";
import { writeDrill } from "./LayerPeople";

type Migration = Schema<"LayerMigration">;
type Day = Schema<"LayerSnapshotDay">;

/** The day to compare with unless one is chosen: the newest at least a month before, else the oldest. */
export function earlierDay(days: readonly Day[], to: string): string {
  const before = days.filter((d) => d.day < to);
  const month = new Date(new Date(to).getTime() - 28 * 86_400_000).toISOString().slice(0, 10);
  return (before.find((d) => d.day <= month) ?? before.at(-1))?.day ?? "";
}

/** How many went from one layer to another. "" is not there. */
export function moved(m: Migration, from: string, to: string): number {
  return m.moves.find((x) => x.from === from && x.to === to)?.people ?? 0;
}

/** The largest fall, for the alert. */
function largestFall(m: Migration): { from: string; to: string; people: number } | undefined {
  const order = ["lost", "silent", "new", "potential", "vip"];
  const rank = (code: string) => order.indexOf(code);
  return m.moves.filter((x) => x.from && x.to && rank(x.to) < rank(x.from)).sort((a, b) => b.people - a.people)[0];
}

/** Who went where between two days: Sankey, matrix, and a word when the flow turns. */
export function MigrationTab(props: {
  to: string;
  days: readonly Day[];
  onDrill: (drill: string, day: string) => void;
}) {
  const { t } = useTranslation();
  const { language } = useReader();
  const [state, setState] = useUrlState({ from: "" });
  const from = state.from || earlierDay(props.days, props.to);
  const migration = $api.useQuery(
    "get",
    "/api/v1/layers/migration",
    { params: { query: { from, to: props.to } } },
    { enabled: from !== "" },
  );
  const earlier = props.days.filter((d) => d.day < props.to);
  if (earlier.length === 0) {
    return (
      <Empty title={t("layers.flow.need_two")} action={<Reconstruct first />}>
        {t("layers.flow.reconstruct_text")}
      </Empty>
    );
  }
  return (
    <div className="layers-stack">
      <div className="layers-flow-bar">
        <div className="layers-flow-days">
          <span>{t("layers.flow.from")}</span>
          <Select
            size="small"
            aria-label={t("layers.flow.from")}
            value={from}
            onChange={(day) => setState({ from: day })}
            popupMatchSelectWidth={false}
            style={{ minWidth: 140 }}
            options={earlier.map((d) => ({
              value: d.day,
              label: d.reconstructed ? `${d.day} · ${t("layers.reconstructed")}` : d.day,
            }))}
          />
          <span>
            {t("layers.flow.to")} <b className="hs-num">{props.to}</b>
          </span>
        </div>
        <Reconstruct />
      </div>
      {from ? (
        <Loaded query={migration} loading={<Loading height={420} />}>
          {(m) => <Flows m={m} onDrill={props.onDrill} language={language} />}
        </Loaded>
      ) : null}
    </div>
  );
}

function Reconstruct(props: { first?: boolean }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const can = useCan();
  const client = useQueryClient();
  const run = $api.useMutation("post", "/api/v1/layers/reconstruct", {
    onSuccess: async () => {
      await client.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).startsWith("/api/v1/layers") });
      void message.success(t("layers.flow.reconstructed"));
    },
  });
  if (!can("layers.write")) {
    return null;
  }
  return (
    <Button
      size={props.first ? undefined : "small"}
      type={props.first ? "primary" : undefined}
      title={t("layers.flow.reconstruct_text")}
      loading={run.isPending}
      onClick={() => run.mutate({ body: { months: 12 } })}
    >
      {t("layers.flow.reconstruct")}
    </Button>
  );
}

function Flows(props: { m: Migration; language: Reader["language"]; onDrill: (drill: string, day: string) => void }) {
  const { t } = useTranslation();
  const { palette } = useReader();
  const { m, language } = props;
  const stay = layerCodes.reduce((n, code) => n + moved(m, code, code), 0);
  const fall = largestFall(m);
  const layer = (code: string) => t(`ui.layer.${code}`);
  const drill = (from: string, to: string) =>
    props.onDrill(writeDrill({ from_day: m.from, from_layer: from || "none", layer: to }), m.to);
  return (
    <>
      {m.reversed && fall ? (
        <Alert
          type="warning"
          showIcon
          title={t("layers.flow.reversed_title", {
            down: formatCount(m.down, language),
            up: formatCount(m.up, language),
          })}
          description={t("layers.flow.reversed_text", {
            from: layer(fall.from),
            to: layer(fall.to),
            n: formatCount(fall.people, language),
          })}
          action={
            <Button size="small" onClick={() => drill(fall.from, fall.to)}>
              {t("layers.flow.see")}
            </Button>
          }
        />
      ) : null}
      {m.same_definition ? null : (
        <p className="hs-secondary">
          <Status tone="attention">{t("layers.flow.other_definition")}</Status>
        </p>
      )}
      <Cards min={160}>
        <StatCard label={t("layers.flow.up")} value={formatCount(m.up, language)} hue={palette.water} />
        <StatCard label={t("layers.flow.down")} value={formatCount(m.down, language)} hue={palette.amber} />
        <StatCard label={t("layers.flow.stay")} value={formatCount(stay, language)} />
        <StatCard
          label={t("layers.flow.arrived")}
          value={formatCount(
            layerCodes.reduce((n, code) => n + moved(m, "", code), 0),
            language,
          )}
        />
      </Cards>
      <Panel title={t("layers.flow.sankey")}>
        <Sankey m={m} onDrill={drill} />
      </Panel>
      <Panel title={t("layers.flow.matrix")} definition={t("layers.flow.matrix_why", { from: m.from, to: m.to })}>
        <table className="layers-table layers-flow">
          <thead>
            <tr>
              <th>
                <span className="hs-num">
                  {m.from} → {m.to}
                </span>
              </th>
              {layerCodes.map((to) => (
                <th key={to} className="layers-right">
                  {layer(to)}
                </th>
              ))}
              <th className="layers-right">{t("layers.flow.gone")}</th>
              <th className="layers-right">{t("layers.flow.row_total")}</th>
            </tr>
          </thead>
          <tbody>
            {[...layerCodes, ""].map((from) => {
              const row = Math.max(
                1,
                [...layerCodes, ""].reduce((n, to) => n + moved(m, from, to), 0),
              );
              return (
                <tr key={from || "none"}>
                  <th scope="row">{from ? layer(from) : t("layers.flow.arrived")}</th>
                  {layerCodes.map((to) => {
                    const n = moved(m, from, to);
                    return (
                      <td
                        key={to}
                        className="layers-right"
                        data-stay={from === to || undefined}
                        style={{ "--heat": `${Math.round((n / row) * 40)}%` } as CSSProperties}
                      >
                        {n > 0 ? (
                          <button type="button" className="hs-drill hs-num" onClick={() => drill(from, to)}>
                            {formatCount(n, language)}
                          </button>
                        ) : (
                          <span className="hs-none">—</span>
                        )}
                        {from && n > 0 ? (
                          <small className="hs-num">{formatPercent(n / row, language, n / row < 0.01 ? 1 : 0)}</small>
                        ) : null}
                      </td>
                    );
                  })}
                  <td className="layers-right hs-num">
                    {from && moved(m, from, "") > 0 ? formatCount(moved(m, from, ""), language) : "—"}
                  </td>
                  <td className="layers-right hs-num">
                    {formatCount(
                      [...layerCodes, ""].reduce((n, to) => n + moved(m, from, to), 0),
                      language,
                    )}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Panel>
    </>
  );
}

function Sankey(props: { m: Migration; onDrill: (from: string, to: string) => void }) {
  const { t } = useTranslation();
  const { m } = props;
  const option = useCallback(
    (reader: Reader) => {
      const { palette, language } = reader;
      const name = (code: string, side: "before" | "after") => `${side}:${code || "none"}`;
      const color = (code: string) => (code ? palette.layer[code as LayerCode] : palette.hairlineStrong);
      const words = (code: string, side: "before" | "after") =>
        code ? t(`ui.layer.${code}`) : t(side === "before" ? "layers.flow.arrived" : "layers.flow.gone");
      const used = (code: string, side: "before" | "after") =>
        m.moves.some((x) => (side === "before" ? x.from : x.to) === code && x.people > 0);
      const sum = (code: string, side: "before" | "after") =>
        m.moves.reduce((n, x) => n + ((side === "before" ? x.from : x.to) === code ? x.people : 0), 0);
      const nodes = (["before", "after"] as const).flatMap((side) =>
        [...layerCodes, ""]
          .filter((code) => used(code, side))
          .map((code) => ({
            name: name(code, side),
            depth: side === "before" ? 0 : 1,
            itemStyle: { color: color(code), borderWidth: 0 },
            label: {
              position: side === "before" ? "left" : "right",
              formatter: `${words(code, side)}  ${formatCount(sum(code, side), language)}`,
            },
          })),
      );
      return {
        tooltip: {
          trigger: "item",
          formatter: (p: { dataType: string; data: { from: string; to: string; value: number }; name: string }) =>
            p.dataType === "edge"
              ? escapeHTML(
                  `${words(p.data.from, "before")} → ${words(p.data.to, "after")}  ${formatCount(p.data.value, language)}`,
                )
              : "",
        },
        series: [
          {
            type: "sankey",
            left: 120,
            right: 120,
            top: 8,
            bottom: 8,
            nodeWidth: 10,
            nodeGap: 12,
            layoutIterations: 0,
            draggable: false,
            data: nodes,
            links: m.moves.map((x) => ({
              source: name(x.from, "before"),
              target: name(x.to, "after"),
              value: x.people,
              from: x.from,
              to: x.to,
              lineStyle: { color: color(x.from), opacity: x.from === x.to ? 0.16 : 0.38, curveness: 0.5 },
            })),
            label: { color: palette.ink, fontSize: 12 },
            emphasis: { focus: "adjacency" },
          },
        ],
      };
    },
    [m, t],
  );
  return (
    <Chart
      option={option}
      height={360}
      label={t("layers.flow.sankey_label")}
      onClick={(c) => {
        const data = c.data as { from?: string; to?: string } | undefined;
        if (c.kind === "edge" && data?.to) {
          props.onDrill(data.from ?? "", data.to);
        }
      }}
    />
  );
}
