import { useDeferredValue, useEffect, useRef, useState } from "react";
import { $api, allItems, keyset } from "../api";
import { Shelf } from "../components/goods";
import { Icon, Screen } from "../components/Screen";
import { Empty, ErrorState } from "../components/states";
import { pick, say } from "../i18n";
import { keep, kept } from "../kept";
import { go, Link, useSearch } from "../router";
import * as both from "../words/search";

const words = pick(both);
const name = "hs.searched";

/** The last searches of this browser, at most ten, the latest first. */
export function searched(): string[] {
  try {
    const all: unknown = JSON.parse(kept(name) || "[]");
    return Array.isArray(all) ? all.filter((q): q is string => typeof q === "string").slice(0, 10) : [];
  } catch {
    return [];
  }
}

function remember(q: string) {
  keep(name, JSON.stringify([q, ...searched().filter((other) => other !== q)].slice(0, 10)));
}

/** Finds goods by Chinese words, pinyin or its initials; proposes while one types. */
export default function Search() {
  const asked = useSearch().get("q") ?? "";
  const [text, setText] = useState(asked);
  const [typing, setTyping] = useState(asked === "");
  const [history, setHistory] = useState(searched);
  const field = useRef<HTMLInputElement>(null);
  const half = useDeferredValue(text.trim().slice(0, 50));
  useEffect(() => {
    setText(asked);
    setTyping(asked === "");
    if (asked === "") {
      field.current?.focus();
    }
  }, [asked]);

  const proposed = $api.useQuery(
    "get",
    "/api/v1/shop/goods",
    { params: { query: { q: half, sort: "sold", limit: 8 } } },
    { enabled: typing && half !== "" },
  );
  const find = (q: string) => {
    if (q.trim()) {
      remember(q.trim().slice(0, 50));
      setHistory(searched());
      setTyping(false);
      field.current?.blur();
      go(`/search?q=${encodeURIComponent(q.trim().slice(0, 50))}`, asked !== "");
    }
  };
  return (
    <Screen
      title={words.title}
      up="/"
      head={
        <search className="grow">
          <form
            className="seek"
            onSubmit={(e) => {
              e.preventDefault();
              find(text);
            }}
          >
            <input
              ref={field}
              type="search"
              enterKeyHint="search"
              maxLength={50}
              value={text}
              placeholder={words.hint}
              aria-label={words.label}
              onFocus={() => setTyping(true)}
              onChange={(e) => {
                setText(e.target.value);
                setTyping(true);
              }}
            />
            <button type="submit" className="quiet">
              {words.go}
            </button>
          </form>
        </search>
      }
    >
      {typing ? (
        half ? (
          <nav className="panel slim" aria-label={words.suggestions}>
            {proposed.data?.items.map((g) => (
              <Link key={g.id} to={`/p/${g.id}`} className="row" onClick={() => remember(g.title)}>
                <span className="grow">{g.title}</span>
                <Icon name="next" />
              </Link>
            ))}
          </nav>
        ) : (
          history.length > 0 && (
            <section className="panel">
              <h2>{words.history}</h2>
              <div className="chips">
                {history.map((q) => (
                  <button key={q} type="button" className="chip" onClick={() => find(q)}>
                    {q}
                  </button>
                ))}
              </div>
              <button
                type="button"
                className="quiet"
                onClick={() => {
                  keep(name, "");
                  setHistory([]);
                }}
              >
                {words.forget}
              </button>
            </section>
          )
        )
      ) : (
        <Found q={asked} />
      )}
    </Screen>
  );
}

function Found({ q }: { q: string }) {
  const goods = $api.useInfiniteQuery(
    "get",
    "/api/v1/shop/goods",
    { params: { query: { q, sort: "sold", limit: 20 } } },
    keyset,
  );
  const items = allItems(goods.data?.pages);
  if (goods.isError) {
    return <ErrorState error={goods.error} again={() => void goods.refetch()} />;
  }
  if (goods.isSuccess && items.length === 0) {
    return <Empty title={say(words.none, { q })} why={words.none_why} />;
  }
  return (
    <>
      <p className="found" role="status">
        {goods.isSuccess && say(words.found, { n: goods.data.pages[0]?.total ?? items.length })}
      </p>
      <Shelf goods={goods.isSuccess ? items : undefined} />
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
    </>
  );
}
