import { $api, allItems, keyset, problemOf } from "../api";
import { Blocks } from "../blocks/Blocks";
import { Shelf } from "../components/goods";
import { Icon, Screen } from "../components/Screen";
import { Empty, ErrorState } from "../components/states";
import { pick } from "../i18n";
import { Link } from "../router";
import * as both from "../words/home";
import { useDesigned } from "./Designed";

const words = pick(both);

/** The front of the store: the page that the brand designed, or everything on sale while there is none. */
export default function Home() {
  const page = useDesigned("home");
  if (page.isError) {
    return problemOf(page.error).status === 404 ? (
      <Everything />
    ) : (
      <Screen title={words.title} tab="home" head={<Seek />}>
        <ErrorState error={page.error} again={() => void page.refetch()} />
      </Screen>
    );
  }
  const seeks = page.data?.blocks.some((b) => b.kind === "search");
  return (
    <Screen title={words.title} tab="home" head={seeks ? undefined : <Seek />} busy={page.isPending}>
      {page.data ? <Blocks page={page.data} /> : <Shelf />}
    </Screen>
  );
}

/** A way to search, and everything on sale. */
function Everything() {
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
