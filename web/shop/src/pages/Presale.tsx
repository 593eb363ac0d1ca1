import { formatWhen } from "@huoshui/ui/format";
import { useMutation } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { $api, api, problemOf, queries, type Schema, useMe } from "../api";
import { clockText, tellTime, useLeft } from "../clock";
import { Stepper, Tick } from "../components/Field";
import { money, Picture, Price, Was } from "../components/goods";
import { Icon, Screen } from "../components/Screen";
import { Empty, ErrorState, Skeleton, Trouble } from "../components/states";
import { pick, reader, say } from "../i18n";
import { secret } from "../kept";
import { go, Link, type Params } from "../router";
import * as both from "../words/presale";
import "./presale.css";

const words = pick(both);

type Offer = Schema<"ShopPresale">;

/** A presale: what it costs, what the deposit counts for, until when, and the rules as they are; she agrees to them and pays the deposit. */
export default function Presale({ params }: { params: Params }) {
  const asked = $api.useQuery("get", "/api/v1/shop/presales/{id}", { params: { path: { id: params.id ?? "" } } });
  const p = asked.data;
  useMemo(() => tellTime(p?.now), [p]);
  if (asked.isError && problemOf(asked.error).status === 404) {
    return (
      <Screen title={words.title} up="/presales">
        <Empty title={words.gone} why={words.gone_why}>
          <Link to="/presales" className="primary">
            {words.title}
          </Link>
        </Empty>
      </Screen>
    );
  }
  if (asked.isError || !p) {
    return (
      <Screen title={words.title} up="/presales" busy={!asked.isError}>
        {asked.isError ? (
          <ErrorState error={asked.error} again={() => void asked.refetch()} />
        ) : (
          <Skeleton lines={4} high={64} />
        )}
      </Screen>
    );
  }
  return <Shown of={p} again={() => void asked.refetch()} />;
}

/** The next instant that matters, and what it is. */
function next(p: Offer): { at?: string; what: string } {
  switch (p.state) {
    case "scheduled":
      return { at: p.starts_at, what: words.starts };
    case "on":
      return { at: p.ends_at, what: words.ends };
    case "waiting":
      return { at: p.tail_starts_at, what: words.tail_starts };
    case "tail":
      return { at: p.tail_ends_at, what: words.tail_ends };
    case "stopped":
      return { what: words.stopped };
    default:
      return { what: words.over };
  }
}

