import { $api, type Schema } from "@huoshui/api";
import {
  ErrorNote,
  Facts,
  formatCount,
  formatMoney,
  Loading,
  Money,
  Panel,
  Status,
  useReader,
  When,
} from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Alert, App, Button, Checkbox, Image, Input, InputNumber, Modal } from "antd";
import { type ReactNode, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useStaffName } from "../../shell/staff-name";
import { toneOf } from "./AfterSalePage";
import { Left } from "./Left";

type Detail = Schema<"AfterSaleDetail">;
type Step = "agree" | "refuse" | "ask" | "receive" | "reject" | "instead" | "cancel";

const photo = (id: string, width: number) => `/api/v1/photos/${encodeURIComponent(id)}?w=${width}`;

/** A case: what she asks, what it would give back, what can be done, and what happened. */
export function CaseView({ id }: { id: string }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const staff = useStaffName();
  const query = $api.useQuery("get", "/api/v1/after-sale/{id}", { params: { path: { id } } });
  if (query.error) {
    return <ErrorNote error={query.error} onRetry={() => void query.refetch()} />;
  }
  if (!query.data) {
    return <Loading />;
  }
  const d = query.data;
  const c = d.case;
  return (
    <div className="hs-aftersale">
      <div className="hs-aftersale-head">
        <Status tone={toneOf(c)}>{t(`aftersale.states.${c.state}`)}</Status>
        <b>{t(`aftersale.kinds.${c.kind}`)}</b>
        <span className="hs-num">{c.number}</span>
        <Left of={c} />
      </div>
      {c.trouble ? (
        <Alert
          type="error"
          showIcon
          title={t("aftersale.trouble") + t(`problem.${c.trouble.replaceAll(".", "_")}`, { defaultValue: c.trouble })}
        />
      ) : null}
      {d.outlook?.unsent ? <Alert type="warning" showIcon title={t("aftersale.unsent")} /> : null}
      <Actions of={d} />
      <Panel title={t("aftersale.words")}>
        <p className="hs-aftersale-words">
          <b>{t(`aftersale.reasons.${c.reason}`)}</b>
          {c.words ? <span>{c.words}</span> : null}
        </p>
        <Pictures ids={c.pictures} />
        {c.override ? <p className="hs-secondary">{t("aftersale.override", { why: c.override })}</p> : null}
      </Panel>
      <Panel title={t("aftersale.lines")}>
        <ul className="hs-aftersale-lines">
          {c.lines.map((l) => (
            <li key={l.key + l.sku}>
              {l.picture ? (
                <img src={`/media/${encodeURIComponent(l.picture)}?w=160`} alt="" width={44} height={44} />
              ) : (
                <i />
              )}
              <span>
                {l.name}
                {l.to ? <small>{t("aftersale.exchange_to", { name: l.to_name || l.to })}</small> : null}
              </span>
              <span className="hs-num">{t("aftersale.units", { n: formatCount(l.quantity, language) })}</span>
            </li>
          ))}
        </ul>
        <Facts
          items={[
            { label: t("aftersale.order"), value: <span className="hs-num">{c.sale_number}</span> },
            {
              label: t("aftersale.buyer"),
              value: d.buyer ? (
                <Link to={`/customers/${d.buyer}` as never}>{d.name || t("aftersale.profile")}</Link>
              ) : (
                t("aftersale.forgotten")
              ),
            },
            ...(d.outlook
              ? [
                  { label: t("aftersale.paid"), value: <Money fen={d.outlook.paid_fen} /> },
                  { label: t("aftersale.refunded_before"), value: <Money fen={d.outlook.refunded_fen} /> },
                ]
              : []),
            ...(c.cover_fen > 0
              ? [
                  { label: t("aftersale.cover"), value: <Money fen={c.cover_fen} /> },
                  { label: t("aftersale.freight_said"), value: <Money fen={c.freight_fen} /> },
                ]
              : []),
            ...(c.insured_fen > 0 ? [{ label: t("aftersale.insured"), value: <Money fen={c.insured_fen} /> }] : []),
            ...(c.tracking ? [{ label: t("aftersale.tracking"), value: `${c.carrier} ${c.tracking}` }] : []),
            ...(c.new_tracking
              ? [{ label: t("aftersale.new_tracking"), value: `${c.new_carrier} ${c.new_tracking}` }]
              : []),
          ]}
        />
      </Panel>
      {c.state === "refunded" ? (
        <Back title={t("aftersale.back_done")} refund={c.refund} />
      ) : d.outlook && c.kind !== "exchange" ? (
        d.outlook.trouble ? (
          <Alert type="error" showIcon title={t("aftersale.nothing_left")} />
        ) : (
          <Back
            title={t("aftersale.back")}
            refund={d.outlook.refund}
            freight={d.outlook.freight ? d.outlook.freight_fen : 0}
          />
        )
      ) : null}
      <Panel title={t("aftersale.history")}>
        <ol className="hs-aftersale-past">
          {d.past.map((p) => (
            <li key={p.id}>
              <When at={p.at} style="second" />
              <span>
                <b>
                  {p.who === "staff" && p.by ? staff(p.by) : t(`aftersale.who.${p.who}`)}{" "}
                  {p.step === "lapse" ? t(`aftersale.lapsed.${p.state}`) : t(`aftersale.steps.${p.step}`)}
                </b>
                {p.note && p.step !== "request" ? <span className="hs-aftersale-note">{p.note}</span> : null}
                {p.step === "request" ? null : <Pictures ids={p.pictures} />}
              </span>
            </li>
          ))}
        </ol>
      </Panel>
    </div>
  );
}

