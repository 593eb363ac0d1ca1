import { formatWhen } from "@huoshui/ui/format";
import { $api, allItems, keyset } from "../api";
import { money, Picture } from "../components/goods";
import { Screen } from "../components/Screen";
import { Signed } from "../components/Signed";
import { Empty, ErrorState, Skeleton } from "../components/states";
import { pick, reader, say } from "../i18n";
import { type Sale, standing } from "../orders";
import { Link, useSearch } from "../router";
import * as both from "../words/order";

const words = pick(both);
const states = ["unpaid", "paid", "shipped", "finished"] as const;

/** The customer's orders, the latest first, by state. */
export default function Orders() {
  return (
    <Signed title={words.list} up="/me">
      <List />
    </Signed>
  );
}

function List() {
  const asked = useSearch().get("state");
  const state = states.find((s) => s === asked);
  const orders = $api.useInfiniteQuery(
    "get",
    "/api/v1/shop/orders",
    { params: { query: { state, limit: 20 } } },
    keyset,
  );
  const items = allItems(orders.data?.pages);
  return (
    <Screen title={words.list} up="/me" busy={orders.isPending}>
      <nav className="chips pad strip" aria-label={words.filter}>
        {[undefined, ...states].map((s) => (
          <Link
            key={s ?? "all"}
            to={s ? `/orders?state=${s}` : "/orders"}
            instead
            className="chip"
            aria-current={s === state ? "true" : undefined}
          >
            {s ? words.state[s] : words.all}
          </Link>
        ))}
        <Link to="/presales" className="chip">
          {words.presales}
        </Link>
      </nav>
      {orders.isError ? (
        <ErrorState error={orders.error} again={() => void orders.refetch()} />
      ) : orders.isPending ? (
        <Skeleton lines={3} high={120} />
      ) : items.length === 0 ? (
        <Empty title={words.empty} why={words.empty_why}>
          <Link to="/" className="primary">
            {words.look}
          </Link>
        </Empty>
      ) : (
        <ul>
          {items.map((sale) => (
            <li key={sale.id}>
              <Row sale={sale} />
            </li>
          ))}
        </ul>
      )}
      {orders.hasNextPage && (
        <p className="more">
          <button
            type="button"
            className="second"
            disabled={orders.isFetching}
            onClick={() => void orders.fetchNextPage()}
          >
            {words.more}
          </button>
        </p>
      )}
    </Screen>
  );
}

function Row({ sale }: { sale: Sale }) {
  const units = sale.quote.lines.reduce((n, l) => n + l.quantity, 0);
  return (
    <Link to={`/orders/${sale.id}`} className="panel order">
      <span className="order-head">
        <span className="small">{formatWhen(sale.placed_at, reader)}</span>
        <b className={sale.state === "unpaid" ? "due" : undefined}>{words.state[standing(sale)]}</b>
      </span>
      <span className="order-goods">
        {sale.lines.slice(0, 4).map((l) => (
          <span key={l.key} className="order-picture">
            <Picture id={l.picture} alt="" name={l.name} sizes="64px" />
          </span>
        ))}
        {sale.lines.length === 1 && <span className="line-name">{sale.lines[0]?.name}</span>}
        {sale.lines.length > 1 && <span className="hidden">{sale.lines.map((l) => l.name).join("、")}</span>}
      </span>
      <span className="order-head">
        <span className="small">{say(words.units, { n: units })}</span>
        <b>{money(sale.total_fen)}</b>
      </span>
    </Link>
  );
}