function Shown({ of: p, again }: { of: Offer; again: () => void }) {
  const me = useMe();
  const [chosen, setChosen] = useState<string>();
  const [wanted, setWanted] = useState(1);
  const [agreed, setAgreed] = useState(false);
  const [balance, setBalance] = useState(false);
  const { at, what } = next(p);
  const left = useLeft(at);
  const sku = p.skus.find((s) => s.sku === chosen) ?? p.skus.find((s) => s.left > 0) ?? p.skus[0];
  const most = Math.min(p.per_person, sku?.left ?? 0);
  const units = Math.max(1, Math.min(wanted, most));
  const deposit = (sku?.deposit_fen ?? 0) * units;
  const wish = {
    presale: p.id,
    sku: sku?.sku ?? "",
    units,
    agreed,
    version: p.version,
    deposit_fen: deposit,
    balance_fen: balance ? (me?.balance_fen ?? 0) : 0,
  };
  const key = JSON.stringify(wish);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another wish is another request; the same again is the same booking
  const request = useMemo(secret, [key]);
  const book = useMutation({
    mutationFn: async () => {
      const { data, error } = await api.POST("/api/v1/shop/presale-bookings", {
        params: { header: { "Idempotency-Key": request } },
        body: wish,
      });
      if (error) {
        throw error;
      }
      return data;
    },
    onSuccess: (b) => {
      void queries.invalidateQueries({ queryKey: ["me"] });
      void queries.invalidateQueries({ queryKey: ["get", "/api/v1/shop/presale-bookings"] });
      go(`/bookings/${b.id}`, true);
    },
    onError: again,
  });
  if (!sku) {
    return null;
  }
  const open = p.state === "on" && most > 0;
  const d = money(sku.deposit_fen);
  const w = money(sku.worth_fen);
  const more = sku.worth_fen > sku.deposit_fen;
  const when = (iso: string) => formatWhen(iso, reader);
  return (
    <Screen
      title={p.title}
      up="/presales"
      bar={
        me ? (
          <button
            type="button"
            className="primary wide"
            disabled={!open || !agreed || book.isPending}
            onClick={() => book.mutate()}
          >
            {open
              ? say(words.pay, { v: money(deposit) })
              : p.state === "scheduled"
                ? say(words.not_yet, { when: when(p.starts_at) })
                : p.state === "on"
                  ? words.sold_out
                  : words.no_more}
          </button>
        ) : (
          <Link to={`/sign-in?back=${encodeURIComponent(`/presales/${p.id}`)}`} className="primary wide">
            {say(words.pay, { v: money(deposit) })}
          </Link>
        )
      }
    >
      <Picture
        id={sku.picture || p.picture}
        alt={p.title}
        name={p.title}
        sizes="(min-width: 480px) 480px, 100vw"
        eager
      />
      <section className="panel offer">
        <p className="presale-clock">
          <span className="muted">{what}</span> {at && <b className="clock">{clockText(left)}</b>}
        </p>
        <p>
          <span className="small">{words.price}</span> <Price fen={sku.price_fen} large />{" "}
          {sku.alone_fen > sku.price_fen && <Was fen={sku.alone_fen} />}
        </p>
        <p className="presale-deposit">
          <span>
            {words.deposit} <b>{d}</b>
          </span>
          {more && (
            <>
              <span>{say(words.worth, { v: w })}</span>
              <span className="saved">{say(words.saves, { v: money(sku.worth_fen - sku.deposit_fen) })}</span>
            </>
          )}
        </p>
        <h2 className="goods-title">{p.title}</h2>
        <p className="muted">
          {words.tail} {say(words.tail_about, { v: money((sku.price_fen - sku.worth_fen) * units) })}
        </p>
        <Link to={`/p/${p.goods}`} className="row">
          <span className="grow">{words.goods}</span>
          <Icon name="next" />
        </Link>
      </section>
      <section className="panel">
        {p.skus.length > 1 && (
          <fieldset className="spec">
            <legend>{words.choose}</legend>
            <div className="chips">
              {p.skus.map((s) => (
                <button
                  key={s.sku}
                  type="button"
                  className="chip"
                  aria-pressed={s.sku === sku.sku}
                  disabled={s.left <= 0}
                  onClick={() => setChosen(s.sku)}
                >
                  {s.choice.join(" ") || s.sku}
                </button>
              ))}
            </div>
          </fieldset>
        )}
        <div className="row">
          <span className="grow">
            {words.how_many}
            <br />
            <span className="small">
              {sku.left > 0 ? say(words.left, { n: sku.left }) : words.sold_out} ·{" "}
              {say(words.per_person, { n: p.per_person })}
            </span>
          </span>
          <Stepper value={units} most={Math.max(1, most)} name={p.title} change={setWanted} />
        </div>
        {(me?.balance_fen ?? 0) > 0 && (
          <div className="row">
            <span className="grow">{say(words.balance, { v: money(me?.balance_fen ?? 0) })}</span>
            <Tick name={words.balance_part} on={balance} change={setBalance} />
          </div>
        )}
      </section>
      <section className="panel" aria-label={words.when}>
        <h2>{words.when}</h2>
        <dl className="presale-times">
          <dt>{words.when_deposit}</dt>
          <dd>{say(words.span, { from: when(p.starts_at), until: when(p.ends_at) })}</dd>
          <dt>{words.when_tail}</dt>
          <dd>{say(words.span, { from: when(p.tail_starts_at), until: when(p.tail_ends_at) })}</dd>
          <dt>{words.when_ship}</dt>
          <dd>{when(p.ship_by)}</dd>
        </dl>
      </section>
      <section className="panel" aria-label={words.rules}>
        <h2>{words.rules}</h2>
        <ul className="presale-rules">
          <li>{say(more ? words.rule_worth : words.rule_plain, { d, w })}</li>
          <li>{p.keep ? <b>{words.rule_keep}</b> : words.rule_return}</li>
          <li>{words.rule_stop}</li>
          <li>{words.rule_after}</li>
        </ul>
        {open && me && (
          <div className="row presale-agree">
            <Tick name={p.keep ? words.agree_keep : words.agree_return} on={agreed} change={setAgreed}>
              <span>{p.keep ? words.agree_keep : words.agree_return}</span>
            </Tick>
          </div>
        )}
        <Trouble error={book.error} />
      </section>
    </Screen>
  );
}