function Pictures({ ids }: { ids: readonly string[] }) {
  const { t } = useTranslation();
  if (ids.length === 0) {
    return null;
  }
  return (
    <div className="hs-aftersale-pictures">
      <Image.PreviewGroup>
        {ids.map((id, i) => (
          <Image
            key={id}
            width={72}
            height={72}
            src={photo(id, 160)}
            preview={{ src: photo(id, 1600) }}
            alt={t("aftersale.evidence_n", { n: i + 1 })}
          />
        ))}
      </Image.PreviewGroup>
    </div>
  );
}

/** What goes back, by where it came from. */
function Back({ title, refund, freight = 0 }: { title: string; refund: Schema<"PricingRefund">; freight?: number }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const inFreight = refund.lines.filter((l) => l.key === "@freight").reduce((n, l) => n + fenOf(l), 0);
  const rows: [string, ReactNode][] = [
    [t("aftersale.cash"), refund.cash_fen ? <Money fen={refund.cash_fen} key="c" /> : null],
    [t("aftersale.deposit"), refund.deposit_fen ? <Money fen={refund.deposit_fen} key="d" /> : null],
    [t("aftersale.principal"), refund.principal_fen ? <Money fen={refund.principal_fen} key="p" /> : null],
    [t("aftersale.gift"), refund.gift_fen ? <Money fen={refund.gift_fen} key="g" /> : null],
    [t("aftersale.points"), refund.points ? formatCount(refund.points, language) : null],
    [t("aftersale.coupons"), refund.coupons.length > 0 ? t("aftersale.coupons_n", { n: refund.coupons.length }) : null],
    [t("aftersale.freight"), freight + inFreight ? <Money fen={freight + inFreight} key="f" /> : null],
  ];
  return (
    <Panel title={title} definition={t("aftersale.back_why")}>
      <Facts
        columns={3}
        items={[
          ...rows.filter(([, v]) => v).map(([label, value]) => ({ label, value })),
          {
            label: t("aftersale.total"),
            value: (
              <b>
                <Money fen={fenOf(refund) + freight} />
              </b>
            ),
          },
        ]}
      />
    </Panel>
  );
}

