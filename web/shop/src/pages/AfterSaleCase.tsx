import { formatWhen } from "@huoshui/ui/format";
import { useRef, useState } from "react";
import { $api, queries, type Schema } from "../api";
import { Field } from "../components/Field";
import { money, Picture } from "../components/goods";
import { ownPhoto, PhotoRow, Photos } from "../components/Photos";
import { Screen } from "../components/Screen";
import { Sheet } from "../components/Sheet";
import { Signed } from "../components/Signed";
import { ErrorState, Skeleton, Trouble } from "../components/states";
import { pick, reader, say } from "../i18n";
import { secret } from "../kept";
import { Link, type Params } from "../router";
import * as both from "../words/aftersale";
import "../components/aftersale.css";

const words = pick(both);

type Detail = Schema<"AftersaleDetail">;
type Step = "answer" | "send" | "cancel";

/** One case: where it stands, what is to be done, what happened. */
export default function AfterSaleCase({ params }: { params: Params }) {
  return (
    <Signed title={words.title} up="/after-sale">
      <Case id={params.id ?? ""} />
    </Signed>
  );
}

function Case({ id }: { id: string }) {
  const asked = $api.useQuery(
    "get",
    "/api/v1/shop/after-sale/{id}",
    { params: { path: { id } } },
    { refetchInterval: 20_000 },
  );
  if (asked.isError) {
    return (
      <Screen title={words.title} up="/after-sale">
        <ErrorState error={asked.error} again={() => void asked.refetch()} />
      </Screen>
    );
  }
  if (!asked.data) {
    return (
      <Screen title={words.title} up="/after-sale" busy>
        <Skeleton lines={4} high={88} />
      </Screen>
    );
  }
  return <Shown detail={asked.data} />;
}

function Shown({ detail }: { detail: Detail }) {
  const c = detail.case;
  const [open, setOpen] = useState<Step>();
  const timed = c.state === "requested" || c.state === "asked" || c.state === "awaiting";
  const mayCancel = timed;
  const next: Step | undefined =
    c.state === "asked" ? "answer" : c.state === "awaiting" || c.state === "sent" ? "send" : undefined;
  const balance = c.refund.principal_fen + c.refund.gift_fen;
  return (
    <Screen
      title={words.title}
      up="/after-sale"
      bar={
        next || mayCancel ? (
          <>
            {mayCancel && (
              <button type="button" className="second" onClick={() => setOpen("cancel")}>
                {words.cancel}
              </button>
            )}
            {next && (
              <button type="button" className="primary wide" onClick={() => setOpen(next)}>
                {next === "answer" ? words.answer : c.state === "sent" ? words.send_again : words.send}
              </button>
            )}
          </>
        ) : undefined
      }
    >
      <section className="case-state" aria-live="polite">
        <b>{words.state[c.state]}</b>
        <span>
          {timed && !c.due_at
            ? words.waiting
            : say(words.state_why[c.state], { at: c.due_at ? formatWhen(c.due_at, reader) : "" })}
        </span>
      </section>
      {c.state === "refunded" && (
        <section className="case-block">
          <h2>
            {words.refund} {money(c.refund_fen)}
          </h2>
          <dl className="case-sums">
            <Sum label={words.cash} value={c.refund.cash_fen ? money(c.refund.cash_fen) : ""} />
            <Sum label={words.deposit} value={c.refund.deposit_fen ? money(c.refund.deposit_fen) : ""} />
            <Sum label={words.balance} value={balance ? money(balance) : ""} />
            <Sum label={words.points} value={c.refund.points ? String(c.refund.points) : ""} />
            <Sum
              label={words.coupons}
              value={c.refund.coupons.length ? say(words.coupons_n, { n: c.refund.coupons.length }) : ""}
            />
            <Sum label={words.insured} value={c.insured_fen ? money(c.insured_fen) : ""} />
          </dl>
        </section>
      )}
      <section className="case-block">
        <h2>{words.kind[c.kind]}</h2>
        {c.lines.map((l) => (
          <div className="case-line" key={l.key + l.sku}>
            <Picture id={l.picture ?? ""} alt="" name={l.name ?? ""} sizes="64px" />
            <span className="case-line-words">
              <span>{l.name}</span>
              {l.to && <small className="small">{say(words.exchange_for, { name: "" }) + (l.to_name ?? l.to)}</small>}
              <small className="small">{say(words.units, { n: l.quantity })}</small>
            </span>
          </div>
        ))}
        <dl className="case-sums small">
          <Sum label={words.number} value={c.number} />
          <dt>{words.order}</dt>
          <dd>
            <Link to={`/orders/${c.sale}`}>{c.sale_number}</Link>
          </dd>
          <Sum label={words.my_tracking} value={c.tracking ? `${c.carrier} ${c.tracking}` : ""} />
          <Sum label={words.new_tracking} value={c.new_tracking ? `${c.new_carrier} ${c.new_tracking}` : ""} />
        </dl>
      </section>
      <section className="case-block">
        <h2>{words.history}</h2>
        <ol className="case-past">
          {[...detail.past].reverse().map((p) => (
            <li key={p.id}>
              <b>
                {words.who[p.who]} {words.step[p.step as keyof typeof words.step]}
              </b>
              {p.step === "request" && <span>{words.reason[c.reason as keyof typeof words.reason]}</span>}
              {p.note && <span className="case-said">{p.note}</span>}
              <PhotoRow ids={p.pictures} at={ownPhoto} />
              <time className="small" dateTime={p.at}>
                {formatWhen(p.at, reader)}
              </time>
            </li>
          ))}
        </ol>
      </section>
      {open && <Do detail={detail} step={open} close={() => setOpen(undefined)} />}
    </Screen>
  );
}

