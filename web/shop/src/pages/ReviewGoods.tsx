import { formatWhen } from "@huoshui/ui/format";
import { $api, allItems, keyset, type Schema } from "../api";
import { PhotoRow } from "../components/Photos";
import { Screen } from "../components/Screen";
import { Stars } from "../components/Stars";
import { Empty, ErrorState, Skeleton } from "../components/states";
import { pick, reader, say } from "../i18n";
import { go, type Params, useSearch } from "../router";
import * as both from "../words/review";
import "../components/aftersale.css";

const words = pick(both);
const filters = ["pictures", "good", "low", "follow"] as const;
type Only = (typeof filters)[number];

/** What buyers say of goods. */
export default function ReviewGoods({ params }: { params: Params }) {
  const id = params.id ?? "";
  const asked = useSearch().get("only");
  const only = filters.find((f) => f === asked);
  const list = $api.useInfiniteQuery(
    "get",
    "/api/v1/shop/goods/{id}/reviews",
    { params: { path: { id }, query: { limit: 20, ...(only ? { only } : {}) } } },
    keyset,
  );
  const sum = (list.data?.pages[0] as Schema<"GoodsReviews"> | undefined)?.summary;
  const items = allItems(list.data?.pages);
  const count: Record<Only, number> = {
    pictures: sum?.pictures ?? 0,
    good: (sum?.stars[3] ?? 0) + (sum?.stars[4] ?? 0),
    low: sum?.low ?? 0,
    follow: sum?.follows ?? 0,
  };
  return (
    <Screen title={words.of_goods} up={`/p/${id}`}>
      {sum && sum.count > 0 && (
        <section className="review-sum">
          <b>{sum.average.toFixed(1)}</b>
          <span>
            <Stars n={sum.average} />
            <br />
            <span className="small">{say(words.count, { n: sum.count })}</span>
          </span>
        </section>
      )}
      {sum && sum.count > 0 && (
        <div className="chips review-chips">
          <button type="button" className="chip" aria-pressed={!only} onClick={() => go(`/p/${id}/reviews`, true)}>
            {words.all}
          </button>
          {filters
            .filter((f) => count[f] > 0 || f === only)
            .map((f) => (
              <button
                key={f}
                type="button"
                className="chip"
                aria-pressed={only === f}
                onClick={() => go(`/p/${id}/reviews?only=${f}`, true)}
              >
                {words.only[f]} {count[f]}
              </button>
            ))}
        </div>
      )}
      {list.isError ? (
        <ErrorState error={list.error} again={() => void list.refetch()} />
      ) : list.isPending ? (
        <Skeleton lines={4} high={120} />
      ) : items.length === 0 ? (
        <Empty title={words.none} why={words.none_why} />
      ) : (
        items.map((r) => <One key={r.id} review={r as Schema<"ShopReview">} />)
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

const photo = (id: string, width: number) => `/api/v1/shop/reviews/photos/${encodeURIComponent(id)}?w=${width}`;

function One({ review: r }: { review: Schema<"ShopReview"> }) {
  return (
    <article className="review">
      <p className="review-head">
        <b>{r.author || words.nameless}</b>
        <Stars n={r.stars} />
        <time className="small" dateTime={r.at}>
          {formatWhen(r.at, reader, "date")}
        </time>
      </p>
      {r.tags.length > 0 && <p className="small">{r.tags.join(" · ")}</p>}
      {r.text && <p className="review-text">{r.text}</p>}
      <PhotoRow ids={r.pictures} at={photo} />
      {r.follow_text && <p className="review-text">{say(words.followed, { text: r.follow_text })}</p>}
      <PhotoRow ids={r.follow_pictures} at={photo} />
      {r.reply && <p className="review-reply">{say(words.reply, { text: r.reply })}</p>}
    </article>
  );
}
