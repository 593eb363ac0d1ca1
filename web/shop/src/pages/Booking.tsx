import { formatDuration, formatWhen } from "@huoshui/ui/format";
import { useMutation } from "@tanstack/react-query";
import { useMemo } from "react";
import { $api, api, queries, type Schema } from "../api";
import { tellTime, useLeft } from "../clock";
import { Cashier } from "../components/Cashier";
import { money, Picture } from "../components/goods";
import { Screen } from "../components/Screen";
import { Signed } from "../components/Signed";
import { ErrorState, Skeleton, Trouble } from "../components/states";
import { language, pick, reader, say } from "../i18n";
import { Link, type Params } from "../router";
import * as both from "../words/presale";
import { Twice } from "./Order";
import { phase } from "./Presales";
import "./presale.css";

const words = pick(both);

type Booked = Schema<"ShopBooking">;

/** What one has booked of a presale: its deposit, its tail, and what became of it. */
export default function Booking({ params }: { params: Params }) {
  return (
    <Signed title={words.booking} up="/presales">
      <Asked id={params.id ?? ""} />
    </Signed>
  );
}

function Asked({ id }: { id: string }) {
  const asked = $api.useQuery(
    "get",
    "/api/v1/shop/presale-bookings/{id}",
    { params: { path: { id } } },
    { refetchInterval: (q) => (q.state.data?.state === "unpaid" ? 2000 : 15_000), staleTime: 0 },
  );
  const b = asked.data;
  useMemo(() => tellTime(b?.now), [b]);
  const cancel = useMutation({
    mutationFn: async () => {
      const { data, error } = await api.POST("/api/v1/shop/presale-bookings/{id}/cancel", {
        params: { path: { id } },
      });
      if (error) {
        throw error;
      }
      return data;
    },
    onSettled: async () => {
      await asked.refetch();
      void queries.invalidateQueries({ queryKey: ["me"] });
      void queries.invalidateQueries({ queryKey: ["get", "/api/v1/shop/presale-bookings"] });
    },
  });
  if (!b) {
    return (
      <Screen title={words.booking} up="/presales" busy={asked.isPending}>
        {asked.isError ? (
          <ErrorState error={asked.error} again={() => void asked.refetch()} />
        ) : (
          <Skeleton lines={3} high={64} />
        )}
      </Screen>
    );
  }
  const letGo = (text: string, sure: string) => (
    <Twice words={text} sure={sure} className="quiet" disabled={cancel.isPending} act={() => cancel.mutate()} />
  );
  if (b.state === "unpaid") {
    return (
      <Cashier
        title={words.deposit_title}
        up="/presales"
        of={b.id}
        fen={b.cash_fen}
        until={b.due_at}
        ask={async (method) => {
          const { data, error } = await api.POST("/api/v1/shop/presale-bookings/{id}/pay", {
            params: { path: { id } },
            body: { method },
          });
          if (error) {
            throw error;
          }
          return data;
        }}
        again={() => void asked.refetch()}
        trouble={cancel.error}
        cancel={letGo(words.cancel, words.cancel_sure)}
      >
        <What of={b} />
      </Cashier>
    );
  }
  const payable = b.state === "deposited" && b.presale_state === "tail";
  return (
    <Screen
      title={words.booking}
      up="/presales"
      bar={
        b.sale ? (
          <Link to={`/orders/${b.sale}`} className="primary wide">
            {b.state === "deposited" ? words.pay_order : words.see_order}
          </Link>
        ) : b.state === "deposited" ? (
          <>
            {!b.keep && letGo(words.give_up, words.give_up_sure)}
            {payable ? (
              <Link to={`/checkout?booking=${b.id}`} className="primary grow">
                {words.pay_tail}
              </Link>
            ) : (
              <button type="button" className="primary grow" disabled>
                {say(words.hint.early, { when: formatWhen(b.tail_starts_at, reader) })}
              </button>
            )}
          </>
        ) : undefined
      }
    >
      <section className="panel standing">
        <h2>{phase(b)}</h2>
        <Hint of={b} />
        {b.state !== "closed" && (
          <ol className="presale-steps" aria-label={words.steps}>
            <li data-done={b.paid_at ? "" : undefined}>{words.step_deposit}</li>
            <li data-done={b.state === "done" || b.state === "refunded" ? "" : undefined}>{words.step_tail}</li>
            <li>{words.step_ship}</li>
          </ol>
        )}
        <Trouble error={cancel.error} />
      </section>
      <What of={b} />
    </Screen>
  );
}

/** What comes next, and by when. */
function Hint({ of: b }: { of: Booked }) {
  const left = useLeft(b.state === "unpaid" ? b.due_at : undefined);
  const key =
    b.state !== "deposited" ? b.state : b.sale ? "ordered" : b.presale_state === "tail" ? "deposited" : "early";
  const at = { deposited: b.tail_ends_at, early: b.tail_starts_at, done: b.ship_by }[key as string];
  return (
    <p className="muted">
      {say(words.hint[key], {
        left: formatDuration(Math.ceil(left / 1000), language),
        when: at ? formatWhen(at, reader) : "",
      })}
    </p>
  );
}

function What({ of: b }: { of: Booked }) {
  return (
    <>
      <section className="panel">
        <Link to={`/presales/${b.presale}`} className="line">
          <span className="line-picture">
            <Picture id={b.picture} alt="" name={b.title} sizes="80px" />
          </span>
          <span className="grow">
            <b className="line-name">{b.title}</b>
            <span className="small">{say(words.units, { n: b.units })}</span>
          </span>
        </Link>
      </section>
      <section className="panel">
        <dl className="sums">
          <dt>{words.price}</dt>
          <dd>{money(b.price_fen)}</dd>
          <dt>{words.deposit}</dt>
          <dd>{money(b.deposit_fen)}</dd>
          {b.wallet_fen > 0 && b.cash_fen > 0 && (
            <>
              <dt>{words.balance_part}</dt>
              <dd>{money(b.wallet_fen)}</dd>
              <dt>{words.cash_part}</dt>
              <dd>{money(b.cash_fen)}</dd>
            </>
          )}
          {b.worth_fen > b.deposit_fen && (
            <>
              <dt>{words.worth_all}</dt>
              <dd className="minus">{money(-b.worth_fen)}</dd>
            </>
          )}
          {b.state === "deposited" && (
            <>
              <dt>{words.tail_left}</dt>
              <dd>{money(b.price_fen - b.worth_fen)}</dd>
            </>
          )}
          <dt>{words.when_tail}</dt>
          <dd>
            {say(words.span, { from: formatWhen(b.tail_starts_at, reader), until: formatWhen(b.tail_ends_at, reader) })}
          </dd>
          <dt>{words.when_ship}</dt>
          <dd>{formatWhen(b.ship_by, reader)}</dd>
          {(["placed", "paid", "ended"] as const).map((what) => {
            const when = b[`${what}_at`];
            return (
              when && [
                <dt key={what}>{words[what === "paid" ? "deposited" : what]}</dt>,
                <dd key={`${what} at`}>
                  <time dateTime={when}>{formatWhen(when, reader)}</time>
                </dd>,
              ]
            );
          })}
        </dl>
        <p className="small pad-top">
          {b.keep ? words.rule_keep : words.rule_return} {words.rule_stop}
        </p>
      </section>
    </>
  );
}
