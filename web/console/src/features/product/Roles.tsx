import { $api, type Schema } from "@huoshui/api";
import {
  Chart,
  type Column,
  DataTable,
  Empty,
  escapeHTML,
  formatMoney,
  formatPercent,
  Loaded,
  Loading,
  Money,
  None,
  Panel,
  PeopleCount,
  Percent,
  type Reader,
  Status,
  useProblemText,
  useReader,
  wholeList,
} from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { App, Select } from "antd";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import type { TabProps } from "./AnalysisPage";
import { ProductName, ShareCell } from "./parts";

type Play = Schema<"ProductPlay">;
type Thresholds = Schema<"ProductThresholds">;
const roles = ["traffic", "profit", "image", ""] as const;

/** The role that each product plays, as people's behaviour suggests, on a map of conversion and margin. */
export function Roles(props: TabProps) {
  const { t } = useTranslation();
  const reader = useReader();
  const can = useCan();
  const { message } = App.useApp();
  const text = useProblemText();
  const client = useQueryClient();
  const asked = $api.useQuery("get", "/api/v1/product-analytics/roles", {
    params: { query: { ...props.days, limit: 300 } },
  });
  const set = $api.useMutation("put", "/api/v1/product-analytics/goods/{id}/role", { meta: { quiet: true } });
  const data = asked.data;
  const who = (l: Play, group: string) =>
    props.onPeople({
      who: group,
      product: l.id,
      title: l.name,
      from: data?.period.from ?? "",
      to: data?.period.to ?? "",
    });
  const choose = (l: Play, role: string) =>
    set.mutate(
      { params: { path: { id: l.id } }, body: { role: role as (typeof roles)[number] } },
      {
        onSuccess: () => {
          void message.success(t("product.role_set", { role: t(`product.role.${role || "none"}`) }));
          void client.setQueriesData<Schema<"ProductRoles">>(
            { queryKey: ["get", "/api/v1/product-analytics/roles"] },
            (old) =>
              old && {
                ...old,
                lines: old.lines.map((o) => (o.id === l.id ? { ...o, role: role as Play["role"] } : o)),
              },
          );
        },
        onError: (error) => void message.error(text(error)),
      },
    );
  const reason = (r: Schema<"ProductReason">) => {
    const write = (v: number) =>
      r.code === "price"
        ? formatMoney(Math.round(v), reader.language)
        : r.code === "visitors"
          ? String(Math.round(v))
          : formatPercent(v, reader.language);
    return t(r.above ? "product.reason_above" : "product.reason_below", {
      what: t(`product.threshold.${r.code}`),
      value: write(r.value),
      limit: write(r.limit),
    });
  };
  const columns: Column<Play>[] = [
    {
      key: "name",
      title: t("product.by.product"),
      width: 196,
      render: (l) => <ProductName of={l} onOpen={props.onProduct} />,
      value: (l) => l.name,
    },
    {
      key: "sales",
      title: t("product.col.sales"),
      definition: t("product.why.sales"),
      align: "right",
      width: 100,
      render: (l) => <Money fen={l.sales_fen} short />,
      value: (l) => l.sales_fen / 100,
    },
    {
      key: "visitors",
      title: t("product.col.visitors"),
      definition: t("product.why.visitors"),
      align: "right",
      width: 84,
      render: (l) => (l.traffic ? <PeopleCount n={l.visitors} onOpen={() => who(l, "visitors")} /> : <None />),
      value: (l) => (l.traffic ? l.visitors : ""),
    },
    {
      key: "conversion",
      title: t("product.col.conversion"),
      definition: t("product.why.conversion"),
      align: "right",
      width: 126,
      ellipsis: false,
      render: (l) => (l.traffic ? <ShareCell of={l.conversion} /> : <None />),
      value: (l) => (l.traffic ? l.conversion.rate : ""),
    },
    {
      key: "first",
      title: t("product.col.first_share"),
      definition: t("product.why.first_share"),
      align: "right",
      width: 126,
      ellipsis: false,
      render: (l) => <ShareCell of={l.first} />,
      value: (l) => l.first.rate,
    },
    {
      key: "attach",
      title: t("product.col.attach"),
      definition: t("product.why.attach"),
      align: "right",
      width: 84,
      render: (l) => <Percent share={l.attach.rate} />,
      value: (l) => l.attach.rate,
    },
    {
      key: "margin",
      title: t("product.col.margin"),
      definition: t("product.why.margin"),
      align: "right",
      width: 84,
      render: (l) => (l.cost_known ? <Percent share={l.margin} /> : <None />),
      value: (l) => (l.cost_known ? l.margin : ""),
    },
    {
      key: "suggested",
      title: t("product.col.suggested"),
      definition: t("product.why.suggested"),
      width: 96,
      ellipsis: false,
      render: (l) =>
        l.suggested ? (
          <Status tone={l.suggested === l.role ? "good" : "attention"} why={l.reasons.map(reason).join(" · ")}>
            {t(`product.role.${l.suggested}`)}
          </Status>
        ) : (
          <None />
        ),
      value: (l) => l.suggested,
    },
    {
      key: "role",
      title: t("product.col.role"),
      width: 128,
      ellipsis: false,
      render: (l) =>
        l.goods && can("goods.write") ? (
          <Select
            size="small"
            aria-label={t("product.set_role", { name: l.name })}
            value={l.role}
            style={{ width: 104 }}
            onChange={(role) => choose(l, role)}
            options={roles.map((r) => ({ value: r, label: t(`product.role.${r || "none"}`) }))}
          />
        ) : (
          t(`product.role.${l.role || "none"}`)
        ),
      value: (l) => l.role,
    },
  ];
  return (
    <Loaded query={asked} loading={<Loading />}>
      {(d) =>
        d.lines.length > 0 ? (
          <>
            <Panel title={t("product.map")} definition={t("product.map_why")}>
              <RoleMap lines={d.lines} limits={d.thresholds} onProduct={props.onProduct} />
            </Panel>
            <p className="hs-secondary pa-limits">
              {[
                t("product.limits", {
                  first: formatPercent(d.thresholds.first_share, reader.language),
                  price: formatMoney(Math.round(d.thresholds.price_fen), reader.language),
                }),
                d.thresholds.margin > 0
                  ? t("product.limit_margin", { margin: formatPercent(d.thresholds.margin, reader.language) })
                  : "",
                d.thresholds.visitors > 0
                  ? t("product.limit_traffic", {
                      conversion: formatPercent(d.thresholds.conversion, reader.language),
                      visitors: Math.round(d.thresholds.visitors),
                    })
                  : t("product.limit_no_traffic"),
              ]
                .filter(Boolean)
                .join(t("product.comma"))}
            </p>
            <DataTable
              id="product-roles"
              query={wholeList({ ...asked, data: d.lines })}
              columns={columns}
              rowKey={(l) => l.id}
              state={{}}
              onState={() => undefined}
              exportable={false}
            />
          </>
        ) : (
          <Empty title={t("product.empty")}>{t("product.empty_text")}</Empty>
        )
      }
    </Loaded>
  );
}

