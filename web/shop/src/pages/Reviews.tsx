import { formatWhen } from "@huoshui/ui/format";
import { useState } from "react";
import { $api, allItems, keyset, queries, type Schema } from "../api";
import { Picture } from "../components/goods";
import { ownPhoto, PhotoRow, Photos } from "../components/Photos";
import { Screen } from "../components/Screen";
import { Sheet } from "../components/Sheet";
import { Signed } from "../components/Signed";
import { Stars } from "../components/Stars";
import { Empty, ErrorState, Skeleton, Trouble } from "../components/states";
import { pick, reader, say } from "../i18n";
import { go, Link, useSearch } from "../router";
import * as both from "../words/review";
import "../components/aftersale.css";

const words = pick(both);

/** What a customer can review, and what she has written. */
export default function Reviews() {
  const done = useSearch().get("tab") === "done";
  return (
    <Signed title={words.mine} up="/me">
      <Screen title={words.mine} up="/me">
        <div className="chips review-chips">
          <button type="button" className="chip" aria-pressed={!done} onClick={() => go("/reviews", true)}>
            {words.todo}
          </button>
          <button type="button" className="chip" aria-pressed={done} onClick={() => go("/reviews?tab=done", true)}>
            {words.done}
          </button>
        </div>
        {done ? <Written /> : <Todo />}
      </Screen>
    </Signed>
  );
}

function Todo() {
  const todo = $api.useQuery("get", "/api/v1/shop/reviews/todo");
  if (todo.isError) {
    return <ErrorState error={todo.error} again={() => void todo.refetch()} />;
  }
  if (!todo.data) {
    return <Skeleton lines={4} high={80} />;
  }
  return todo.data.items.length === 0 ? (
    <Empty title={words.todo_empty} why={words.todo_empty_why} />
  ) : (
    <ul>
      {todo.data.items.map((l) => (
        <li key={l.sale + l.key} className="review">
          <div className="case-line">
            <Picture id={l.picture} alt="" name={l.name} sizes="64px" />
            <span className="case-line-words">
              <span>{l.name}</span>
              <span className="case-line-foot">
                <time className="small" dateTime={l.at}>
                  {formatWhen(l.at, reader, "date")}
                </time>
                <Link to={`/orders/${l.sale}/review/${encodeURIComponent(l.key)}`} className="second">
                  {words.write}
                </Link>
              </span>
            </span>
          </div>
        </li>
      ))}
    </ul>
  );
}

function Written() {
  const list = $api.useInfiniteQuery("get", "/api/v1/shop/reviews", { params: { query: { limit: 20 } } }, keyset);
  const [adding, setAdding] = useState<string>();
  if (list.isError) {
    return <ErrorState error={list.error} again={() => void list.refetch()} />;
  }
  if (list.isPending) {
    return <Skeleton lines={4} high={120} />;
  }
  const items = allItems(list.data?.pages);
  if (items.length === 0) {
    return <Empty title={words.done_empty} />;
  }
  return (
    <>
      {items.map((r) => (
        <Mine key={r.id} review={r} add={() => setAdding(r.id)} />
      ))}
      {list.hasNextPage && (
        <p className="more">
          <button type="button" className="second" disabled={list.isFetching} onClick={() => void list.fetchNextPage()}>
            {words.more}
          </button>
        </p>
      )}
      {adding && <Follow id={adding} close={() => setAdding(undefined)} />}
    </>
  );
}

function Mine({ review: r, add }: { review: Schema<"Review">; add: () => void }) {
  return (
    <article className="review">
      <p className="review-head">
        <Stars n={r.stars} />
        <span className="small">{words[r.state]}</span>
        {r.points > 0 && <span className="small">{say(words.earned, { n: r.points })}</span>}
        <time className="small" dateTime={r.made_at}>
          {formatWhen(r.made_at, reader, "date")}
        </time>
      </p>
      <b>{r.goods_name}</b>
      {r.text && <p className="review-text">{r.text}</p>}
      <PhotoRow ids={r.pictures} at={ownPhoto} />
      {r.follow_text && <p className="review-text">{say(words.followed, { text: r.follow_text })}</p>}
      <PhotoRow ids={r.follow_pictures} at={ownPhoto} />
      {r.reply && <p className="review-reply">{say(words.reply, { text: r.reply })}</p>}
      <p className="review-head">
        <span className="end">
          {r.state !== "hidden" && (
            <Link to={`/orders/${r.sale}/review/${encodeURIComponent(r.key)}`} className="quiet">
              {words.change}
            </Link>
          )}{" "}
          {!r.follow_state && (
            <button type="button" className="quiet" onClick={add}>
              {words.follow}
            </button>
          )}
        </span>
      </p>
    </article>
  );
}

function Follow({ id, close }: { id: string; close: () => void }) {
  const [text, setText] = useState("");
  const [pictures, setPictures] = useState<string[]>([]);
  const follow = $api.useMutation("post", "/api/v1/shop/reviews/{id}/follow", {
    onSuccess: async () => {
      close();
      await queries.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).includes("/reviews") });
    },
  });
  return (
    <Sheet
      open
      title={words.follow_title}
      close={close}
      bar={
        <button
          type="button"
          className="primary wide"
          disabled={!text.trim() || follow.isPending}
          onClick={() => follow.mutate({ params: { path: { id } }, body: { text, pictures } })}
        >
          {words.follow_do}
        </button>
      }
    >
      <div className="field">
        <label htmlFor="follow">{words.follow_title}</label>
        <div className="field-row">
          <textarea id="follow" rows={4} maxLength={500} value={text} onChange={(e) => setText(e.target.value)} />
        </div>
      </div>
      <Photos ids={pictures} change={setPictures} name={words.pictures} why={words.pictures_why} />
      <Trouble error={follow.error} />
    </Sheet>
  );
}
