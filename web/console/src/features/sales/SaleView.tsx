import { $api } from "@huoshui/api";
import { Facts, Loaded, Money, None, Panel, Status, useConfirmDanger, When } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { App, Button, Input, Modal } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useStaffName } from "../../shell/staff-name";
import { Field } from "../../trading/Field";
import { Picture } from "../../trading/Picture";
import { CaseModal } from "./CaseModal";
import { RefundModal } from "./RefundModal";
import { type File, story, toSend } from "./words";

/** Everything about an order: who, what, why it cost that, where it is, what happened. */
export function SaleView(props: { id: string }) {
  const one = $api.useQuery("get", "/api/v1/store/orders/{id}", { params: { path: { id: props.id } } });
  return <Loaded query={one}>{(f) => <Body of={f} />}</Loaded>;
}

/** Asks again for everything about orders. */
export function useSalesChanged(): () => Promise<void> {
  const client = useQueryClient();
  return () => client.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).includes("/store/orders") });
}

function Body(props: { of: File }) {
  const f = props.of;
  const { t } = useTranslation();
  const can = useCan();
  const staffName = useStaffName();
  return (
    <div className="hs-trade-stack">
      <Panel title={t("sales.about")}>
        <Facts
          columns={2}
          items={[
            {
              label: t("sales.customer"),
              value: <Link to={`/customers/${f.customer}` as never}>{f.name || `#${f.customer}`}</Link>,
            },
            { label: t("sales.delivery"), value: t(`sales.by.${f.delivery}`) },
            {
              label: t(f.delivery === "pickup" ? "sales.pickup_by" : "sales.send_to"),
              value: f.address.name ? `${f.address.name} ${f.address.phone}` : <None />,
            },
            {
              label: t(f.delivery === "pickup" ? "sales.pickup_at" : "sales.address"),
              value: `${f.address.place}${f.address.street}` || <None />,
            },
            { label: t("sales.tracking"), value: f.tracking ? `${f.carrier} ${f.tracking}` : <None /> },
            { label: t("sales.remark"), value: f.remark || <None /> },
            {
              label: t("sales.due"),
              value: f.due_at ? <When at={f.due_at} /> : <None />,
              why: t(f.state === "unpaid" ? "sales.due_unpaid" : "sales.due_shipped"),
            },
            ...(f.form?.booking
              ? [
                  {
                    label: t("sales.presale"),
                    value: (
                      <>
                        {t(f.state === "unpaid" ? "sales.presale_tail" : "sales.presale_done")}{" "}
                        <Link to={"/presales" as never} search={{ open: f.form.offer } as never}>
                          {t("sales.presale_see")}
                        </Link>
                      </>
                    ),
                  },
                ]
              : []),
            {
              label: t("sales.money"),
              value: can("finance.read") ? (
                <Link to={"/finance/orders" as never} search={{ id: f.id } as never}>
                  {t("sales.money_trail")}
                </Link>
              ) : (
                <None />
              ),
            },
          ]}
        />
      </Panel>
      <Panel title={t("sales.lines")}>
        <Lines of={f} />
      </Panel>
      {f.waiting > 0 || (f.codes ?? []).length > 0 ? (
        <Panel title={t("sales.codes")} definition={t("sales.codes_why")}>
          {f.waiting > 0 ? (
            <p>
              <Status tone="attention">{t("sales.waiting_n", { n: f.waiting })}</Status>
            </p>
          ) : null}
          <table className="hs-trade-table">
            <tbody>
              {(f.codes ?? []).map((c, i) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: codes of an order never move
                <tr key={i}>
                  <td>{t(`sales.code.${c.kind}`)}</td>
                  <td>{f.lines.find((l) => l.key === c.key)?.name ?? ""}</td>
                  <td>
                    <code>{c.code}</code>
                  </td>
                  <td className="hs-right">
                    {c.kind === "virtual" ? t("sales.handed") : t("sales.used_of", { used: c.used, uses: c.uses })}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Panel>
      ) : null}
      <Panel title={t("sales.story")}>
        <ul className="hs-trade-time">
          {story(f).map((h) => (
            <li key={`${h.at}${h.what}${h.text ?? ""}`}>
              <When at={h.at} />
              <span>
                {h.what === "note" ? h.text : t(`sales.happened.${h.what}`)}
                {h.what !== "note" && h.text ? ` ${h.text}` : null} {h.fen ? <Money fen={h.fen} /> : null}
                {h.by ? <span className="hs-secondary"> {staffName(h.by)}</span> : null}
              </span>
            </li>
          ))}
        </ul>
        {can("sales.write") ? <NoteForm id={f.id} /> : null}
      </Panel>
    </div>
  );
}

function Lines(props: { of: File }) {
  const f = props.of;
  const { t } = useTranslation();
  const why = (all: readonly { applied: number; fen: number }[]) =>
    all.map((a) => {
      const kind = f.quote.applied[a.applied]?.kind ?? "staff";
      return (
        <div key={a.applied} className="hs-trade-why">
          {t(`sales.kinds.${kind}`)} <Money fen={-a.fen} />
        </div>
      );
    });
  const q = f.quote;
  return (
    <>
      <div className="hs-trade-scroll">
        <table className="hs-trade-table">
          <thead>
            <tr>
              <th>{t("sales.goods")}</th>
              <th className="hs-right">{t("sales.unit")}</th>
              <th className="hs-right">{t("sales.quantity")}</th>
              <th className="hs-right">{t("sales.paid_for")}</th>
              <th className="hs-right">{t("sales.given_back")}</th>
            </tr>
          </thead>
          <tbody>
            {q.lines.map((l, i) => {
              const back = f.given[l.key];
              return (
                <tr key={l.key}>
                  <td>
                    <div className="hs-trade-goods">
                      <Picture id={f.lines[i]?.picture} size={32} />
                      <span>
                        {f.lines[i]?.name}
                        <div className="hs-trade-why">{l.sku}</div>
                      </span>
                    </div>
                  </td>
                  <td className="hs-right">
                    <Money fen={l.unit_fen} />
                    {why(l.adjustments)}
                  </td>
                  <td className="hs-right">{l.quantity}</td>
                  <td className="hs-right">
                    <Money fen={l.pay_fen} />
                  </td>
                  <td className="hs-right">
                    {back ? (
                      <>
                        <Money fen={back.cash_fen + back.principal_fen + back.gift_fen + (back.deposit_fen ?? 0)} />
                        <div className="hs-trade-why">× {back.quantity}</div>
                      </>
                    ) : (
                      <None />
                    )}
                  </td>
                </tr>
              );
            })}
            {q.freight.list_fen > 0 ? (
              <tr>
                <td>{t("sales.freight")}</td>
                <td className="hs-right">
                  <Money fen={q.freight.list_fen} />
                  {why(q.freight.adjustments)}
                </td>
                <td />
                <td className="hs-right">
                  <Money fen={q.freight.pay_fen} />
                </td>
                <td className="hs-right">
                  {f.given["@freight"] ? (
                    <Money
                      fen={
                        f.given["@freight"].cash_fen +
                        f.given["@freight"].principal_fen +
                        f.given["@freight"].gift_fen +
                        (f.given["@freight"].deposit_fen ?? 0)
                      }
                    />
                  ) : (
                    <None />
                  )}
                </td>
              </tr>
            ) : null}
          </tbody>
        </table>
      </div>
      <dl className="hs-trade-sums">
        {q.cash_fen ? (
          <>
            <dt>{t("sales.by_cash")}</dt>
            <dd>
              <Money fen={q.cash_fen} />
            </dd>
          </>
        ) : null}
        {q.deposit_fen ? (
          <>
            <dt>{t("sales.by_deposit")}</dt>
            <dd>
              <Money fen={q.deposit_fen} />
            </dd>
          </>
        ) : null}
        {q.principal_fen + q.gift_fen ? (
          <>
            <dt>{t("sales.by_balance")}</dt>
            <dd>
              <Money fen={q.principal_fen + q.gift_fen} />
            </dd>
          </>
        ) : null}
        <dt className="hs-trade-total">{t("sales.total")}</dt>
        <dd className="hs-trade-total">
          <Money fen={q.total_fen} />
        </dd>
        {f.refunded_fen ? (
          <>
            <dt>{t("sales.refunded")}</dt>
            <dd>
              <Money fen={-f.refunded_fen} />
            </dd>
          </>
        ) : null}
      </dl>
    </>
  );
}

function NoteForm(props: { id: string }) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const changed = useSalesChanged();
  const add = $api.useMutation("post", "/api/v1/store/orders/{id}/notes");
  const save = async () => {
    await add.mutateAsync({ params: { path: { id: props.id } }, body: { text: text.trim() } });
    setText("");
    await changed();
  };
  return (
    <div className="hs-trade-row" style={{ marginTop: 12 }}>
      <Input
        style={{ flex: 1 }}
        aria-label={t("sales.note")}
        placeholder={t("sales.note_hint")}
        maxLength={500}
        value={text}
        onChange={(e) => setText(e.target.value)}
        onPressEnter={() => (text.trim() ? void save().catch(() => undefined) : undefined)}
      />
      <Button loading={add.isPending} disabled={text.trim() === ""} onClick={() => void save().catch(() => undefined)}>
        {t("sales.note_add")}
      </Button>
    </div>
  );
}

/** What can be done with an order where it stands. */
export function SaleActions(props: { of: File }) {
  const f = props.of;
  const { t } = useTranslation();
  const can = useCan();
  const ask = useConfirmDanger();
  const changed = useSalesChanged();
  const [doing, setDoing] = useState<"" | "ship" | "close" | "refund" | "case">("");
  const finish = $api.useMutation("post", "/api/v1/store/orders/{id}/finish");
  const paid = f.state === "paid" || f.state === "shipped" || f.state === "finished";
  return (
    <div className="hs-trade-row">
      {can("sales.refund") && paid && f.total_fen > f.refunded_fen ? (
        <>
          <Button onClick={() => setDoing("case")}>{t("sales.case")}</Button>
          <Button onClick={() => setDoing("refund")}>{t("sales.refund")}</Button>
        </>
      ) : null}
      {can("sales.write") && f.state === "unpaid" ? (
        <Button onClick={() => setDoing("close")}>{t("sales.close")}</Button>
      ) : null}
      {can("sales.write") && f.state === "shipped" ? (
        <>
          <Button onClick={() => setDoing("ship")}>{t("sales.correct")}</Button>
          <Button
            onClick={() =>
              ask({
                title: t("sales.finish_ask", { number: f.number }),
                consequence: t("sales.finish_text"),
                action: t("sales.finish"),
                red: false,
                run: () => finish.mutateAsync({ params: { path: { id: f.id } } }).then(changed),
              })
            }
          >
            {t("sales.finish")}
          </Button>
        </>
      ) : null}
      {can("sales.write") && toSend(f) ? (
        <Button type="primary" onClick={() => setDoing("ship")}>
          {t("sales.ship")}
        </Button>
      ) : null}
      {doing === "ship" ? <ShipModal of={f} onClose={() => setDoing("")} /> : null}
      {doing === "close" ? <CloseModal of={f} onClose={() => setDoing("")} /> : null}
      {doing === "case" ? <CaseModal of={f} onClose={() => setDoing("")} onDone={changed} /> : null}
      {doing === "refund" ? <RefundModal of={f} onClose={() => setDoing("")} onDone={changed} /> : null}
    </div>
  );
}

const carriers = ["顺丰", "京东", "中通", "圆通", "韵达", "申通", "极兔", "邮政"];

function ShipModal(props: { of: File; onClose: () => void }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const [carrier, setCarrier] = useState(props.of.carrier);
  const [tracking, setTracking] = useState(props.of.tracking);
  const changed = useSalesChanged();
  const ship = $api.useMutation("post", "/api/v1/store/orders/{id}/ship");
  const send = async () => {
    await ship.mutateAsync({
      params: { path: { id: props.of.id } },
      body: { carrier: carrier.trim(), tracking: tracking.trim() },
    });
    message.success(t("sales.ship_ok"));
    await changed();
    props.onClose();
  };
  return (
    <Modal
      open
      title={t("sales.ship_title", { number: props.of.number })}
      okText={t("sales.ship")}
      cancelText={t("ui.cancel")}
      okButtonProps={{ disabled: tracking.trim() === "", loading: ship.isPending }}
      onOk={() => void send().catch(() => undefined)}
      onCancel={props.onClose}
    >
      <div className="hs-trade-form">
        <Field label={t("sales.carrier")} top>
          <Input
            aria-label={t("sales.carrier")}
            value={carrier}
            maxLength={40}
            onChange={(e) => setCarrier(e.target.value)}
          />
          {carriers.map((c) => (
            <Button key={c} size="small" type={c === carrier ? "primary" : "default"} onClick={() => setCarrier(c)}>
              {c}
            </Button>
          ))}
        </Field>
        <Field label={t("sales.tracking")}>
          <Input
            aria-label={t("sales.tracking")}
            value={tracking}
            maxLength={64}
            onChange={(e) => setTracking(e.target.value)}
          />
        </Field>
      </div>
    </Modal>
  );
}

function CloseModal(props: { of: File; onClose: () => void }) {
  const { t } = useTranslation();
  const [reason, setReason] = useState("");
  const changed = useSalesChanged();
  const close = $api.useMutation("post", "/api/v1/store/orders/{id}/close");
  const run = async () => {
    await close.mutateAsync({ params: { path: { id: props.of.id } }, body: { reason: reason.trim() } });
    await changed();
    props.onClose();
  };
  return (
    <Modal
      open
      title={t("sales.close_title", { number: props.of.number })}
      okText={t("sales.close")}
      okButtonProps={{ danger: true, disabled: reason.trim() === "", loading: close.isPending }}
      cancelText={t("ui.cancel")}
      onOk={() => void run().catch(() => undefined)}
      onCancel={props.onClose}
    >
      <div className="hs-trade-stack">
        <span>{t("sales.close_text")}</span>
        <Input
          aria-label={t("sales.close_reason")}
          placeholder={t("sales.close_reason")}
          value={reason}
          maxLength={200}
          onChange={(e) => setReason(e.target.value)}
        />
      </div>
    </Modal>
  );
}
