import { BarcodeOutlined, PrinterOutlined, UploadOutlined } from "@ant-design/icons";
import { $api, keyset } from "@huoshui/api";
import {
  type Column,
  DataTable,
  Empty,
  type Filter,
  formatCount,
  formatMoney,
  formatMoneyShort,
  Money,
  None,
  Page,
  RowDrawer,
  Status,
  useReader,
  When,
} from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Button, Tabs } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useUrlState } from "../../shell/url";
import { FileModal } from "../../trading/FileModal";
import { csvOf, saveText } from "../../trading/files";
import { dayStart } from "../../trading/time";
import { RedeemModal } from "./RedeemModal";
import { SaleActions, SaleView } from "./SaleView";
import { type Row, type Shipments, stateKey, states, tones } from "./words";

/** Every order of the store: where it stands, who bought, what it brought; a row opens it at the side. */
export default function SalesPage() {
  const { t } = useTranslation();
  const { language, zone } = useReader();
  const navigate = useNavigate();
  const client = useQueryClient();
  const can = useCan();
  const [state, setState] = useUrlState({
    q: "",
    state: "",
    delivery: "",
    tail: "",
    customer: "",
    goods: "",
    waiting: "",
    placed_min: "",
    placed_max: "",
    open: "",
  });
  const [shipping, setShipping] = useState(false);
  const [redeeming, setRedeeming] = useState(false);
  const customer = /^\d+$/.test(state.customer) ? Number(state.customer) : undefined;
  const query = {
    q: state.q || undefined,
    state: (state.state || undefined) as Row["state"] | undefined,
    delivery: (state.delivery || undefined) as "ship" | "pickup" | undefined,
    tail: /^\d{4}$/.test(state.tail) ? state.tail : undefined,
    customer,
    goods: state.goods || undefined,
    waiting: state.waiting === "true" || undefined,
    from: state.placed_min ? dayStart(state.placed_min, zone) : undefined,
    until: state.placed_max ? dayStart(state.placed_max, zone, 1) : undefined,
  };
  const list = $api.useInfiniteQuery(
    "get",
    "/api/v1/store/orders",
    { params: { query: { ...query, limit: 50 } } },
    { ...keyset, refetchInterval: 30_000 },
  );
  const goods = $api.useQuery(
    "get",
    "/api/v1/goods",
    { params: { query: { limit: 200 } } },
    { enabled: can("goods.read"), staleTime: 60_000 },
  );
  const counts = list.data?.pages[0]?.counts ?? {};
  const tab = (s: string) => {
    const of = s ? counts[s] : undefined;
    const all = Object.values(counts);
    const n = s ? (of?.sales ?? 0) : all.reduce((sum, c) => sum + c.sales, 0);
    const fen = s ? (of?.fen ?? 0) : all.reduce((sum, c) => sum + c.fen, 0);
    return (
      <span className="hs-num">
        {s ? t(`sales.states.${s}`) : t("sales.all")} {formatCount(n, language)}
        <span className="hs-secondary"> {formatMoneyShort(fen, language)}</span>
      </span>
    );
  };
  const filters: Filter[] = [
    { key: "placed", label: t("sales.placed_at"), kind: "date" },
    {
      key: "delivery",
      label: t("sales.delivery"),
      kind: "choice",
      options: (["ship", "pickup"] as const).map((v) => ({ value: v, label: t(`sales.by.${v}`) })),
    },
    { key: "tail", label: t("sales.tail"), kind: "text", placeholder: "8888" },
    { key: "customer", label: t("sales.customer_number"), kind: "text", placeholder: "1024" },
    {
      key: "goods",
      label: t("sales.goods"),
      kind: "choice",
      options: (goods.data?.items ?? []).map((g) => ({ value: g.id, label: g.title })),
    },
    { key: "waiting", label: t("sales.waiting"), kind: "flag" },
  ];
  const columns: Column<Row>[] = [
    { key: "number", title: t("sales.number"), width: 196, render: (s) => s.number, value: (s) => s.number },
    {
      key: "state",
      title: t("sales.state"),
      width: 110,
      render: (s) => <Status tone={tones[s.state]}>{t(stateKey(s))}</Status>,
      value: (s) => t(stateKey(s)),
    },
    {
      key: "goods",
      title: t("sales.goods"),
      width: 230,
      render: (s) => goodsText(s),
      value: (s) => goodsText(s),
    },
    {
      key: "name",
      title: t("sales.customer"),
      width: 110,
      render: (s) => s.name || `#${s.customer}`,
      value: (s) => s.name || s.customer,
    },
    {
      key: "total",
      title: t("sales.total"),
      align: "right",
      width: 120,
      render: (s) => <Money fen={s.total_fen} />,
      value: (s) => s.total_fen / 100,
    },
    {
      key: "refunded",
      title: t("sales.refunded"),
      align: "right",
      width: 100,
      render: (s) => (s.refunded_fen ? <Money fen={s.refunded_fen} /> : <None />),
      value: (s) => s.refunded_fen / 100,
    },
    {
      key: "delivery",
      title: t("sales.delivery"),
      width: 150,
      render: (s) => (s.tracking ? `${s.carrier} ${s.tracking}` : t(`sales.by.${s.delivery}`)),
      value: (s) => s.tracking || s.delivery,
    },
    {
      key: "placed",
      title: t("sales.placed_at"),
      width: 150,
      render: (s) => <When at={s.placed_at} />,
      value: (s) => s.placed_at,
    },
  ];
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined) {
      params.set(key, String(value));
    }
  }
  const changed = () =>
    void client.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).includes("/store/orders") });
  return (
    <Page
      title={t("sales.title")}
      lead={t("sales.lead")}
      actions={
        can("sales.write") ? (
          <>
            <Button icon={<PrinterOutlined />} onClick={() => void navigate({ to: "/orders/picking" as never })}>
              {t("sales.picking")}
            </Button>
            <Button icon={<UploadOutlined />} onClick={() => setShipping(true)}>
              {t("sales.ship_file")}
            </Button>
            <Button type="primary" icon={<BarcodeOutlined />} onClick={() => setRedeeming(true)}>
              {t("sales.redeem")}
            </Button>
          </>
        ) : null
      }
    >
      <Tabs
        activeKey={state.state || "all"}
        onChange={(key) => setState({ state: key === "all" ? "" : key, open: "" })}
        items={["", ...states].map((s) => ({ key: s || "all", label: tab(s) }))}
      />
      <DataTable
        id="sales"
        query={list}
        columns={columns}
        rowKey={(s) => s.id}
        state={state}
        onState={setState}
        search={t("sales.search")}
        filters={filters}
        exportURL={`/api/v1/store/orders/export?${params}`}
        onOpen={(s) => setState({ open: s.id }, { push: true })}
        openKey={state.open}
        empty={
          state.state ? (
            <Empty small title={t("sales.none_here", { state: t(`sales.states.${state.state}`) })} />
          ) : (
            <Empty title={t("sales.empty")}>{t("sales.empty_text")}</Empty>
          )
        }
      />
      <SaleDrawer
        id={state.open}
        onClose={() => setState({ open: "" })}
        onOpenPage={() => void navigate({ to: `/orders/${state.open}` as never })}
      />
      <FileModal<Shipments>
        open={shipping}
        title={t("sales.ship_file")}
        url="/api/v1/store/orders/shipments"
        hint={
          <>
            {t("sales.ship_hint")}{" "}
            <Button
              type="link"
              size="small"
              onClick={() =>
                saveText(
                  "shipments.csv",
                  csvOf([
                    [t("sales.number"), t("sales.carrier"), t("sales.tracking")],
                    ["", "", ""],
                  ]),
                )
              }
            >
              {t("sales.ship_sample")}
            </Button>
          </>
        }
        drop={t("sales.ship_drop")}
        onClose={() => setShipping(false)}
        onDone={changed}
        result={(r) => <Shipped of={r} />}
      />
      <RedeemModal open={redeeming} onClose={() => setRedeeming(false)} onDone={changed} />
    </Page>
  );
}

