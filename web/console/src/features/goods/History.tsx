import { $api } from "@huoshui/api";
import { Empty, formatMoney, Loaded, Money, Panel, useReader, When } from "@huoshui/ui";
import { useTranslation } from "react-i18next";
import { useStaffName } from "../../shell/staff-name";
import type { Draft } from "./words";
import "../../trading/trading.css";

/** What goods were, version by version: who changed which price from what to what. */
export function History(props: { id: string }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const staffName = useStaffName();
  const list = $api.useQuery("get", "/api/v1/goods/{id}/versions", { params: { path: { id: props.id } } });
  const changes = (now: Draft, was: Draft | undefined): string[] => {
    if (!was) {
      return [];
    }
    const out: string[] = [];
    for (const k of now.skus) {
      const old = was.skus.find((o) => o.code === k.code);
      const name = k.choice.join(" ") || k.code;
      if (!old) {
        out.push(t("goods.history_sku", { name, price: formatMoney(k.price_fen, language) }));
      } else {
        for (const field of ["price", "market", "cost"] as const) {
          if (old[`${field}_fen`] !== k[`${field}_fen`]) {
            out.push(
              t("goods.history_price", {
                name,
                what: t(`goods.${field}`),
                from: formatMoney(old[`${field}_fen`], language),
                to: formatMoney(k[`${field}_fen`], language),
              }),
            );
          }
        }
      }
    }
    for (const k of was.skus) {
      if (!now.skus.some((o) => o.code === k.code)) {
        out.push(t("goods.history_gone", { name: k.choice.join(" ") || k.code }));
      }
    }
    if (now.title !== was.title) {
      out.push(t("goods.history_title", { from: was.title, to: now.title }));
    }
    return out;
  };
  return (
    <Panel title={t("goods.history")} definition={t("goods.history_why")}>
      <Loaded query={list}>
        {(page) =>
          page.items.length === 0 ? (
            <Empty small title={t("goods.history_empty")} />
          ) : (
            <table className="hs-trade-table">
              <thead>
                <tr>
                  <th>{t("goods.version")}</th>
                  <th>{t("goods.at")}</th>
                  <th>{t("goods.by")}</th>
                  <th className="hs-right">{t("goods.price")}</th>
                  <th>{t("goods.history_what")}</th>
                </tr>
              </thead>
              <tbody>
                {page.items.map((v, i) => {
                  const all = changes(v.draft, page.items[i + 1]?.draft);
                  return (
                    <tr key={v.version}>
                      <td>{v.version}</td>
                      <td>
                        <When at={v.at} />
                      </td>
                      <td>{staffName(v.by)}</td>
                      <td className="hs-right">
                        <Money fen={Math.min(...v.draft.skus.map((k) => k.price_fen))} />
                      </td>
                      <td>
                        {all.length > 0
                          ? all.map((text) => <div key={text}>{text}</div>)
                          : t(i === page.items.length - 1 ? "goods.history_first" : "goods.history_other")}
                      </td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          )
        }
      </Loaded>
    </Panel>
  );
}
