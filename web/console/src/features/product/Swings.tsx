import { $api, type Schema } from "@huoshui/api";
import {
  type Column,
  DataTable,
  Empty,
  formatCount,
  formatMoney,
  formatMoneyShort,
  formatPercent,
  Loaded,
  Loading,
  Money,
  Panel,
  PeopleCount,
  Status,
  useReader,
  wholeList,
} from "@huoshui/ui";
import { Segmented, Tooltip } from "antd";
import { useTranslation } from "react-i18next";
import { useChannelName } from "../../shell/channel-name";
import type { TabProps } from "./AnalysisPage";

type Swing = Schema<"ProductSwing">;
type By = "product" | "category" | "channel";

/** Each cause as a piece of a bar around zero: left takes away, right adds. */
function Causes(props: { of: Swing; most: number }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const half = (fen: number) => `${(Math.min(1, Math.abs(fen) / props.most) * 50).toFixed(2)}%`;
  const factor = (name: string, v: number) =>
    name === "price"
      ? formatMoney(Math.round(v), language)
      : name === "conversion"
        ? formatPercent(v, language)
        : name === "traffic" || name === "buyers"
          ? formatCount(v, language)
          : v.toFixed(2);
  let left = 0;
  let right = 0;
  return (
    <span className="pa-causes">
      {props.of.causes.map((c) => {
        const size = Math.min(1, Math.abs(c.effect_fen) / props.most) * 50;
        if (c.effect_fen < 0) {
          left += size;
        }
        const at = c.effect_fen < 0 ? 50 - left : 50 + right;
        if (c.effect_fen > 0) {
          right += size;
        }
        return (
          <Tooltip
            key={c.factor}
            title={t("product.cause_says", {
              factor: t(`product.factor.${c.factor}`),
              from: factor(c.factor, c.base),
              to: factor(c.factor, c.current),
              effect: `${c.effect_fen > 0 ? "+" : ""}${formatMoney(c.effect_fen, language)}`,
            })}
          >
            <span
              className="pa-cause"
              data-factor={c.factor}
              style={{ left: `${Math.max(0, at).toFixed(2)}%`, width: half(c.effect_fen) }}
            />
          </Tooltip>
        );
      })}
      <span className="pa-zero" />
    </span>
  );
}

