import { $api, type Schema } from "@huoshui/api";
import {
  type Column,
  DataTable,
  Empty,
  formatCount,
  Loaded,
  Loading,
  PeopleCount,
  Status,
  useProblemText,
  useReader,
  wholeList,
} from "@huoshui/ui";
import { App, Button, Checkbox } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import type { TabProps } from "./AnalysisPage";
import { ProductName, ShareCell } from "./parts";

type Pair = Schema<"ProductPair">;

/** What is bought together, and whether that is chance. */
export function Pairs(props: TabProps) {
  const { t } = useTranslation();
  const { language } = useReader();
  const can = useCan();
  const { message } = App.useApp();
  const text = useProblemText();
  const [firm, setFirm] = useState(true);
  const [saved, setSaved] = useState<readonly string[]>([]);
  const asked = $api.useQuery("get", "/api/v1/product-analytics/pairs", {
    params: { query: { ...props.days, firm, limit: 300 } },
  });
  const add = $api.useMutation("post", "/api/v1/product-analytics/goods/{id}/pairs", { meta: { quiet: true } });
  const data = asked.data;
  const key = (p: Pair) => `${p.a.id} ${p.b.id}`;
  const who = (group: string, p: Pair) =>
    props.onPeople({
      who: group,
      product: p.a.id,
      title: p.a.name,
      other: p.b.id,
      other_name: p.b.name,
      from: data?.period.from ?? "",
      to: data?.period.to ?? "",
    });
  const save = async (p: Pair) => {
    try {
      await add.mutateAsync({ params: { path: { id: p.a.id } }, body: { other: p.b.id, lift: p.lift } });
      await add.mutateAsync({ params: { path: { id: p.b.id } }, body: { other: p.a.id, lift: p.lift } });
      setSaved((s) => [...s, key(p)]);
      void message.success(t("product.pair_saved"));
    } catch (error) {
      void message.error(text(error));
    }
  };
  const columns: Column<Pair>[] = [
    {
      key: "a",
      title: t("product.col.a"),
      width: 176,
      render: (p) => <ProductName of={p.a} onOpen={props.onProduct} />,
      value: (p) => p.a.name,
    },
    {
      key: "b",
      title: t("product.col.b"),
      width: 176,
      render: (p) => <ProductName of={p.b} onOpen={props.onProduct} />,
      value: (p) => p.b.name,
    },
    {
      key: "baskets",
      title: t("product.col.together"),
      definition: t("product.why.together", { n: formatCount(data?.baskets ?? 0, language) }),
      align: "right",
      width: 84,
      render: (p) => <PeopleCount n={p.baskets} onOpen={() => who("pair", p)} />,
      value: (p) => p.baskets,
    },
    {
      key: "support",
      title: t("product.col.support"),
      definition: t("product.why.support"),
      align: "right",
      width: 84,
      render: (p) => <span className="hs-num">{(p.support * 100).toFixed(2)}%</span>,
      value: (p) => p.support,
    },
    {
      key: "a_to_b",
      title: t("product.col.a_to_b"),
      definition: t("product.why.confidence"),
      align: "right",
      width: 132,
      ellipsis: false,
      render: (p) => <ShareCell of={p.a_to_b} />,
      value: (p) => p.a_to_b.rate,
    },
    {
      key: "b_to_a",
      title: t("product.col.b_to_a"),
      definition: t("product.why.confidence"),
      align: "right",
      width: 132,
      ellipsis: false,
      render: (p) => <ShareCell of={p.b_to_a} />,
      value: (p) => p.b_to_a.rate,
    },
    {
      key: "lift",
      title: t("product.col.lift"),
      definition: t("product.why.lift"),
      align: "right",
      width: 80,
      render: (p) => <b className="hs-num">{p.lift.toFixed(p.lift < 10 ? 2 : 1)}</b>,
      value: (p) => p.lift,
    },
    {
      key: "firm",
      title: t("product.col.firm"),
      definition: t("product.why.firm"),
      width: 104,
      ellipsis: false,
      render: (p) => (
        <Status
          tone={p.firm ? "good" : "calm"}
          why={t("product.firm_why", { p: p.p.toExponential(1), q: p.q.toExponential(1), extra: p.extra.toFixed(1) })}
        >
          {p.firm ? t("product.firm") : t("product.chance")}
        </Status>
      ),
      value: (p) => p.firm,
    },
    {
      key: "act",
      title: "",
      width: 176,
      ellipsis: false,
      render: (p) => (
        <span className="pa-set">
          <Button size="small" type="link" onClick={() => who("without", p)}>
            {t("product.without")}
          </Button>
          {p.a.goods && p.b.goods && can("goods.write") ? (
            <Button size="small" type="link" disabled={saved.includes(key(p))} onClick={() => void save(p)}>
              {saved.includes(key(p)) ? t("product.pair_is") : t("product.pair_save")}
            </Button>
          ) : null}
        </span>
      ),
    },
  ];
  return (
    <>
      <div className="pa-tools">
        <Checkbox checked={firm} onChange={(e) => setFirm(e.target.checked)}>
          {t("product.firm_only")}
        </Checkbox>
        {data ? (
          <span className="hs-secondary">
            {t("product.pairs_of", {
              from: data.period.from,
              to: data.period.to,
              n: formatCount(data.baskets, language),
              least: data.least_baskets,
              products: data.products,
            })}
          </span>
        ) : null}
      </div>
      <Loaded query={asked} loading={<Loading />}>
        {(d) =>
          d.pairs.length > 0 ? (
            <DataTable
              id="product-pairs"
              query={wholeList({ ...asked, data: d.pairs })}
              columns={columns}
              rowKey={key}
              state={{}}
              onState={() => undefined}
              exportable={false}
            />
          ) : (
            <Empty title={t("product.no_pairs")}>{t("product.no_pairs_text", { least: d.least_baskets })}</Empty>
          )
        }
      </Loaded>
    </>
  );
}
