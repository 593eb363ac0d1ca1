import { PlusOutlined } from "@ant-design/icons";
import { $api } from "@huoshui/api";
import {
  Cards,
  type Column,
  Count,
  DataTable,
  Empty,
  Loaded,
  Money,
  Page,
  present,
  RowDrawer,
  StatCard,
  Status,
  useConfirmDanger,
  useReader,
  When,
  wholeList,
} from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Button, Segmented } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useUrlState } from "../../shell/url";
import { NewModal } from "./NewModal";
import { type Sale, standing, tones } from "./words";
import "../../trading/trading.css";

/** Every flash sale: how it goes now, what became of it, who bought. */
export default function FlashPage() {
  const { t } = useTranslation();
  const can = useCan();
  const [state, setState] = useUrlState({ show: "all", open: "" });
  const [making, setMaking] = useState(false);
  const list = $api.useQuery(
    "get",
    "/api/v1/flash-sales",
    { params: { query: { limit: 500 } } },
    { refetchInterval: 5_000 },
  );
  const goods = $api.useQuery("get", "/api/v1/goods", { params: { query: { limit: 200 } } }, { staleTime: 60_000 });
  const nameOf = (sku: string) => {
    const g = goods.data?.items.find((g) => g.skus?.some((k) => k.code === sku));
    return g ? [g.title, ...(g.skus?.find((k) => k.code === sku)?.choice ?? [])].join(" ") : sku;
  };
  const now = present();
  const shown = list.data?.items.filter((s) => state.show === "all" || standing(s, now) === state.show);
  const columns: Column<Sale>[] = [
    { key: "name", title: t("flash.name"), width: 180, render: (s) => s.name, value: (s) => s.name },
    {
      key: "state",
      title: t("flash.state"),
      width: 110,
      render: (s) => <Status tone={tones[standing(s, now)]}>{t(`flash.standing.${standing(s, now)}`)}</Status>,
      value: (s) => t(`flash.standing.${standing(s, now)}`),
    },
    { key: "sku", title: t("flash.goods"), width: 240, render: (s) => nameOf(s.sku), value: (s) => nameOf(s.sku) },
    {
      key: "price",
      title: t("flash.price"),
      align: "right",
      width: 100,
      render: (s) => <Money fen={s.price_fen} />,
      value: (s) => s.price_fen / 100,
    },
    {
      key: "taken",
      title: t("flash.taken"),
      definition: t("flash.taken_why"),
      align: "right",
      width: 120,
      render: (s) => (
        <span className="hs-num">
          <Count n={s.taken} /> / <Count n={s.units} />
        </span>
      ),
      value: (s) => s.taken,
    },
    {
      key: "per_person",
      title: t("flash.per_person"),
      align: "right",
      width: 100,
      render: (s) => <Count n={s.per_person} />,
      value: (s) => s.per_person,
    },
    {
      key: "starts",
      title: t("flash.starts"),
      width: 150,
      render: (s) => <When at={s.starts_at} />,
      value: (s) => s.starts_at,
    },
    {
      key: "ends",
      title: t("flash.ends"),
      width: 150,
      render: (s) => <When at={s.ends_at} />,
      value: (s) => s.ends_at,
    },
  ];
  const make = can("goods.write") ? (
    <Button type="primary" icon={<PlusOutlined />} onClick={() => setMaking(true)}>
      {t("flash.new")}
    </Button>
  ) : null;
  const open = list.data?.items.find((s) => s.id === state.open);
  return (
    <Page title={t("flash.title")} lead={t("flash.lead")} actions={make}>
      <DataTable
        id="flash"
        query={wholeList({ ...list, data: shown })}
        columns={columns}
        rowKey={(s) => s.id}
        state={state}
        onState={setState}
        toolbar={
          <Segmented
            value={state.show}
            onChange={(show) => setState({ show })}
            options={["all", "on", "soon", "over", "gone", "stopped"].map((v) => ({
              value: v,
              label: v === "all" ? t("flash.all") : t(`flash.standing.${v}`),
            }))}
          />
        }
        onOpen={(s) => setState({ open: s.id }, { push: true })}
        openKey={state.open}
        empty={
          state.show === "all" ? (
            <Empty title={t("flash.empty")} action={make}>
              {t("flash.empty_text")}
            </Empty>
          ) : undefined
        }
      />
      {open ? <One of={open} goods={nameOf(open.sku)} onClose={() => setState({ open: "" })} /> : null}
      {making ? (
        <NewModal goods={(goods.data?.items ?? []).filter((g) => g.status === "on")} onClose={() => setMaking(false)} />
      ) : null}
    </Page>
  );
}