/** Why sales moved between two periods. */
export function Swings(props: TabProps) {
  const { t } = useTranslation();
  const reader = useReader();
  const channel = useChannelName();
  const by: By = props.by === "category" || props.by === "channel" ? props.by : "product";
  const named = (l: Swing) => (by === "channel" && l.key ? channel(l.key) : l.name);
  const asked = $api.useQuery("get", "/api/v1/product-analytics/swings", {
    params: { query: { by, ...props.days, limit: 500 } },
  });
  const lines = asked.data?.lines ?? [];
  const reach = (l: Swing) =>
    Math.max(
      l.causes.reduce((n, c) => n + Math.max(0, c.effect_fen), 0),
      l.causes.reduce((n, c) => n - Math.min(0, c.effect_fen), 0),
    );
  const most = Math.max(1, ...lines.slice(0, 50).map(reach));
  const who = (l: Swing, group: string) =>
    props.onPeople({
      who: group,
      by,
      product: l.key,
      title: named(l),
      from: asked.data?.current.from ?? "",
      to: asked.data?.current.to ?? "",
    });
  const columns: Column<Swing>[] = [
    {
      key: "name",
      title: t(`product.by.${by}`),
      width: 200,
      render: (l) =>
        by === "product" && l.key ? (
          <button type="button" className="pa-name" onClick={() => props.onProduct(l.key)}>
            {l.name}
          </button>
        ) : (
          named(l) || t("product.none")
        ),
      value: named,
    },
    {
      key: "current",
      title: t("product.col.sales"),
      definition: t("product.why.sales"),
      align: "right",
      width: 108,
      render: (l) => <Money fen={l.current.sales_fen} short />,
      value: (l) => l.current.sales_fen / 100,
    },
    {
      key: "change",
      title: t("product.col.change"),
      definition: t("product.why.change"),
      align: "right",
      width: 150,
      ellipsis: false,
      render: (l) => (
        <span className="pa-change hs-num" data-down={l.change_fen < 0 || undefined}>
          {l.change_fen > 0 ? "+" : ""}
          {formatMoneyShort(l.change_fen, reader.language)}
          <small>
            {l.base.sales_fen > 0
              ? formatPercent(l.change_fen / l.base.sales_fen, reader.language, 0)
              : t("product.new")}
          </small>
        </span>
      ),
      value: (l) => l.change_fen / 100,
    },
    {
      key: "causes",
      title: t("product.col.causes"),
      definition: t("product.why.causes"),
      width: 280,
      ellipsis: false,
      render: (l) => <Causes of={l} most={most} />,
      value: (l) => l.causes.map((c) => `${t(`product.factor.${c.factor}`)} ${c.effect_fen / 100}`).join("; "),
    },
    {
      key: "main",
      title: t("product.col.main"),
      width: 132,
      ellipsis: false,
      render: (l) => {
        const main = [...l.causes].sort((a, b) => Math.abs(b.effect_fen) - Math.abs(a.effect_fen))[0];
        return main && main.effect_fen !== 0 ? (
          <span className="pa-main">
            <i className="pa-dot" data-factor={main.factor} />
            {t(`product.factor.${main.factor}`)}
            {main.effect_fen > 0 ? " ↑" : " ↓"}
          </span>
        ) : null;
      },
    },
    {
      key: "visitors",
      title: t("product.col.visitors"),
      definition: t("product.why.visitors"),
      align: "right",
      width: 92,
      ellipsis: false,
      render: (l) =>
        l.traffic ? (
          <PeopleCount n={l.current.visitors} onOpen={() => who(l, "visitors")} />
        ) : (
          <Status
            tone="calm"
            why={t("product.no_traffic_why", { share: formatPercent(l.coverage, reader.language, 0) })}
          >
            {t("product.no_traffic")}
          </Status>
        ),
      value: (l) => (l.traffic ? l.current.visitors : ""),
    },
    {
      key: "buyers",
      title: t("product.col.buyers"),
      definition: t("product.why.buyers"),
      align: "right",
      width: 84,
      render: (l) => <PeopleCount n={l.current.buyers} onOpen={() => who(l, "buyers")} />,
      value: (l) => l.current.buyers,
    },
  ];
  const total = asked.data?.total;
  return (
    <>
      <div className="pa-tools">
        <Segmented<By>
          value={by}
          onChange={props.onBy}
          options={(["product", "category", "channel"] as const).map((v) => ({
            value: v,
            label: t(`product.by.${v}`),
          }))}
        />
        {asked.data ? (
          <span className="hs-secondary">
            {t("product.periods", {
              from: asked.data.current.from,
              to: asked.data.current.to,
              base_from: asked.data.base.from,
              base_to: asked.data.base.to,
            })}
          </span>
        ) : null}
      </div>
      <Loaded query={asked} loading={<Loading />}>
        {() =>
          total && (total.base.sales_fen > 0 || total.current.sales_fen > 0) ? (
            <>
              <Panel title={t("product.total")} definition={t("product.total_why")}>
                <div className="pa-total">
                  <div>
                    <b className="pa-big hs-num">{formatMoneyShort(total.current.sales_fen, reader.language)}</b>
                    <span className="pa-change hs-num" data-down={total.change_fen < 0 || undefined}>
                      {total.change_fen > 0 ? "+" : ""}
                      {formatMoneyShort(total.change_fen, reader.language)}
                    </span>
                  </div>
                  {total.causes.map((c) => (
                    <div key={c.factor} className="pa-factor">
                      <span>
                        <i className="pa-dot" data-factor={c.factor} />
                        {t(`product.factor.${c.factor}`)}
                      </span>
                      <b className="hs-num" data-down={c.effect_fen < 0 || undefined}>
                        {c.effect_fen > 0 ? "+" : ""}
                        {formatMoneyShort(c.effect_fen, reader.language)}
                      </b>
                    </div>
                  ))}
                </div>
                {total.traffic ? null : (
                  <p className="pa-caveat">
                    {t("product.caveat", { share: formatPercent(total.coverage, reader.language, 0) })}
                  </p>
                )}
              </Panel>
              <DataTable
                id="product-swings"
                query={wholeList({ ...asked, data: lines })}
                columns={columns}
                rowKey={(l) => l.key || "-"}
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
    </>
  );
}