const fenOf = (m: { cash_fen: number; principal_fen: number; gift_fen: number; deposit_fen?: number }) =>
  m.cash_fen + m.principal_fen + m.gift_fen + (m.deposit_fen ?? 0);

/** What staff can do now. Each asks once with its consequence. */
function Actions({ of: d }: { of: Detail }) {
  const { t } = useTranslation();
  const can = useCan();
  const [asking, setAsking] = useState<Step | "replace">();
  const c = d.case;
  const offers: (Step | "replace")[] = [];
  if (can("sales.refund")) {
    if (c.state === "requested" || c.state === "asked") {
      offers.push("agree", "refuse");
      if (c.state === "requested") {
        offers.push("ask");
      }
    }
    if (c.state === "awaiting" || c.state === "sent") {
      offers.push("receive");
    }
    if (c.state === "sent") {
      offers.push("reject");
    }
  }
  if (c.state === "replacing") {
    if (can("sales.write")) {
      offers.push("replace");
    }
    if (can("sales.refund")) {
      offers.push("instead");
    }
  }
  if (offers.length === 0) {
    return null;
  }
  const name = (s: Step | "replace") =>
    s === "agree" && c.kind === "refund"
      ? t("aftersale.do.agree_refund")
      : s === "receive" && c.kind === "exchange"
        ? t("aftersale.do.receive_exchange")
        : t(`aftersale.do.${s}`);
  return (
    <div className="hs-aftersale-actions">
      {offers.map((s, i) => (
        <Button
          key={s}
          type={i === 0 ? "primary" : "default"}
          disabled={Boolean(d.outlook?.trouble) && (s === "agree" || s === "receive") && c.kind !== "exchange"}
          onClick={() => setAsking(s)}
        >
          {name(s)}
        </Button>
      ))}
      {asking ? <Ask of={d} step={asking} title={name(asking)} close={() => setAsking(undefined)} /> : null}
    </div>
  );
}

