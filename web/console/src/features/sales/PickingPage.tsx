import { PrinterOutlined } from "@ant-design/icons";
import { $api } from "@huoshui/api";
import { Empty, Loaded, Page, Panel, When } from "@huoshui/ui";
import { Link } from "@tanstack/react-router";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { type Row, toSend } from "./words";
import "../../trading/trading.css";
import "./picking.css";

/** What to take from the shelves for the orders that wait, and one slip each; made to be printed. */
export default function PickingPage() {
  const { t } = useTranslation();
  const list = $api.useQuery("get", "/api/v1/store/orders", {
    params: { query: { state: "paid", delivery: "ship", limit: 200 } },
  });
  return (
    <Page
      title={t("sales.picking")}
      lead={t("sales.picking_lead")}
      crumbs={<Link to={"/orders" as never}>{t("sales.title")}</Link>}
      actions={
        <Button type="primary" icon={<PrinterOutlined />} onClick={() => window.print()}>
          {t("sales.print")}
        </Button>
      }
    >
      <Loaded query={list}>{(page) => <Lists of={page.items.filter(toSend)} />}</Loaded>
    </Page>
  );
}

function Lists(props: { of: Row[] }) {
  const { t } = useTranslation();
  const take = new Map<string, { name: string; n: number; orders: number }>();
  for (const s of props.of) {
    for (const [i, l] of s.quote.lines.entries()) {
      const line = s.lines[i];
      if (!line || (line.kind !== "physical" && line.kind !== "consumable")) {
        continue;
      }
      const had = take.get(l.sku) ?? { name: line.name, n: 0, orders: 0 };
      take.set(l.sku, { name: line.name, n: had.n + l.quantity, orders: had.orders + 1 });
    }
  }
  if (props.of.length === 0) {
    return <Empty title={t("sales.picking_none")}>{t("sales.picking_none_text")}</Empty>;
  }
  return (
    <div className="hs-picking">
      <Panel title={t("sales.picking_take", { n: props.of.length })}>
        <table className="hs-trade-table">
          <thead>
            <tr>
              <th>{t("sales.sku")}</th>
              <th>{t("sales.goods")}</th>
              <th className="hs-right">{t("sales.picking_orders")}</th>
              <th className="hs-right">{t("sales.quantity")}</th>
            </tr>
          </thead>
          <tbody>
            {[...take.entries()]
              .sort(([a], [b]) => a.localeCompare(b))
              .map(([sku, l]) => (
                <tr key={sku}>
                  <td>{sku}</td>
                  <td>{l.name}</td>
                  <td className="hs-right">{l.orders}</td>
                  <td className="hs-right">
                    <b>{l.n}</b>
                  </td>
                </tr>
              ))}
          </tbody>
        </table>
      </Panel>
      <div className="hs-picking-slips">
        {props.of.map((s) => (
          <section key={s.id} className="hs-picking-slip">
            <header>
              <b className="hs-num">{s.number}</b>
              <When at={s.paid_at ?? s.placed_at} />
            </header>
            <div>
              {s.address.name} {s.address.phone}
            </div>
            <div>
              {s.address.place}
              {s.address.street}
            </div>
            <ul>
              {s.lines.map((l, i) => (
                <li key={l.key}>
                  <span>{l.name}</span> <b>× {s.quote.lines[i]?.quantity}</b>
                </li>
              ))}
            </ul>
            {s.remark ? <div className="hs-trade-why">{s.remark}</div> : null}
          </section>
        ))}
      </div>
    </div>
  );
}
