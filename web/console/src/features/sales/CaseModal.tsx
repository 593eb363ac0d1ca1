import { $api, type Schema } from "@huoshui/api";
import { Empty, ErrorNote, Loaded, Money } from "@huoshui/ui";
import { Link } from "@tanstack/react-router";
import { App, Input, InputNumber, Modal, Segmented, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Field } from "../../trading/Field";
import { type File, once } from "./words";

type Options = Schema<"AftersaleOptions">;
type Option = Options["lines"][number];
type Wish = Schema<"OpenAfterSaleBody">;

const kinds = ["refund", "return", "exchange"] as const;
const reasons = [
  "no_reason",
  "quality",
  "damaged",
  "wrong",
  "not_as_described",
  "not_received",
  "not_wanted",
  "other",
] as const;
const idOf = (o: Option) => `${o.key}/${o.sku}`;

/** Opens a case of after-sale for a customer: which goods, how many, what is asked and why. */
export function CaseModal(props: { of: File; onClose: () => void; onDone: () => Promise<void> }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const [request] = useState(once);
  const [units, setUnits] = useState<Record<string, number>>({});
  const [to, setTo] = useState<Record<string, string>>({});
  const [kind, setKind] = useState<Wish["kind"]>();
  const [reason, setReason] = useState<Wish["reason"]>();
  const [words, setWords] = useState("");
  const [override, setOverride] = useState("");
  const asked = $api.useQuery(
    "get",
    "/api/v1/store/orders/{id}/after-sale",
    { params: { path: { id: props.of.id } } },
    { staleTime: 0, refetchOnWindowFocus: false },
  );
  const open = $api.useMutation("post", "/api/v1/after-sale", { meta: { quiet: true } });
  const lines = asked.data?.lines ?? [];
  const chosen = lines.filter((o) => units[idOf(o)]);
  const late = chosen.some((o) => o.kinds.length === 0);
  // Of goods whose time is over staff say why it is taken all the same; the server knows what the order allows.
  const offered = kinds.filter((k) =>
    chosen.every((o) => o.kinds.includes(k) || (o.kinds.length === 0 && k !== "exchange")),
  );
  const wanted = kind && offered.includes(kind) ? kind : offered[0];
  const ready =
    chosen.length > 0 &&
    wanted &&
    reason &&
    (!late || override.trim() !== "") &&
    (wanted !== "exchange" || chosen.every((o) => to[idOf(o)]));
  const worth = chosen.reduce((sum, o) => sum + (o.worth_fen[(units[idOf(o)] ?? 1) - 1] ?? 0), 0);
  const run = async () => {
    if (!wanted || !reason) {
      return;
    }
    const made = await open.mutateAsync({
      params: { header: { "Idempotency-Key": request } },
      body: {
        sale: props.of.id,
        kind: wanted,
        reason,
        words: words.trim() || undefined,
        override: late ? override.trim() : undefined,
        lines: chosen.map((o) => ({
          key: o.key,
          sku: o.sku,
          quantity: units[idOf(o)] ?? 1,
          ...(wanted === "exchange" ? { to: to[idOf(o)] ?? "" } : {}),
        })),
      },
    });
    message.success(t("sales.case_ok", { number: made.number }));
    await props.onDone();
    props.onClose();
  };
  return (
    <Modal
      open
      width={680}
      title={t("sales.case_title", { number: props.of.number })}
      okText={t("sales.case_do")}
      okButtonProps={{ disabled: !ready, loading: open.isPending }}
      cancelText={t("ui.cancel")}
      onOk={() => void run().catch(() => undefined)}
      onCancel={props.onClose}
    >
      <Loaded query={asked}>
        {(o) =>
          o.lines.length === 0 ? (
            <Empty small title={t("sales.case_nothing")}>
              <Cases of={o} />
            </Empty>
          ) : (
            <div className="hs-trade-stack">
              <span className="hs-secondary">{t("sales.case_why")}</span>
              <table className="hs-trade-table">
                <thead>
                  <tr>
                    <th>{t("sales.goods")}</th>
                    <th>{t("sales.case_can")}</th>
                    <th className="hs-right">{t("sales.case_units")}</th>
                  </tr>
                </thead>
                <tbody>
                  {o.lines.map((l) => (
                    <tr key={idOf(l)}>
                      <td>{l.name}</td>
                      <td className="hs-secondary">
                        {l.kinds.length > 0
                          ? l.kinds.map((k) => t(`aftersale.kinds.${k}`)).join(t("sales.case_or"))
                          : t("sales.case_late")}
                      </td>
                      <td className="hs-right">
                        <InputNumber
                          aria-label={t("sales.case_units_of", { name: l.name })}
                          size="small"
                          min={0}
                          max={l.left}
                          precision={0}
                          value={units[idOf(l)] ?? 0}
                          suffix={`/ ${l.left}`}
                          onChange={(n) => setUnits({ ...units, [idOf(l)]: n ?? 0 })}
                        />
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
              {chosen.length > 0 ? (
                <div className="hs-trade-form">
                  <Field label={t("aftersale.kind")}>
                    <Segmented
                      value={wanted}
                      onChange={setKind}
                      options={offered.map((k) => ({ value: k, label: t(`aftersale.kinds.${k}`) }))}
                    />
                  </Field>
                  {wanted === "exchange"
                    ? chosen.map((l) => (
                        <Field key={idOf(l)} label={t("sales.case_for", { name: l.name })}>
                          <Select
                            aria-label={t("sales.case_for", { name: l.name })}
                            style={{ minWidth: 280 }}
                            value={to[idOf(l)]}
                            onChange={(sku) => setTo({ ...to, [idOf(l)]: sku })}
                            options={l.choices.map((c) => ({
                              value: c.sku,
                              label: t("sales.case_free", { name: c.name, n: c.free }),
                              disabled: c.free < (units[idOf(l)] ?? 1),
                            }))}
                          />
                        </Field>
                      ))
                    : null}
                  <Field label={t("aftersale.reason")}>
                    <Select
                      aria-label={t("aftersale.reason")}
                      style={{ minWidth: 200 }}
                      value={reason}
                      onChange={setReason}
                      options={reasons.map((r) => ({ value: r, label: t(`aftersale.reasons.${r}`) }))}
                    />
                  </Field>
                  <Field label={t("aftersale.words")} top>
                    <Input.TextArea
                      aria-label={t("aftersale.words")}
                      rows={2}
                      maxLength={500}
                      placeholder={t("sales.case_words")}
                      value={words}
                      onChange={(e) => setWords(e.target.value)}
                    />
                  </Field>
                  {late ? (
                    <Field label={t("sales.case_override")} why={t("sales.case_override_why")}>
                      <Input
                        aria-label={t("sales.case_override")}
                        maxLength={200}
                        value={override}
                        onChange={(e) => setOverride(e.target.value)}
                      />
                    </Field>
                  ) : null}
                </div>
              ) : null}
              {chosen.length > 0 && wanted !== "exchange" ? (
                <dl className="hs-trade-sums" aria-live="polite">
                  <dt>{t("sales.case_worth")}</dt>
                  <dd>
                    <Money fen={worth} />
                  </dd>
                </dl>
              ) : null}
              <Cases of={o} />
              {open.error ? <ErrorNote error={open.error} small /> : null}
            </div>
          )
        }
      </Loaded>
    </Modal>
  );
}

/** What was asked about the order before. */
function Cases(props: { of: Options }) {
  const { t } = useTranslation();
  return props.of.cases.length > 0 ? (
    <div className="hs-secondary">
      {t("sales.case_before")}{" "}
      {props.of.cases.map((c) => (
        <span key={c.id}>
          <Link to={"/after-sale" as never} search={{ id: c.id } as never}>
            {c.number}
          </Link>{" "}
          {t(`aftersale.states.${c.state}`)}{" "}
        </span>
      ))}
    </div>
  ) : null;
}
