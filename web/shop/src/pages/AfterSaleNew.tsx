import { useRef, useState } from "react";
import { $api, queries, type Schema } from "../api";
import { Stepper, Tick } from "../components/Field";
import { money, Picture, Price } from "../components/goods";
import { Photos } from "../components/Photos";
import { Screen } from "../components/Screen";
import { Signed } from "../components/Signed";
import { ErrorState, Skeleton, Trouble } from "../components/states";
import { pick, say } from "../i18n";
import { secret } from "../kept";
import { go, Link, type Params } from "../router";
import * as both from "../words/aftersale";
import "../components/aftersale.css";

const words = pick(both);

type Option = Schema<"AftersaleOption">;
type Kind = Schema<"AftersaleCase">["kind"];
type Reason = keyof typeof words.reason;

const kinds = ["refund", "return", "exchange"] as const;
const idOf = (o: Option) => `${o.key}/${o.sku}`;

/** Asks for money back, to send goods back, or for other goods. */
export default function AfterSaleNew({ params }: { params: Params }) {
  const up = `/orders/${params.id}`;
  return (
    <Signed title={words.ask} up={up}>
      <Asking order={params.id ?? ""} up={up} />
    </Signed>
  );
}

function Asking({ order, up }: { order: string; up: string }) {
  const asked = $api.useQuery("get", "/api/v1/shop/orders/{id}/after-sale", { params: { path: { id: order } } });
  if (asked.isError) {
    return (
      <Screen title={words.ask} up={up}>
        <ErrorState error={asked.error} again={() => void asked.refetch()} />
      </Screen>
    );
  }
  if (!asked.data) {
    return (
      <Screen title={words.ask} up={up} busy>
        <Skeleton lines={4} high={88} />
      </Screen>
    );
  }
  return <Form options={asked.data} up={up} />;
}

