import { $api, type Schema } from "@huoshui/api";
import {
  type Column,
  DataTable,
  Empty,
  formatCount,
  Loaded,
  Loading,
  Money,
  PeopleCount,
  useProblemText,
  wholeList,
} from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { App, Button } from "antd";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import type { TabProps } from "./AnalysisPage";
import { ProductName, ShareCell } from "./parts";

type Repeat = Schema<"ProductRepeat">;

/** Whether and when products are bought again. */
export function Repeats(props: TabProps) {
  const { t, i18n } = useTranslation();
  const can = useCan();
  const { message } = App.useApp();
  const text = useProblemText();
  const client = useQueryClient();
  const asked = $api.useQuery("get", "/api/v1/product-analytics/repeats", {
    params: { query: { ...props.days, limit: 500 } },
  });
  const set = $api.useMutation("put", "/api/v1/product-analytics/goods/{id}/rebuy", { meta: { quiet: true } });
  const data = asked.data;
  const days = (n: number) => t("product.n_days", { n: formatCount(n, i18n.language === "en" ? "en" : "zh") });
  const who = (l: Repeat, group: string) =>
    props.onPeople({
      who: group,
      product: l.id,
      title: l.name,
      from: data?.period.from ?? "",
      to: data?.period.to ?? "",
      ...(group === "due" ? { days: String(l.suggested_days) } : {}),
    });
  const use = (l: Repeat) =>
    set.mutate(
      { params: { path: { id: l.id } }, body: { days: l.suggested_days } },
      {
        onSuccess: () => {
          void message.success(t("product.rebuy_set", { n: l.suggested_days }));
          void client.invalidateQueries({ queryKey: ["get", "/api/v1/goods"] });
        },
        onError: (error) => void message.error(text(error)),
      },
    );
  const columns: Column<Repeat>[] = [
    {
      key: "name",
      title: t("product.by.product"),
      width: 210,
      render: (l) => (l.id ? <ProductName of={l} onOpen={props.onProduct} /> : <b>{t("product.store")}</b>),
      value: (l) => l.name,
    },
    {
      key: "buyers",
      title: t("product.col.buyers"),
      definition: t("product.why.buyers"),
      align: "right",
      width: 88,
      render: (l) =>
        l.id ? <PeopleCount n={l.buyers} onOpen={() => who(l, "buyers")} /> : formatCount(l.buyers, "zh"),
      value: (l) => l.buyers,
    },
    {
      key: "repeaters",
      title: t("product.col.repeaters"),
      definition: t("product.why.repeaters"),
      align: "right",
      width: 96,
      render: (l) => <PeopleCount n={l.repeaters} onOpen={() => who(l, "repeat")} />,
      value: (l) => l.repeaters,
    },
    {
      key: "rate",
      title: t("product.col.rate", { n: data?.horizon_days ?? 90 }),
      definition: t("product.why.rate", { n: data?.horizon_days ?? 90 }),
      align: "right",
      width: 150,
      ellipsis: false,
      render: (l) => <ShareCell of={l.rate} />,
      value: (l) => l.rate.rate,
    },
    {
      key: "cycle",
      title: t("product.col.cycle"),
      definition: t("product.why.cycle"),
      align: "right",
      width: 150,
      ellipsis: false,
      render: (l) =>
        l.cycle.median > 0 ? (
          <span className="pa-share hs-num" title={t("product.cycle_seen", { n: l.cycle.seen, gaps: l.cycle.gaps })}>
            <span>{days(l.cycle.median)}</span>
            <small>
              {l.cycle.low} – {l.cycle.high}
            </small>
          </span>
        ) : (
          <span className="hs-secondary" title={t("product.too_few_why")}>
            {t("product.too_few")}
          </span>
        ),
      value: (l) => l.cycle.median || "",
    },
    {
      key: "due",
      title: t("product.col.due"),
      definition: t("product.why.due"),
      align: "right",
      width: 100,
      render: (l) => (l.id && l.due > 0 ? <PeopleCount n={l.due} onOpen={() => who(l, "due")} /> : null),
      value: (l) => l.due,
    },
    {
      key: "set",
      title: t("product.col.set_days"),
      definition: t("product.why.set_days"),
      width: 190,
      ellipsis: false,
      render: (l) =>
        l.goods ? (
          <span className="pa-set">
            <span className="hs-num">{l.set_days > 0 ? days(l.set_days) : "—"}</span>
            {l.suggested_days > 0 && l.suggested_days !== l.set_days && can("goods.write") ? (
              <Button size="small" type="link" onClick={() => use(l)}>
                {t("product.use_days", { n: l.suggested_days })}
              </Button>
            ) : null}
          </span>
        ) : null,
      value: (l) => l.set_days,
    },
    {
      key: "sales",
      title: t("product.col.sales"),
      definition: t("product.why.sales"),
      align: "right",
      width: 110,
      render: (l) => <Money fen={l.sales_fen} short />,
      value: (l) => l.sales_fen / 100,
    },
  ];
  return (
    <Loaded query={asked} loading={<Loading />}>
      {(d) =>
        d.all.buyers > 0 ? (
          <DataTable
            id="product-repeats"
            query={wholeList({ ...asked, data: [d.all, ...d.lines] })}
            columns={columns}
            rowKey={(l) => l.id || "-"}
            state={{}}
            onState={() => undefined}
            exportable={false}
          />
        ) : (
          <Empty title={t("product.empty")}>{t("product.empty_text")}</Empty>
        )
      }
    </Loaded>
  );
}
