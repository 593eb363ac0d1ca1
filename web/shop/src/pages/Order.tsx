import { formatDuration, formatWhen } from "@huoshui/ui/format";
import { useEffect, useState } from "react";
import { $api, queries } from "../api";
import { usePut } from "../cart";
import { useLeft } from "../clock";
import { AddressText } from "../components/AddressBook";
import { Sums } from "../components/money";
import { SaleLines } from "../components/SaleLines";
import { Icon, Screen } from "../components/Screen";
import { Signed } from "../components/Signed";
import { ErrorState, Skeleton, Trouble } from "../components/states";
import { language, pick, reader, say } from "../i18n";
import { type Sale, standing, useStep } from "../orders";
import { go, Link, type Params } from "../router";
import * as both from "../words/order";

const words = pick(both);

/** One order: where it stands, what it was, what it cost and why, and the next step. */
export default function Order({ params }: { params: Params }) {
  return (
    <Signed title={words.title} up="/orders">
      <Asked id={params.id ?? ""} />
    </Signed>
  );
}

function Asked({ id }: { id: string }) {
  const asked = $api.useQuery("get", "/api/v1/shop/orders/{id}", { params: { path: { id } } });
  if (asked.data) {
    return <Shown sale={asked.data} />;
  }
  return (
    <Screen title={words.title} up="/orders" busy={asked.isPending}>
      {asked.isError ? (
        <ErrorState error={asked.error} again={() => void asked.refetch()} />
      ) : (
        <Skeleton lines={4} high={80} />
      )}
    </Screen>
  );
}

/** A button that acts at the second tap. */
export function Twice(props: { words: string; sure: string; className: string; disabled?: boolean; act: () => void }) {
  const [sure, setSure] = useState(false);
  useEffect(() => {
    if (sure) {
      const timer = setTimeout(() => setSure(false), 4000);
      return () => clearTimeout(timer);
    }
  }, [sure]);
  return (
    <button
      type="button"
      className={props.className}
      disabled={props.disabled}
      onClick={() => {
        if (sure) {
          props.act();
        }
        setSure(!sure);
      }}
    >
      {sure ? props.sure : props.words}
    </button>
  );
}

function Shown({ sale }: { sale: Sale }) {
  const close = useStep(sale.id, "close");
  const received = useStep(sale.id, "received");
  const put = usePut();
  const at = standing(sale);
  const buyAgain = async () => {
    for (const l of sale.quote.lines) {
      await put.mutateAsync({ sku: l.sku, quantity: l.quantity, chosen: true }).catch(() => undefined); // what is gone is told by the cart
    }
    await queries.invalidateQueries({ queryKey: ["get", "/api/v1/shop/cart"] });
    go("/cart");
  };
  const canReturn = sale.state === "paid" || sale.state === "shipped" || sale.state === "finished";
  return (
    <Screen
      title={words.title}
      up="/orders"
      bar={
        sale.state === "unpaid" ? (
          <>
            <Twice
              words={words.cancel}
              sure={words.cancel_sure}
              className="quiet"
              disabled={close.isPending}
              act={() => close.mutate()}
            />
            <Link to={`/pay/${sale.id}`} className="primary grow">
              {words.pay}
            </Link>
          </>
        ) : sale.state === "shipped" ? (
          <>
            <Link to={`/orders/${sale.id}/back`} className="quiet">
              {words.back}
            </Link>
            <Twice
              words={words.received}
              sure={words.received_sure}
              className="primary grow"
              disabled={received.isPending}
              act={() => received.mutate()}
            />
          </>
        ) : (
          <>
            {canReturn && (
              <Link to={`/orders/${sale.id}/back`} className="quiet">
                {words.back}
              </Link>
            )}
            <button type="button" className="second grow" disabled={put.isPending} onClick={() => void buyAgain()}>
              {words.again}
            </button>
          </>
        )
      }
    >
      <section className="panel standing">
        <h2>{words.state[at]}</h2>
        <Hint sale={sale} />
        <Trouble error={close.error ?? received.error} />
      </section>
      {sale.form?.booking && (
        <section className="panel slim">
          <Link to={`/bookings/${sale.form.booking}`} className="row">
            <span className="grow">{words.presale}</span>
            <Icon name="next" />
          </Link>
        </section>
      )}
      {sale.form?.group && (
        <section className="panel slim">
          <Link to={`/groups/${sale.form.group}`} className="row">
            <span className="grow">{sale.held ? words.group_waits : words.group}</span>
            <Icon name="next" />
          </Link>
        </section>
      )}
      {(sale.codes?.length ?? 0) > 0 && (
        <section className="panel">
          <h2>{words.codes}</h2>
          <ul>
            {sale.codes?.map((c) => (
              <li key={`${c.key}${c.code}`} className="row">
                <span className="grow">{words.code[c.kind]}</span>
                <span className="end">
                  <b className="code">{c.code}</b>
                  {c.uses > 0 && <span className="small"> {say(words.code_used, { used: c.used, uses: c.uses })}</span>}
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
      {sale.tracking && (
        <section className="panel">
          <h2>{words.parcel}</h2>
          <div className="row">
            <span className="grow">{say(words.parcel_line, { carrier: sale.carrier, tracking: sale.tracking })}</span>
            <Copy text={sale.tracking} />
          </div>
        </section>
      )}
      {sale.delivery === "pickup" ? (
        <section className="panel">
          <h2>{words.pickup}</h2>
          <p className="muted">{sale.address.place}</p>
        </section>
      ) : (
        sale.address.street && (
          <section className="panel">
            <h2>{words.address}</h2>
            <p>
              <AddressText address={sale.address} />
            </p>
          </section>
        )
      )}
      <section className="panel" aria-label={words.goods}>
        <SaleLines lines={sale.lines} quote={sale.quote} />
      </section>
      <section className="panel">
        <h2>{words.sums}</h2>
        <Sums quote={sale.quote} refunded={sale.refunded_fen} />
      </section>
      <section className="panel">
        <h2>{words.facts}</h2>
        <dl className="sums">
          <dt>{words.number}</dt>
          <dd>{sale.number}</dd>
          {(["placed", "paid", "shipped", "finished", "closed"] as const).map((what) => {
            const when = sale[`${what}_at`];
            return (
              when && [
                <dt key={what}>{words[what]}</dt>,
                <dd key={`${what} at`}>
                  <time dateTime={when}>{formatWhen(when, reader)}</time>
                </dd>,
              ]
            );
          })}
          {sale.remark && (
            <>
              <dt>{words.remark}</dt>
              <dd>{sale.remark}</dd>
            </>
          )}
        </dl>
      </section>
    </Screen>
  );
}

/** What comes next, and by when. */
function Hint({ sale }: { sale: Sale }) {
  const left = useLeft(sale.state === "unpaid" ? sale.due_at : undefined);
  if (sale.state === "closed") {
    const all: Record<string, string> = words.hint;
    return <p className="muted">{all[`closed_${sale.close_reason}`] ?? words.hint.closed_staff}</p>;
  }
  return (
    <p className="muted">
      {say(words.hint[standing(sale) as keyof typeof words.hint], {
        left: formatDuration(Math.ceil(left / 1000), language),
      })}
    </p>
  );
}

function Copy({ text }: { text: string }) {
  const [done, setDone] = useState(false);
  return navigator.clipboard ? (
    <button
      type="button"
      className="quiet"
      onClick={() => void navigator.clipboard.writeText(text).then(() => setDone(true))}
    >
      {done ? words.copied : words.copy}
    </button>
  ) : null;
}
