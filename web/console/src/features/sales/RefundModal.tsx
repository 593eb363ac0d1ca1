import { $api } from "@huoshui/api";
import { Count, ErrorNote, Money } from "@huoshui/ui";
import { App, Checkbox, InputNumber, Modal, Segmented } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Yuan } from "../../trading/Field";
import { type File, once } from "./words";

/** Gives part of an order back: what it comes to is shown before it is done. */
export function RefundModal(props: { of: File; onClose: () => void; onDone: () => Promise<void> }) {
  const f = props.of;
  const { t } = useTranslation();
  const { message } = App.useApp();
  const [request] = useState(once);
  const [kind, setKind] = useState<"units" | "amounts">("units");
  const [units, setUnits] = useState<Record<string, number>>({});
  const [amounts, setAmounts] = useState<Record<string, number>>({});
  const [freight, setFreight] = useState(false);
  const [restock, setRestock] = useState(true);
  const some = (all: Record<string, number>) => Object.fromEntries(Object.entries(all).filter(([, n]) => n > 0));
  const giving =
    kind === "units"
      ? { units: { ...some(units), ...(freight ? { "@freight": 1 } : {}) } }
      : { amounts_fen: some(amounts) };
  const asked = Object.keys(giving.units ?? giving.amounts_fen ?? {}).length > 0;
  const preview = $api.useQuery(
    "post",
    "/api/v1/store/orders/{id}/refunds/preview",
    { params: { path: { id: f.id } }, body: giving },
    { enabled: asked, retry: false, placeholderData: (old) => old },
  );
  const give = $api.useMutation("post", "/api/v1/store/orders/{id}/refunds");
  const r = asked && !preview.error ? preview.data : undefined;
  const fen = r ? r.cash_fen + r.principal_fen + r.gift_fen + (r.deposit_fen ?? 0) : 0;
  const run = async () => {
    await give.mutateAsync({
      params: { path: { id: f.id } },
      body: { request, ...giving, restock: kind === "units" && restock },
    });
    message.success(t("sales.refund_ok"));
    await props.onDone();
    props.onClose();
  };
  return (
    <Modal
      open
      width={640}
      title={t("sales.refund_title", { number: f.number })}
      okText={r ? t("sales.refund_do", { yuan: (fen / 100).toFixed(2) }) : t("sales.refund")}
      okButtonProps={{ danger: true, disabled: !r || preview.isFetching, loading: give.isPending }}
      cancelText={t("ui.cancel")}
      onOk={() => void run().catch(() => undefined)}
      onCancel={props.onClose}
    >
      <div className="hs-trade-stack">
        <Segmented
          value={kind}
          onChange={setKind}
          options={(["units", "amounts"] as const).map((k) => ({ value: k, label: t(`sales.refund_by.${k}`) }))}
        />
        <table className="hs-trade-table">
          <thead>
            <tr>
              <th>{t("sales.goods")}</th>
              <th className="hs-right">{t("sales.paid_for")}</th>
              <th className="hs-right">{t(kind === "units" ? "sales.back_units" : "sales.back_fen")}</th>
            </tr>
          </thead>
          <tbody>
            {f.quote.lines.map((l, i) => {
              const left = l.quantity - (f.given[l.key]?.quantity ?? 0);
              const name = f.lines[i]?.name ?? l.sku;
              return (
                <tr key={l.key}>
                  <td>{name}</td>
                  <td className="hs-right">
                    <Money fen={l.pay_fen} />
                  </td>
                  <td className="hs-right">
                    {kind === "units" ? (
                      <InputNumber
                        aria-label={t("sales.back_units_of", { name })}
                        size="small"
                        min={0}
                        max={left}
                        precision={0}
                        disabled={left === 0}
                        value={units[l.key] ?? 0}
                        suffix={`/ ${left}`}
                        onChange={(n) => setUnits({ ...units, [l.key]: n ?? 0 })}
                      />
                    ) : (
                      <Yuan
                        small
                        label={t("sales.back_fen_of", { name })}
                        fen={amounts[l.key] ?? 0}
                        empty="0.00"
                        onChange={(n) => setAmounts({ ...amounts, [l.key]: n })}
                      />
                    )}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
        {kind === "units" ? (
          <div className="hs-trade-row">
            {f.quote.freight.pay_fen > 0 && !f.given["@freight"] ? (
              <Checkbox checked={freight} onChange={(e) => setFreight(e.target.checked)}>
                {t("sales.back_freight")} <Money fen={f.quote.freight.pay_fen} />
              </Checkbox>
            ) : null}
            <Checkbox checked={restock} onChange={(e) => setRestock(e.target.checked)}>
              {t("sales.restock")}
            </Checkbox>
          </div>
        ) : null}
        {asked && preview.error ? <ErrorNote error={preview.error} small /> : null}
        {give.error ? <ErrorNote error={give.error} small /> : null}
        {r ? (
          <dl className="hs-trade-sums" aria-live="polite">
            <dt>{t("sales.by_cash")}</dt>
            <dd>
              <Money fen={r.cash_fen} />
            </dd>
            {r.deposit_fen ? (
              <>
                <dt>{t("sales.by_deposit")}</dt>
                <dd>
                  <Money fen={r.deposit_fen} />
                </dd>
              </>
            ) : null}
            <dt>{t("sales.by_balance")}</dt>
            <dd>
              <Money fen={r.principal_fen + r.gift_fen} />
            </dd>
            <dt>{t("sales.points")}</dt>
            <dd>
              <Count n={r.points} />
            </dd>
            <dt>{t("sales.coupons")}</dt>
            <dd>
              <Count n={r.coupons.length} />
            </dd>
            <dt className="hs-trade-total">{t("sales.back_total")}</dt>
            <dd className="hs-trade-total">
              <Money fen={fen} />
            </dd>
          </dl>
        ) : (
          <span className="hs-secondary">{t("sales.refund_hint")}</span>
        )}
      </div>
    </Modal>
  );
}
