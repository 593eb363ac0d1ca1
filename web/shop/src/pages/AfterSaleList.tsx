import { formatWhen } from "@huoshui/ui/format";
import { $api, allItems, keyset } from "../api";
import { money } from "../components/goods";
import { Screen } from "../components/Screen";
import { Signed } from "../components/Signed";
import { Empty, ErrorState, Skeleton } from "../components/states";
import { pick, reader, say } from "../i18n";
import { Link } from "../router";
import * as both from "../words/aftersale";
import "../components/aftersale.css";

const words = pick(both);

/** Everything that a customer asked for after her sales. */
export default function AfterSaleList() {
  return (
    <Signed title={words.title} up="/me">
      <All />
    </Signed>
  );
}

function All() {
  const list = $api.useInfiniteQuery("get", "/api/v1/shop/after-sale", { params: { query: { limit: 20 } } }, keyset);
  const items = allItems(list.data?.pages);
  return (
    <Screen title={words.title} up="/me">
      {list.isError ? (
        <ErrorState error={list.error} again={() => void list.refetch()} />
      ) : list.isPending ? (
        <Skeleton lines={4} high={96} />
      ) : items.length === 0 ? (
        <Empty title={words.list_empty} why={words.list_empty_why} />
      ) : (
        items.map((c) => (
          <Link key={c.id} to={`/after-sale/${c.id}`} className="case-card">
            <span>
              <b>{words.kind[c.kind]}</b>
              <b>{words.state[c.state]}</b>
            </span>
            <span>{c.lines.map((l) => `${l.name} × ${say(words.units, { n: l.quantity })}`).join(" · ")}</span>
            <span className="small">
              <time dateTime={c.made_at}>{formatWhen(c.made_at, reader)}</time>
              {c.state === "refunded" && (
                <span>
                  {words.refund} {money(c.refund_fen)}
                </span>
              )}
            </span>
          </Link>
        ))
      )}
      {list.hasNextPage && (
        <p className="more">
          <button type="button" className="second" disabled={list.isFetching} onClick={() => void list.fetchNextPage()}>
            {words.more}
          </button>
        </p>
      )}
    </Screen>
  );
}
