import { $api } from "@huoshui/api";
import { ErrorNote, Facts, Money, Status } from "@huoshui/ui";
import { Button, Input, InputNumber, Modal } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { once, stateKey, tones } from "./words";
import "../../trading/trading.css";

/** The counter: a customer's code is typed or scanned, what it is for is shown, then it is used. */
export function RedeemModal(props: { open: boolean; onClose: () => void; onDone: () => void }) {
  const { t } = useTranslation();
  const [code, setCode] = useState("");
  const [units, setUnits] = useState(1);
  const [request, setRequest] = useState(once);
  const look = $api.useMutation("post", "/api/v1/store/codes/look", { meta: { quiet: true } });
  const redeem = $api.useMutation("post", "/api/v1/store/codes/redeem", { meta: { quiet: true } });
  const reset = () => {
    setCode("");
    setUnits(1);
    setRequest(once());
    look.reset();
    redeem.reset();
  };
  const found = redeem.data ?? look.data;
  const find = () => {
    redeem.reset();
    setRequest(once());
    setUnits(1);
    look.mutate({ body: { code } });
  };
  const use = async () => {
    await redeem.mutateAsync({ body: { code, request, units: found?.kind === "pickup" ? 1 : units } });
    props.onDone();
  };
  return (
    <Modal
      open={props.open}
      title={t("sales.redeem")}
      footer={null}
      onCancel={props.onClose}
      afterClose={reset}
      destroyOnHidden
    >
      <div className="hs-trade-stack">
        <Input.Search
          autoFocus
          aria-label={t("sales.redeem_code")}
          placeholder={t("sales.redeem_code")}
          value={code}
          maxLength={40}
          enterButton={t("sales.redeem_look")}
          loading={look.isPending}
          onChange={(e) => setCode(e.target.value)}
          onSearch={() => (code.trim() ? find() : undefined)}
        />
        {look.error ? <ErrorNote error={look.error} small /> : null}
        {found ? (
          <>
            <Facts
              columns={2}
              items={[
                { label: t("sales.kind"), value: t(`sales.code.${found.kind}`) },
                {
                  label: t("sales.state"),
                  value: <Status tone={tones[found.sale.state]}>{t(stateKey(found.sale))}</Status>,
                },
                { label: t("sales.number"), value: found.sale.number },
                { label: t("sales.total"), value: <Money fen={found.sale.total_fen} /> },
                {
                  label: t("sales.goods"),
                  value: found.line
                    ? found.line.name
                    : found.sale.lines.map((l, i) => `${l.name} × ${found.sale.quote.lines[i]?.quantity}`).join("；"),
                },
                { label: t("sales.left"), value: String(found.left) },
              ]}
            />
            {redeem.error ? <ErrorNote error={redeem.error} small /> : null}
            {redeem.data ? (
              <div className="hs-trade-row">
                <Status tone="good">
                  {t(redeem.data.kind === "pickup" ? "sales.picked_up_ok" : "sales.redeemed_ok", {
                    n: redeem.data.uses,
                  })}
                </Status>
                <Button onClick={reset}>{t("sales.redeem_next")}</Button>
              </div>
            ) : found.left > 0 ? (
              <div className="hs-trade-row">
                {found.kind === "service" ? (
                  <InputNumber
                    aria-label={t("sales.redeem_units")}
                    min={1}
                    max={found.left}
                    precision={0}
                    value={units}
                    onChange={(n) => setUnits(n ?? 1)}
                  />
                ) : null}
                <Button type="primary" loading={redeem.isPending} onClick={() => void use().catch(() => undefined)}>
                  {t(found.kind === "pickup" ? "sales.hand_out" : "sales.redeem_do")}
                </Button>
              </div>
            ) : (
              <Status tone="attention">{t("sales.code_over")}</Status>
            )}
          </>
        ) : (
          <span className="hs-secondary">{t("sales.redeem_hint")}</span>
        )}
      </div>
    </Modal>
  );
}
