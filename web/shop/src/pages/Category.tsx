import { $api, allItems, keyset, type Schema } from "../api";
import { Shelf } from "../components/goods";
import { Screen } from "../components/Screen";
import { Empty, ErrorState } from "../components/states";
import { pick } from "../i18n";
import { go, Link, type Params, useSearch } from "../router";
import * as both from "../words/category";
import { Seek } from "./Home";

const words = pick(both);
const sorts = ["sold", "new", "price", "-price"] as const;

type Shelf_ = Schema<"CatalogCategory">;

/** The shelves: the first level at the left, its kinds above the goods. */
export default function Category({ params }: { params: Params }) {
  const search = useSearch();
  const asked = $api.useQuery("get", "/api/v1/shop/categories", undefined, { staleTime: 300_000 });
  const all: Shelf_[] = [...(asked.data?.items ?? [])].sort((a, b) => a.place - b.place);
  const chosen = all.find((c) => c.id === params.id) ?? all.find((c) => !c.parent);
  const top = chosen?.parent ? all.find((c) => c.id === chosen.parent) : chosen;
  const kinds = all.filter((c) => top && c.parent === top.id);
  const sort = sorts.find((s) => s === search.get("sort")) ?? "sold";
  const at = (id: string | undefined, by: string = sort) =>
    `/categories/${id ?? ""}${by === "sold" ? "" : `?sort=${by}`}`;

  const goods = $api.useInfiniteQuery(
    "get",
    "/api/v1/shop/goods",
    { params: { query: { category: chosen?.id, sort, limit: 20 } } },
    { ...keyset, enabled: chosen !== undefined },
  );
  const items = allItems(goods.data?.pages);
  const failed = asked.error ?? goods.error;
  return (
    <Screen title={words.title} tab="category" head={<Seek />}>
      <div className="split">
        <nav className="side" aria-label={words.shelves}>
          {all
            .filter((c) => !c.parent)
            .map((c) => (
              <Link key={c.id} to={at(c.id)} instead aria-current={c.id === top?.id ? "true" : undefined}>
                {c.name}
              </Link>
            ))}
        </nav>
        <div className="beside">
          {kinds.length > 0 && (
            <nav className="chips pad" aria-label={words.kinds}>
              {[top, ...kinds].map(
                (c) =>
                  c && (
                    <Link
                      key={c.id}
                      to={at(c.id)}
                      instead
                      className="chip"
                      aria-current={c.id === chosen?.id ? "true" : undefined}
                    >
                      {c === top ? words.all : c.name}
                    </Link>
                  ),
              )}
            </nav>
          )}
          <label className="sorting">
            <span>{words.sort}</span>
            <select value={sort} onChange={(e) => go(at(chosen?.id, e.target.value), true)}>
              {sorts.map((s) => (
                <option key={s} value={s}>
                  {words[s]}
                </option>
              ))}
            </select>
          </label>
          {failed ? (
            <ErrorState
              error={failed}
              again={() => {
                void asked.refetch();
                void goods.refetch();
              }}
            />
          ) : asked.isSuccess && (!chosen || (goods.isSuccess && items.length === 0)) ? (
            <Empty title={words.empty} />
          ) : (
            <Shelf goods={goods.isSuccess ? items : undefined} />
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
        </div>
      </div>
    </Screen>
  );
}
