import { $api, allItems, keyset } from "../api";
import { Shelf } from "../components/goods";
import { Icon, Screen } from "../components/Screen";
import { Empty, ErrorState } from "../components/states";
import { pick } from "../i18n";
import { Link } from "../router";
import * as both from "../words/home";

const words = pick(both);

/** The front of the store: a way to search, and everything on sale. */
export default function Home() {
  const goods = $api.useInfiniteQuery(
    "get",
    "/api/v1/shop/goods",
    { params: { query: { sort: "sold", limit: 20 } } },
    keyset,
  );
  const items = allItems(goods.data?.pages);
  return (
    <Screen title={words.title} tab="home" head={<Seek />}>
      {goods.isError ? (
        <ErrorState error={goods.error} again={() => void goods.refetch()} />
      ) : goods.isSuccess && items.length === 0 ? (
        <Empty title={words.nothing} why={words.nothing_why} />
      ) : (
        <Shelf goods={goods.isSuccess ? items : undefined} eager={2} />
      )}
      {goods.hasNextPage && (
        <p className="more">
          <button
            type="button"
            className="second"
            disabled={goods.isFetching}
            onClick={() => void goods.fetchNextPage()}
          >
            {words.more}
          </button>
        </p>
      )}
    </Screen>
  );
}

/** Looks like a search field and leads to the one. */
export function Seek() {
  return (
    <Link to="/search" className="seek-link">
      <Icon name="search" />
      {words.seek}
    </Link>
  );
}
