import { $api, keyset } from "@huoshui/api";
import {
  type Column,
  Count,
  DataTable,
  Empty,
  ErrorNote,
  Loaded,
  Money,
  None,
  Panel,
  Percent,
  When,
} from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { App, Button, Input, Segmented } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useStaffName } from "../../shell/staff-name";
import { Field, Whole } from "../../trading/Field";
import { FileModal } from "../../trading/FileModal";
import { type Detail, margin, once } from "./words";
import "./goods.css";

type Move = { id: string; quantity: number; reason: string; reference: string; note: string; by: string; at: string };

/** What lies of goods, SKU by SKU: what is free, every change of it, and a way to change it. */
export function Stock(props: { id: string }) {
  const one = $api.useQuery("get", "/api/v1/goods/{id}", { params: { path: { id: props.id } } });
  return <Loaded query={one}>{(g) => <Body of={g} />}</Loaded>;
}

function Body(props: { of: Detail }) {
  const g = props.of;
  const { t } = useTranslation();
  const can = useCan();
  const skus = (g.skus ?? []).filter((k) => !k.gone);
  const [sku, setSKU] = useState(skus[0]?.code ?? "");
  return (
    <div className="hs-trade-stack">
      <div className="hs-trade-scroll">
        <table className="hs-trade-table">
          <thead>
            <tr>
              <th>{t("goods.sku")}</th>
              <th className="hs-right">{t("goods.price")}</th>
              <th className="hs-right">{t("goods.margin")}</th>
              <th className="hs-right">{t("goods.on_hand")}</th>
              <th className="hs-right">{t("goods.held")}</th>
              <th className="hs-right">{t("goods.free")}</th>
            </tr>
          </thead>
          <tbody>
            {skus.map((k) => {
              const level = g.stock[k.code];
              return (
                <tr key={k.code}>
                  <td>
                    <Button
                      type={k.code === sku ? "primary" : "link"}
                      size="small"
                      aria-pressed={k.code === sku}
                      onClick={() => setSKU(k.code)}
                    >
                      {k.choice.join(" / ") || k.code}
                    </Button>
                    {k.choice.length > 0 ? <div className="hs-trade-why">{k.code}</div> : null}
                  </td>
                  <td className="hs-right">
                    <Money fen={k.price_fen} />
                  </td>
                  <td className="hs-right">
                    <Percent share={margin(k)} column />
                  </td>
                  <td className="hs-right">
                    <Count n={level?.on_hand ?? 0} />
                  </td>
                  <td className="hs-right">
                    <Count n={level?.held ?? 0} />
                  </td>
                  <td className="hs-right">
                    <Count n={(level?.on_hand ?? 0) - (level?.held ?? 0)} />
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {g.kind === "virtual" && sku ? <Pool of={g} sku={sku} /> : null}
      {can("stock.write") && g.kind !== "virtual" && sku ? <Change key={sku} id={g.id} sku={sku} /> : null}
      {sku ? <Moves sku={sku} /> : null}
    </div>
  );
}

function useStockChanged(): () => Promise<void> {
  const client = useQueryClient();
  return () =>
    client.invalidateQueries({ predicate: (q) => /\/api\/v1\/(goods|stock|store\/pools)/.test(String(q.queryKey[1])) });
}

function Change(props: { id: string; sku: string }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const [what, setWhat] = useState<"received" | "lost" | "counted">("received");
  const [units, setUnits] = useState(0);
  const [note, setNote] = useState("");
  const [request, setRequest] = useState(once);
  const change = $api.useMutation("post", "/api/v1/stock", { meta: { quiet: true } });
  const changed = useStockChanged();
  const run = async () => {
    await change.mutateAsync({ body: { request, sku: props.sku, what, units, note: note.trim() } });
    setRequest(once());
    setUnits(0);
    setNote("");
    message.success(t("goods.stock_ok"));
    await changed();
  };
  return (
    <Panel title={t("goods.stock_change")}>
      <div className="hs-trade-form">
        {change.error ? <ErrorNote error={change.error} small /> : null}
        <Field label={t("goods.stock_what")}>
          <Segmented
            value={what}
            onChange={setWhat}
            options={(["received", "lost", "counted"] as const).map((v) => ({ value: v, label: t(`goods.what.${v}`) }))}
          />
          <Whole label={t("goods.units")} n={units} onChange={setUnits} />
        </Field>
        <Field label={t("goods.note")}>
          <Input
            className="hs-goods-wide"
            aria-label={t("goods.note")}
            placeholder={t("goods.note_hint")}
            maxLength={200}
            value={note}
            onChange={(e) => setNote(e.target.value)}
          />
          <Button
            type="primary"
            loading={change.isPending}
            disabled={units === 0 && what !== "counted"}
            onClick={() => void run().catch(() => undefined)}
          >
            {t("goods.stock_save")}
          </Button>
        </Field>
      </div>
    </Panel>
  );
}

function Moves(props: { sku: string }) {
  const { t } = useTranslation();
  const staffName = useStaffName();
  const list = $api.useInfiniteQuery(
    "get",
    "/api/v1/stock/{sku}/moves",
    { params: { path: { sku: props.sku }, query: { limit: 50 } } },
    keyset,
  );
  const columns: Column<Move>[] = [
    { key: "at", title: t("goods.at"), width: 140, render: (m) => <When at={m.at} />, value: (m) => m.at },
    {
      key: "reason",
      title: t("goods.reason"),
      width: 90,
      render: (m) => t(`goods.reasons.${m.reason}`),
      value: (m) => t(`goods.reasons.${m.reason}`),
    },
    {
      key: "quantity",
      title: t("goods.units"),
      align: "right",
      width: 80,
      render: (m) => <Count n={m.quantity} signed />,
      value: (m) => m.quantity,
    },
    {
      key: "by",
      title: t("goods.by"),
      width: 160,
      render: (m) =>
        m.reference.startsWith("sal_") ? (
          <Link to={`/orders/${m.reference.split("/")[0]}` as never}>{t("goods.order")}</Link>
        ) : (
          staffName(m.by) || <None />
        ),
      value: (m) => m.by || m.reference,
    },
    { key: "note", title: t("goods.note"), width: 180, render: (m) => m.note || <None />, value: (m) => m.note },
  ];
  return (
    <DataTable<Move, Record<string, never>>
      id="stock-moves"
      inset
      query={list}
      columns={columns}
      rowKey={(m) => m.id}
      state={{}}
      onState={() => undefined}
      empty={<Empty small title={t("goods.no_moves")} />}
    />
  );
}

interface Added {
  added: number;
  known: number;
  refused: number;
}

function Pool(props: { of: Detail; sku: string }) {
  const { t } = useTranslation();
  const can = useCan();
  const [open, setOpen] = useState(false);
  const changed = useStockChanged();
  const pool = props.of.pools.find((p) => p.sku === props.sku);
  return (
    <Panel
      title={t("goods.pool")}
      definition={t("goods.pool_why")}
      actions={
        can("stock.write") ? (
          <Button size="small" type="primary" onClick={() => setOpen(true)}>
            {t("goods.pool_add")}
          </Button>
        ) : null
      }
    >
      {t("goods.pool_now", { free: pool?.free ?? 0, handed: pool?.handed ?? 0 })}
      <FileModal<Added>
        open={open}
        title={t("goods.pool_add")}
        url={`/api/v1/store/pools/${encodeURIComponent(props.sku)}`}
        hint={t("goods.pool_hint")}
        drop={t("goods.import_drop")}
        onClose={() => setOpen(false)}
        onDone={() => void changed()}
        result={(r) => <b>{t("goods.pool_done", { added: r.added, known: r.known, refused: r.refused })}</b>}
      />
    </Panel>
  );
}
