import { formatWhen } from "@huoshui/ui/format";
import { useMemo } from "react";
import { $api, allItems, keyset, type Schema, useMe } from "../api";
import { tellTime } from "../clock";
import { money, Picture, Price, Was } from "../components/goods";
import { Icon, Screen } from "../components/Screen";
import { Empty, ErrorState, Skeleton } from "../components/states";
import { pick, reader, say } from "../i18n";
import { Link } from "../router";
import * as both from "../words/presale";

const words = pick(both);

type Booking = Schema<"ShopBooking">;

/** What is sold before it is sent, and what one has booked. */
export default function Presales() {
  const me = useMe();
  const offers = $api.useQuery("get", "/api/v1/shop/presales");
  const mine = $api.useInfiniteQuery(
    "get",
    "/api/v1/shop/presale-bookings",
    { params: { query: { limit: 20 } } },
    { ...keyset, enabled: Boolean(me) },
  );
  const booked = allItems(mine.data?.pages);
  useMemo(() => tellTime(offers.data?.items[0]?.now), [offers.data]);
  return (
    <Screen title={words.title} up="/" busy={offers.isPending}>
      {booked.length > 0 && (
        <section className="panel slim" aria-label={words.mine}>
          <h2>{words.mine}</h2>
          {booked.map((b) => (
            <Link key={b.id} to={`/bookings/${b.id}`} className="row">
              <span className="grow">
                <b className="line-name">{b.title}</b>
                <span className="small">{formatWhen(b.placed_at, reader)}</span>
              </span>
              <span className={b.state === "unpaid" || b.state === "deposited" ? "due" : "muted"}>{phase(b)}</span>
              <Icon name="next" />
            </Link>
          ))}
          {mine.hasNextPage && (
            <p className="more">
              <button
                type="button"
                className="second"
                disabled={mine.isFetching}
                onClick={() => void mine.fetchNextPage()}
              >
                {words.more}
              </button>
            </p>
          )}
        </section>
      )}
      {offers.isError ? (
        <ErrorState error={offers.error} again={() => void offers.refetch()} />
      ) : offers.data === undefined ? (
        <Skeleton lines={3} high={96} />
      ) : offers.data.items.length === 0 ? (
        booked.length === 0 && (
          <Empty title={words.none} why={words.none_why}>
            <Link to="/categories" className="primary">
              {words.browse}
            </Link>
          </Empty>
        )
      ) : (
        <ul className="panel">
          {offers.data.items.map((p) => (
            <li key={p.id}>
              <Offer of={p} />
            </li>
          ))}
        </ul>
      )}
    </Screen>
  );
}

/** Where a booking stands, in words. */
export function phase(b: Pick<Booking, "state" | "sale" | "tail_starts_at" | "now">): string {
  if (b.state === "deposited") {
    return b.sale ? words.ordered : b.now < b.tail_starts_at ? words.early : words.state.deposited;
  }
  return words.state[b.state];
}

function Offer({ of: p }: { of: Schema<"ShopPresale"> }) {
  const first = [...p.skus].sort((a, b) => a.price_fen - b.price_fen)[0];
  if (!first) {
    return null;
  }
  const d = money(first.deposit_fen);
  return (
    <Link to={`/presales/${p.id}`} className="line">
      <span className="line-picture">
        <Picture id={p.picture} alt="" name={p.title} sizes="80px" />
      </span>
      <span className="grow">
        <b className="line-name">{p.title}</b>
        <span className="small">
          {first.worth_fen > first.deposit_fen
            ? say(words.card, { d, w: money(first.worth_fen) })
            : say(words.card_plain, { d })}
        </span>
        <span className="line-foot">
          <span>
            <Price fen={first.price_fen} from={p.skus.length > 1} />{" "}
            {first.alone_fen > first.price_fen && <Was fen={first.alone_fen} />}
          </span>
          <span className="muted">
            {p.state === "scheduled"
              ? say(words.not_yet, { when: formatWhen(p.starts_at, reader) })
              : p.state === "on"
                ? p.name
                : words.no_more}
          </span>
        </span>
      </span>
    </Link>
  );
}
