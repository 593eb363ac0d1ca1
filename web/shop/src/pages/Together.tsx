import { formatWhen } from "@huoshui/ui/format";
import { useMemo } from "react";
import { $api, type Schema, useMe } from "../api";
import { tellTime } from "../clock";
import { money, Picture, Price, Was } from "../components/goods";
import { Icon, Screen } from "../components/Screen";
import { Empty, ErrorState, Skeleton } from "../components/states";
import { pick, reader, say } from "../i18n";
import { Link } from "../router";
import * as both from "../words/together";
import "./together.css";

const words = pick(both);

/** What can be bought together, and the groups one sits in. */
export default function Together() {
  const me = useMe();
  const offers = $api.useQuery("get", "/api/v1/shop/group-offers");
  const mine = $api.useQuery("get", "/api/v1/shop/groups", undefined, { enabled: Boolean(me) });
  useMemo(() => tellTime(offers.data?.items[0]?.now), [offers.data]);
  return (
    <Screen title={words.title} up="/" busy={offers.isPending}>
      {offers.isError ? (
        <ErrorState error={offers.error} again={() => void offers.refetch()} />
      ) : offers.data === undefined ? (
        <Skeleton lines={3} high={96} />
      ) : offers.data.items.length === 0 ? (
        <Empty title={words.none} why={words.none_why}>
          <Link to="/categories" className="primary">
            {words.browse}
          </Link>
        </Empty>
      ) : (
        <ul className="panel">
          {offers.data.items.map((o) => (
            <li key={o.id}>
              <Offer of={o} />
            </li>
          ))}
        </ul>
      )}
      {(mine.data?.items.length ?? 0) > 0 && (
        <section className="panel slim" aria-label={words.mine}>
          <h2>{words.mine}</h2>
          {mine.data?.items.map((g) => (
            <Link key={g.sale} to={`/groups/${g.id}`} className="row">
              <span className="grow">{stateOf(g.state, g.size - g.paid)}</span>
              <span className="small">{formatWhen(g.created_at, reader)}</span>
              <Icon name="next" />
            </Link>
          ))}
        </section>
      )}
    </Screen>
  );
}

/** How a group stands, in words. */
export function stateOf(state: Schema<"ShopGroup">["state"], missing: number): string {
  return say(words[state], { n: missing });
}

function Offer({ of: o }: { of: Schema<"ShopGroupOffer"> }) {
  return (
    <Link to={`/together/${o.id}`} className="line">
      <span className="line-picture">
        <Picture id={o.picture} alt="" name={o.title} sizes="80px" />
      </span>
      <span className="grow">
        <b className="line-name">{o.title}</b>
        <span className="small">
          {say(words.people, { n: o.size })} · {say(words.saves, { v: money(o.alone_fen - o.price_fen) })}
        </span>
        <span className="line-foot">
          <span>
            <Price fen={o.price_fen} /> <Was fen={o.alone_fen} />
          </span>
          <span className="muted">
            {o.open ? words.open : say(words.soon, { when: formatWhen(o.starts_at, reader) })}
          </span>
        </span>
      </span>
    </Link>
  );
}