function Ask({ of: d, step, title, close }: { of: Detail; step: Step | "replace"; title: string; close: () => void }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const client = useQueryClient();
  const { message } = App.useApp();
  const c = d.case;
  const request = useRef(crypto.randomUUID()); // one dialog is one request, however often it is pressed
  const [note, setNote] = useState("");
  const [freight, setFreight] = useState(d.outlook?.freight ?? false);
  const [part, setPart] = useState<number | null>(null);
  const [byPart, setByPart] = useState(false);
  const [good, setGood] = useState(c.lines.map((l) => l.quantity));
  const [carrier, setCarrier] = useState("");
  const [tracking, setTracking] = useState("");
  const done = async () => {
    message.success(t("aftersale.done"));
    close();
    await client.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).includes("/after-sale") });
  };
  const act = $api.useMutation("post", "/api/v1/after-sale/{id}/steps", { meta: { quiet: true }, onSuccess: done });
  const send = $api.useMutation("post", "/api/v1/after-sale/{id}/replace", { meta: { quiet: true }, onSuccess: done });
  const outlook = d.outlook;
  const gives =
    (step === "agree" && c.kind === "refund") || (step === "receive" && c.kind === "return") || step === "instead";
  const amount = byPart ? (part ?? 0) : outlook ? fenOf(outlook.refund) + (freight ? outlook.freight_fen : 0) : 0;
  const text = formatMoney(amount, language);
  const mayPart = step === "agree" && c.kind === "refund" && !outlook?.unsent && c.lines.length === 1;
  const needsNote = step === "refuse" || step === "ask" || step === "reject";
  const params = { path: { id: c.id }, header: { "Idempotency-Key": request.current } };
  const run = () => {
    if (step === "replace") {
      send.mutate({ params, body: { carrier, tracking } });
      return;
    }
    act.mutate({
      params,
      body: {
        step,
        ...(note ? { note } : {}),
        ...(gives && outlook?.freight_fen && !byPart ? { freight } : {}),
        ...(byPart && part && c.lines[0] ? { amounts_fen: { [c.lines[0].key]: part }, freight: false } : {}),
        ...(step === "receive" ? { good } : {}),
      },
    });
  };
  const consequence =
    step === "agree"
      ? c.kind === "refund"
        ? t("aftersale.agree_text", { amount: text })
        : t(c.kind === "exchange" ? "aftersale.agree_exchange_text" : "aftersale.agree_send_text")
      : step === "receive"
        ? c.kind === "exchange"
          ? t("aftersale.receive_exchange_text")
          : t("aftersale.receive_text", { amount: text })
        : step === "instead"
          ? t("aftersale.instead_text", { amount: text })
          : step === "replace"
            ? t("aftersale.replace_text")
            : "";
  return (
    <Modal
      open
      title={title}
      onCancel={close}
      okText={title}
      okButtonProps={{
        danger: step === "refuse" || step === "reject",
        disabled: (needsNote && !note.trim()) || (step === "replace" && !tracking.trim()) || (byPart && !part),
      }}
      confirmLoading={act.isPending || send.isPending}
      onOk={run}
    >
      <div className="hs-aftersale-ask">
        {consequence ? <p>{consequence}</p> : null}
        {mayPart ? (
          <>
            <Checkbox checked={byPart} onChange={(e) => setByPart(e.target.checked)}>
              {t("aftersale.part")}
            </Checkbox>
            {byPart ? (
              <InputNumber
                aria-label={t("aftersale.part_amount")}
                prefix="¥"
                min={0.01}
                max={outlook ? fenOf(outlook.refund) / 100 : undefined}
                precision={2}
                value={part === null ? null : part / 100}
                onChange={(v) => setPart(v === null ? null : Math.round(v * 100))}
                style={{ width: 200 }}
              />
            ) : null}
          </>
        ) : null}
        {gives && outlook && outlook.freight_fen > 0 && !byPart ? (
          <Checkbox checked={freight} onChange={(e) => setFreight(e.target.checked)}>
            {t("aftersale.freight_too", { amount: formatMoney(outlook.freight_fen, language) })}
          </Checkbox>
        ) : null}
        {step === "receive"
          ? c.lines.map((l, i) => (
              <div key={l.key + l.sku} className="hs-aftersale-good">
                <span>
                  {l.name}
                  <small>{t("aftersale.good_of", { n: l.quantity })}</small>
                </span>
                <InputNumber
                  aria-label={t("aftersale.good_of", { n: l.quantity })}
                  min={0}
                  max={l.quantity}
                  precision={0}
                  value={good[i]}
                  onChange={(v) => setGood(good.map((g, j) => (j === i ? (v ?? 0) : g)))}
                />
                <small>
                  {(good[i] ?? 0) < l.quantity
                    ? t("aftersale.scrap", { n: l.quantity - (good[i] ?? 0) })
                    : t("aftersale.restock")}
                </small>
              </div>
            ))
          : null}
        {step === "replace" ? (
          <>
            <Input
              aria-label={t("aftersale.carrier")}
              placeholder={t("aftersale.carrier")}
              maxLength={40}
              value={carrier}
              onChange={(e) => setCarrier(e.target.value)}
            />
            <Input
              aria-label={t("aftersale.tracking_no")}
              placeholder={t("aftersale.tracking_no")}
              maxLength={64}
              value={tracking}
              onChange={(e) => setTracking(e.target.value)}
            />
          </>
        ) : (
          <Input.TextArea
            aria-label={t("aftersale.note")}
            placeholder={t(
              step === "ask" ? "aftersale.note_ask" : needsNote ? "aftersale.note_refuse" : "aftersale.note",
            )}
            maxLength={500}
            autoSize={{ minRows: 2, maxRows: 6 }}
            value={note}
            onChange={(e) => setNote(e.target.value)}
          />
        )}
        {act.error || send.error ? <ErrorNote error={act.error ?? send.error} /> : null}
      </div>
    </Modal>
  );
}