function goodsText(s: Row): string {
  return s.lines.map((l, i) => `${l.name} × ${s.quote.lines[i]?.quantity ?? 1}`).join("；");
}

function Shipped(props: { of: Shipments }) {
  const { t } = useTranslation();
  const { of } = props;
  return (
    <div className="hs-trade-stack">
      <b>{t("sales.shipped_n", { n: of.shipped, bad: of.rejected.length })}</b>
      {of.rejected.length > 0 ? (
        <>
          <table className="hs-trade-table">
            <thead>
              <tr>
                <th>{t("sales.line")}</th>
                <th>{t("sales.number")}</th>
                <th>{t("sales.why")}</th>
              </tr>
            </thead>
            <tbody>
              {of.rejected.slice(0, 8).map((r) => (
                <tr key={r.line}>
                  <td>{r.line}</td>
                  <td>{r.cells[0] ?? ""}</td>
                  <td>{t(`problem.${r.code.replaceAll(".", "/")}`, { defaultValue: r.reason })}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <Button
            onClick={() =>
              saveText(
                "rejected.csv",
                csvOf([
                  [t("sales.number"), t("sales.carrier"), t("sales.tracking"), t("sales.line"), t("sales.why")],
                  ...of.rejected.map((r) => [
                    r.cells[0] ?? "",
                    r.cells[1] ?? "",
                    r.cells[2] ?? "",
                    String(r.line),
                    t(`problem.${r.code.replaceAll(".", "/")}`, { defaultValue: r.reason }),
                  ]),
                ]),
              )
            }
          >
            {t("sales.rejected_file")}
          </Button>
        </>
      ) : null}
    </div>
  );
}

function SaleDrawer(props: { id: string; onClose: () => void; onOpenPage: () => void }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const one = $api.useQuery(
    "get",
    "/api/v1/store/orders/{id}",
    { params: { path: { id: props.id } } },
    { enabled: props.id !== "" },
  );
  const f = one.data;
  return (
    <RowDrawer
      open={props.id !== ""}
      width={720}
      title={f ? f.number : t("sales.one")}
      subtitle={f ? `${t(stateKey(f))} · ${formatMoney(f.total_fen, language)}` : null}
      onClose={props.onClose}
      onOpenPage={props.onOpenPage}
      footer={f ? <SaleActions of={f} /> : null}
    >
      {props.id ? <SaleView id={props.id} /> : null}
    </RowDrawer>
  );
}