type Order = { sale: string; number: string; name: string; customer: number; units: number; state: string; at: string };

function One(props: { of: Sale; goods: string; onClose: () => void }) {
  const s = props.of;
  const { t } = useTranslation();
  const { language } = useReader();
  const can = useCan();
  const ask = useConfirmDanger();
  const client = useQueryClient();
  const navigate = useNavigate();
  const stop = $api.useMutation("post", "/api/v1/flash-sales/{id}/stop");
  const at = standing(s, present());
  const result = $api.useQuery(
    "get",
    "/api/v1/flash-sales/{id}/result",
    { params: { path: { id: s.id } } },
    { refetchInterval: at === "on" ? 3_000 : false, enabled: can("sales.read") },
  );
  const columns: Column<Order>[] = [
    {
      key: "number",
      title: t("flash.order"),
      width: 210,
      render: (o) => <Link to={`/orders/${o.sale}` as never}>{o.number}</Link>,
      value: (o) => o.number,
    },
    {
      key: "name",
      title: t("flash.buyer"),
      width: 130,
      render: (o) => o.name || `#${o.customer}`,
      value: (o) => o.name,
    },
    {
      key: "units",
      title: t("flash.units"),
      align: "right",
      width: 70,
      render: (o) => <Count n={o.units} />,
      value: (o) => o.units,
    },
    {
      key: "state",
      title: t("flash.state"),
      width: 90,
      render: (o) => t(`flash.orders.${o.state}`),
      value: (o) => t(`flash.orders.${o.state}`),
    },
    {
      key: "at",
      title: t("flash.at"),
      width: 150,
      render: (o) => <When at={o.at} style="second" />,
      value: (o) => o.at,
    },
  ];
  return (
    <RowDrawer
      open
      width={720}
      title={s.name}
      subtitle={props.goods}
      onClose={props.onClose}
      footer={
        can("goods.write") && (at === "on" || at === "soon") ? (
          <Button
            onClick={() =>
              ask({
                title: t("flash.stop_ask", { name: s.name }),
                consequence: t("flash.stop_text", { left: s.units - s.taken }),
                action: t("flash.stop"),
                run: () =>
                  stop
                    .mutateAsync({ params: { path: { id: s.id } } })
                    .then(() =>
                      client.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).includes("/flash-sales") }),
                    ),
              })
            }
          >
            {t("flash.stop")}
          </Button>
        ) : null
      }
    >
      <div className="hs-trade-stack" lang={language}>
        <Loaded query={result}>
          {(r) => (
            <>
              <Cards min={120}>
                <StatCard
                  label={t("flash.paid")}
                  value={<Count n={r.paid} />}
                  note={t("flash.of_units", { n: s.units })}
                />
                <StatCard label={t("flash.held")} definition={t("flash.held_why")} value={<Count n={r.held} />} />
                <StatCard label={t("flash.given")} definition={t("flash.given_why")} value={<Count n={r.given} />} />
                <StatCard label={t("flash.people")} value={<Count n={r.people} />} />
                <StatCard label={t("flash.money")} value={<Money fen={r.paid_fen} short />} />
              </Cards>
              <DataTable<Order, Record<string, never>>
                id="flash-orders"
                inset
                query={wholeList({ ...result, data: r.orders })}
                columns={columns}
                rowKey={(o) => o.sale}
                state={{}}
                onState={() => undefined}
                onOpen={(o) => void navigate({ to: `/orders/${o.sale}` as never })}
                empty={<Empty small title={t("flash.nobody")} />}
              />
            </>
          )}
        </Loaded>
      </div>
    </RowDrawer>
  );
}