/** Products as bubbles: how many begin with it across, margin (or price) up, sales as size, the suggested role as colour. */
function RoleMap(props: { lines: readonly Play[]; limits: Thresholds; onProduct: (id: string) => void }) {
  const { t } = useTranslation();
  const known = props.lines.some((l) => l.cost_known);
  const shown = props.lines.filter((l) => l.buyers >= 10 && (!known || l.cost_known)).slice(0, 120);
  const { limits } = props;
  const option = useCallback(
    (reader: Reader) => {
      const most = Math.max(1, ...shown.map((l) => l.sales_fen));
      const colours: Record<string, string> = {
        traffic: reader.palette.layer.new,
        profit: reader.palette.water,
        image: reader.palette.layer.vip,
        "": reader.palette.layer.lost,
      };
      const up = (l: Play) => (known ? l.margin * 100 : l.price_fen / 100);
      return {
        grid: { left: 12, right: 24, top: 28, bottom: 30, containLabel: true },
        xAxis: {
          type: "value",
          name: t("product.axis.first"),
          nameLocation: "middle",
          nameGap: 28,
          axisLabel: { formatter: (v: number) => `${v}%` },
        },
        yAxis: {
          type: "value",
          scale: true,
          name: t(known ? "product.axis.margin" : "product.axis.price"),
          nameTextStyle: { align: "left" },
          axisLabel: { formatter: (v: number) => (known ? `${v}%` : `¥${v}`) },
        },
        tooltip: {
          trigger: "item",
          formatter: (p: { dataIndex: number }) => {
            const l = shown[p.dataIndex];
            return l
              ? `<b>${escapeHTML(l.name)}</b><br/>${t("product.col.sales")} ${formatMoney(l.sales_fen, reader.language)}<br/>${t("product.col.first_share")} ${formatPercent(l.first.rate, reader.language)}${l.cost_known ? `<br/>${t("product.col.margin")} ${formatPercent(l.margin, reader.language)}` : ""}`
              : "";
          },
        },
        series: [
          {
            type: "scatter",
            data: shown.map((l) => ({
              name: l.name,
              value: [l.first.rate * 100, up(l)],
              symbolSize: 8 + 40 * Math.sqrt(l.sales_fen / most),
              itemStyle: { color: colours[l.suggested], opacity: 0.72 },
            })),
            label: {
              show: true,
              position: "right",
              color: reader.palette.ink2,
              formatter: (p: { dataIndex: number; name: string }) => (p.dataIndex < 12 ? p.name.slice(0, 12) : ""),
            },
            labelLayout: { hideOverlap: true },
            markLine: {
              silent: true,
              symbol: "none",
              label: { show: false },
              lineStyle: { color: reader.palette.hairlineStrong, type: "dashed" },
              data: [
                { xAxis: limits.first_share * 100 },
                { yAxis: known ? limits.margin * 100 : limits.price_fen / 100 },
              ],
            },
          },
        ],
      };
    },
    [shown, known, limits, t],
  );
  return (
    <>
      <Chart
        label={t("product.map_why")}
        height={360}
        option={option}
        empty={shown.length === 0}
        onClick={(c) => {
          const l = c.index === undefined ? undefined : shown[c.index];
          if (l) {
            props.onProduct(l.id);
          }
        }}
        table={{
          columns: [
            t("product.by.product"),
            t("product.col.first_share"),
            t("product.col.sales"),
            t("product.col.suggested"),
          ],
          rows: shown.map((l) => [
            l.name,
            l.first.rate,
            l.sales_fen / 100,
            l.suggested ? t(`product.role.${l.suggested}`) : "",
          ]),
        }}
      />
      <p className="pa-legend">
        {(["traffic", "profit", "image", ""] as const).map((r) => (
          <span key={r}>
            <i className="pa-dot" data-role={r || "none"} />
            {t(`product.role.${r || "none"}`)}
          </span>
        ))}
      </p>
    </>
  );
}