function Sum({ label, value }: { label: string; value: string }) {
  return value ? (
    <>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </>
  ) : null;
}

function Do({ detail, step, close }: { detail: Detail; step: Step; close: () => void }) {
  const c = detail.case;
  const request = useRef(secret());
  const [note, setNote] = useState("");
  const [pictures, setPictures] = useState<string[]>([]);
  const [carrier, setCarrier] = useState(c.carrier);
  const [tracking, setTracking] = useState(c.tracking);
  const [freight, setFreight] = useState(c.freight_fen ? String(c.freight_fen / 100) : "");
  const act = $api.useMutation("post", "/api/v1/shop/after-sale/{id}/steps", {
    onSuccess: async (now) => {
      queries.setQueryData(["get", "/api/v1/shop/after-sale/{id}", { params: { path: { id: c.id } } }], now);
      close();
      await queries.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).includes("/after-sale") });
    },
  });
  const fen = Math.round(Number(freight.replace("，", ".")) * 100);
  const wrong =
    (step === "send" && (!tracking.trim() || !Number.isFinite(fen) || fen < 0)) ||
    (step === "answer" && !note.trim() && pictures.length === 0);
  const title = step === "send" ? words.send : step === "answer" ? words.answer : words.cancel_sure;
  const doIt = step === "send" ? words.send_do : step === "answer" ? words.answer_do : words.cancel_do;
  return (
    <Sheet
      open
      title={title}
      close={close}
      bar={
        <button
          type="button"
          className="primary wide"
          disabled={wrong || act.isPending}
          onClick={() =>
            act.mutate({
              params: { path: { id: c.id }, header: { "Idempotency-Key": request.current } },
              body: {
                step,
                ...(step === "answer" ? { note, pictures } : {}),
                ...(step === "send" ? { carrier, tracking, ...(fen > 0 ? { freight_fen: fen } : {}) } : {}),
              },
            })
          }
        >
          {doIt}
        </button>
      }
    >
      {step === "cancel" && <p>{words.cancel_why}</p>}
      {step === "answer" && (
        <>
          <div className="field">
            <label htmlFor="note">{words.answer}</label>
            <div className="field-row">
              <textarea id="note" rows={4} maxLength={500} value={note} onChange={(e) => setNote(e.target.value)} />
            </div>
          </div>
          <Photos ids={pictures} change={setPictures} />
        </>
      )}
      {step === "send" && (
        <>
          <Field label={words.carrier} maxLength={40} value={carrier} onChange={(e) => setCarrier(e.target.value)} />
          <Field
            label={words.tracking}
            maxLength={64}
            autoCapitalize="characters"
            value={tracking}
            onChange={(e) => setTracking(e.target.value)}
          />
          {c.cover_fen > 0 && (
            <>
              <Field
                label={words.freight}
                inputMode="decimal"
                maxLength={8}
                value={freight}
                onChange={(e) => setFreight(e.target.value)}
              />
              <p className="small">{say(words.freight_why, { v: money(c.cover_fen) })}</p>
            </>
          )}
        </>
      )}
      <Trouble error={act.error} />
    </Sheet>
  );
}
