import { formatWhen } from "@huoshui/ui/format";
import { useEffect, useMemo, useState } from "react";
import { $api, type Schema } from "../api";
import { clockText, tellTime, useLeft } from "../clock";
import { Screen } from "../components/Screen";
import { Signed } from "../components/Signed";
import { ErrorState, Skeleton } from "../components/states";
import { pick, reader, say } from "../i18n";
import { Link, type Params } from "../router";
import * as both from "../words/together";
import { buying } from "./GroupOffer";
import { stateOf } from "./Together";
import "./together.css";

const words = pick(both);

/** A group: who is in it, who is missing and until when. */
export default function Group({ params }: { params: Params }) {
  return (
    <Signed title={words.group} up="/together">
      <One id={params.id ?? ""} />
    </Signed>
  );
}

function One({ id }: { id: string }) {
  const asked = $api.useQuery(
    "get",
    "/api/v1/shop/groups/{id}",
    { params: { path: { id } } },
    { refetchInterval: (q) => (q.state.data?.state === "forming" || q.state.data?.state === "opening" ? 5000 : false) },
  );
  const g = asked.data;
  useMemo(() => tellTime(g?.now), [g]);
  const offer = $api.useQuery(
    "get",
    "/api/v1/shop/group-offers/{id}",
    { params: { path: { id: g?.offer ?? "" } } },
    { enabled: Boolean(g) },
  );
  if (!g) {
    return (
      <Screen title={words.group} up="/together" busy={asked.isPending}>
        {asked.isError ? (
          <ErrorState error={asked.error} again={() => void asked.refetch()} />
        ) : (
          <Skeleton lines={4} high={64} />
        )}
      </Screen>
    );
  }
  return <Shown group={g} offer={offer.data} />;
}

function Shown({ group: g, offer }: { group: Schema<"ShopGroup">; offer?: Schema<"ShopGroupOffer"> }) {
  const left = useLeft(g.expires_at);
  const [told, setTold] = useState(false);
  useEffect(() => {
    if (told) {
      const timer = setTimeout(() => setTold(false), 2500);
      return () => clearTimeout(timer);
    }
  }, [told]);
  const inside = g.seat === "paid" || g.seat === "taken";
  const share = async () => {
    await navigator.clipboard.writeText(`${location.origin}/shop/groups/${g.id}`);
    setTold(true);
  };
  const why = { when: g.expires_at ? formatWhen(g.expires_at, reader) : "" };
  return (
    <Screen
      title={offer?.title ?? words.group}
      up="/together"
      bar={
        g.seat === "taken" ? (
          <Link to={`/pay/${g.sale}`} className="primary wide">
            {words.pay}
          </Link>
        ) : inside && g.state === "forming" ? (
          <button type="button" className="primary wide" onClick={() => void share()}>
            {words.share}
          </button>
        ) : g.state === "forming" && g.free > 0 && left > 0 && offer ? (
          <Link to={buying(offer.id, offer.sku, g.id)} className="primary wide">
            {words.join_this}
          </Link>
        ) : (
          offer?.open && (
            <Link to={`/together/${offer.id}`} className="second wide">
              {words.again}
            </Link>
          )
        )
      }
    >
      <section className="panel together-state" aria-live="polite">
        <p className="empty-title">{stateOf(g.state, g.missing)}</p>
        {g.state === "forming" && <p className="clock together-clock">{clockText(left)}</p>}
        <p className="muted">{say(words[`${g.state}_why`], why)}</p>
        <ul className="together-seats">
          {Array.from({ length: g.size }, (_, i) => {
            const name = g.names[i];
            const taken = i < g.size - g.free;
            const paid = i < g.names.length;
            const text = paid ? words.seat : taken ? words.seat_taken : words.seat_free;
            return (
              // biome-ignore lint/suspicious/noArrayIndexKey: seats keep their order
              <li key={i} data-paid={paid || undefined}>
                <span className="hidden">{say(text, { n: i + 1, name: name || words.someone })}</span>
                <b aria-hidden="true">{paid ? name?.slice(0, 1) || words.someone.slice(0, 1) : taken ? "…" : "?"}</b>
              </li>
            );
          })}
        </ul>
      </section>
      {g.sale && (
        <section className="panel slim">
          <Link to={`/orders/${g.sale}`} className="row">
            <span className="grow">{words.my_order}</span>
          </Link>
        </section>
      )}
      <div role="status">{told && <p className="tell">{words.shared}</p>}</div>
    </Screen>
  );
}
