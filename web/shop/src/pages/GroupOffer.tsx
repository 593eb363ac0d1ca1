import { useMemo } from "react";
import { $api, problemOf, type Schema } from "../api";
import { clockText, tellTime, useLeft } from "../clock";
import { money, Picture, Price, Was } from "../components/goods";
import { Icon, Screen } from "../components/Screen";
import { Empty, ErrorState, Skeleton } from "../components/states";
import { pick, say } from "../i18n";
import { go, Link, type Params } from "../router";
import * as both from "../words/together";
import "./together.css";

const words = pick(both);

/** Something to buy together: its price, the rules as they are, and the groups that wait for people. */
export default function GroupOffer({ params }: { params: Params }) {
  const asked = $api.useQuery(
    "get",
    "/api/v1/shop/group-offers/{id}",
    { params: { path: { id: params.id ?? "" } } },
    { refetchInterval: 15_000 },
  );
  const o = asked.data;
  useMemo(() => tellTime(o?.now), [o]);
  if (asked.isError && problemOf(asked.error).status === 404) {
    return (
      <Screen title={words.title} up="/together">
        <Empty title={words.none} why={words.none_why} />
      </Screen>
    );
  }
  if (asked.isError || !o) {
    return (
      <Screen title={words.title} up="/together" busy={!asked.isError}>
        {asked.isError ? (
          <ErrorState error={asked.error} again={() => void asked.refetch()} />
        ) : (
          <Skeleton lines={4} high={64} />
        )}
      </Screen>
    );
  }
  return (
    <Screen
      title={o.title}
      up="/together"
      bar={
        <button type="button" className="primary wide" disabled={!o.open} onClick={() => go(buying(o.id, o.sku))}>
          {o.open ? `${words.open} · ${money(o.price_fen)}` : words.over}
        </button>
      }
    >
      <Picture id={o.picture} alt={o.title} name={o.title} sizes="(min-width: 480px) 480px, 100vw" eager />
      <section className="panel offer">
        <p>
          <Price fen={o.price_fen} large /> <Was fen={o.alone_fen} />{" "}
          <span className="saved">{say(words.saves, { v: money(o.alone_fen - o.price_fen) })}</span>
        </p>
        <h2 className="goods-title">{o.title}</h2>
        <p className="muted">
          {say(words.people, { n: o.size })} · {say(words.per_person, { n: o.per_person })}
        </p>
        <Link to={`/p/${o.goods}`} className="row">
          <span className="grow">{words.goods}</span>
          <span className="muted">{say(words.alone, { v: money(o.alone_fen) })}</span>
          <Icon name="next" />
        </Link>
      </section>
      <section className="panel" aria-label={words.groups}>
        <h2>{words.groups}</h2>
        {(o.groups?.length ?? 0) === 0 ? (
          <p className="muted">{words.no_groups}</p>
        ) : (
          <ul>
            {o.groups?.map((g) => (
              <Waiting key={g.id} group={g} />
            ))}
          </ul>
        )}
      </section>
      <section className="panel" aria-label={words.rules}>
        <h2>{words.rules}</h2>
        <ul className="together-rules">
          <li>{words.rule_pay}</li>
          <li>{say(words.rule_time, { n: o.hours, size: o.size })}</li>
          <li>{words.rule_fail}</li>
          <li>{words.rule_real}</li>
        </ul>
      </section>
    </Screen>
  );
}

/** The checkout of a SKU in a group; without one it is opened. */
export function buying(offer: string, sku: string, group = ""): string {
  return `/checkout?sku=${encodeURIComponent(sku)}&n=1&offer=${encodeURIComponent(offer)}${group && `&group=${encodeURIComponent(group)}`}`;
}

function Waiting({ group: g }: { group: Schema<"ShopGroup"> }) {
  const left = useLeft(g.expires_at);
  return (
    <li className="row">
      <span className="together-faces" aria-hidden="true">
        {g.names.slice(0, 3).map((n, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: seats keep their order
          <b key={i}>{n.slice(0, 1) || words.someone.slice(0, 1)}</b>
        ))}
      </span>
      <span className="grow">
        {say(words.missing, { n: g.missing })}
        <br />
        <span className="small clock">{say(words.left, { t: clockText(left) })}</span>
      </span>
      <Link to={`/groups/${g.id}`} className="second">
        {words.join}
      </Link>
    </li>
  );
}