function Form({ options, up }: { options: Schema<"AftersaleOptions">; up: string }) {
  const request = useRef(secret()); // one page asks once, however often the button is pressed
  const [units, setUnits] = useState<Record<string, number>>({});
  const [kind, setKind] = useState<Kind>();
  const [to, setTo] = useState<Record<string, string>>({});
  const [reason, setReason] = useState<Reason>();
  const [said, setSaid] = useState("");
  const [pictures, setPictures] = useState<string[]>([]);
  const chosen = options.lines.filter((o) => units[idOf(o)]);
  const offered = kinds.filter((k) => chosen.length > 0 && chosen.every((o) => o.kinds.includes(k)));
  const wanted = kind && offered.includes(kind) ? kind : undefined;
  const worth = chosen.reduce((sum, o) => sum + (o.worth_fen[(units[idOf(o)] ?? 1) - 1] ?? 0), 0);
  const ready = wanted && reason && (wanted !== "exchange" || chosen.every((o) => to[idOf(o)]));
  const ask = $api.useMutation("post", "/api/v1/shop/after-sale", {
    onSuccess: async (made) => {
      await queries.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).startsWith("/api/v1/shop/") });
      go(`/after-sale/${made.id}`, true);
    },
  });
  const submit = () => {
    if (!wanted || !reason) {
      return;
    }
    ask.mutate({
      params: { header: { "Idempotency-Key": request.current } },
      body: {
        sale: options.sale,
        kind: wanted,
        reason,
        words: said,
        pictures,
        lines: chosen.map((o) => ({
          key: o.key,
          sku: o.sku,
          quantity: units[idOf(o)] ?? 1,
          ...(wanted === "exchange" ? { to: to[idOf(o)] ?? "" } : {}),
        })),
      },
    });
  };
  return (
    <Screen
      title={words.ask}
      up={up}
      bar={
        <>
          <span className="case-about">
            {wanted && wanted !== "exchange" ? (
              <>
                <span>
                  {words.back_about} <Price fen={worth} />
                </span>
                <small className="small">{words.back_why}</small>
              </>
            ) : (
              <small className="small">{ready ? "" : words.need}</small>
            )}
          </span>
          <button type="button" className="primary" disabled={!ready || ask.isPending} onClick={submit}>
            {words.submit}
          </button>
        </>
      }
    >
      <section className="case-block">
        <h2>{words.step_lines}</h2>
        <p className="small">{say(words.days, { n: options.days })}</p>
        {options.cover_fen > 0 && <p className="small">{say(words.cover, { v: money(options.cover_fen) })}</p>}
        {options.lines.length === 0 && <p className="muted">{words.busy}</p>}
        {options.lines.map((o) => (
          <Choose
            key={idOf(o)}
            option={o}
            units={units[idOf(o)] ?? 0}
            change={(n) => setUnits({ ...units, [idOf(o)]: n })}
          />
        ))}
        {options.cases.length > 0 && (
          <p>
            <Link to="/after-sale" className="quiet">
              {words.title}
            </Link>
          </p>
        )}
      </section>
      {offered.length > 0 && (
        <section className="case-block">
          <h2>{words.step_kind}</h2>
          <div className="case-kinds">
            {offered.map((k) => (
              <button
                key={k}
                type="button"
                className="case-kind"
                aria-pressed={wanted === k}
                onClick={() => setKind(k)}
              >
                <b>{words.kind[k]}</b>
                <small>{words.kind_why[k]}</small>
              </button>
            ))}
          </div>
          {wanted === "exchange" &&
            chosen.map((o) => (
              <div className="field" key={idOf(o)}>
                <label htmlFor={`to-${idOf(o)}`}>{say(words.exchange_for, { name: o.name })}</label>
                <div className="field-row">
                  <select
                    id={`to-${idOf(o)}`}
                    value={to[idOf(o)] ?? ""}
                    onChange={(e) => setTo({ ...to, [idOf(o)]: e.target.value })}
                  >
                    <option value="">{words.choose_sku}</option>
                    {o.choices.map((c) => (
                      <option key={c.sku} value={c.sku} disabled={c.free < (units[idOf(o)] ?? 1)}>
                        {say(words.sku_left, { name: c.name, n: c.free })}
                      </option>
                    ))}
                  </select>
                </div>
              </div>
            ))}
        </section>
      )}
      {wanted && (
        <section className="case-block">
          <h2>{words.step_reason}</h2>
          <div className="review-tags">
            {(Object.keys(words.reason) as Reason[]).map((r) => (
              <button key={r} type="button" className="chip" aria-pressed={reason === r} onClick={() => setReason(r)}>
                {words.reason[r]}
              </button>
            ))}
          </div>
          <div className="field">
            <label htmlFor="said">{words.words}</label>
            <div className="field-row">
              <textarea
                id="said"
                rows={3}
                maxLength={500}
                placeholder={words.words_hint}
                value={said}
                onChange={(e) => setSaid(e.target.value)}
              />
            </div>
          </div>
          <Photos ids={pictures} change={setPictures} />
        </section>
      )}
      <div className="pad">
        <Trouble error={ask.error} />
      </div>
    </Screen>
  );
}

function Choose({ option: o, units, change }: { option: Option; units: number; change: (n: number) => void }) {
  const open = o.kinds.length > 0;
  return (
    <div className="case-line">
      <Tick
        name={say(words.choose, { name: o.name })}
        on={units > 0}
        disabled={!open}
        change={(on) => change(on ? o.left : 0)}
      />
      <Picture id={o.picture} alt="" name={o.name} sizes="64px" />
      <span className="case-line-words">
        <span>{o.name}</span>
        <span className="case-line-foot">
          <small className="small">{open ? say(words.can, { n: o.left }) : words.over}</small>
          {units > 0 && o.left > 1 && <Stepper name={o.name} value={units} most={o.left} change={change} />}
        </span>
      </span>
    </div>
  );
}
