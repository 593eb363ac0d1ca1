import { $api } from "@huoshui/api";
import { layerCodes } from "@huoshui/ui/tokens";
import { useDeferredValue, useState } from "react";
import { Trouble } from "./App";
import { say, words } from "./i18n";
import { go, type Place } from "./place";

/** Everybody whose phone one may hold. */
export function People({ place }: { place: Place }) {
  const [text, setText] = useState("");
  const q = useDeferredValue(text.trim());
  const layer = layerCodes.find((code) => code === place.layer);
  const people = $api.useQuery(
    "get",
    "/api/v1/demo/phones",
    { params: { query: { q: q || undefined, layer, limit: 60 } } },
    { placeholderData: (before) => before },
  );
  return (
    <>
      <header className="people-head">
        <a href="/" className="link">
          {words.to_console}
        </a>
        <h2>{words.brand}</h2>
        <p>{words.intro}</p>
        <input
          type="search"
          value={text}
          onChange={(e) => setText(e.target.value)}
          placeholder={words.search}
          aria-label={words.search}
        />
        <fieldset className="chips">
          <legend className="visually-hidden">{words.any}</legend>
          {[undefined, ...layerCodes].map((code) => (
            <button
              type="button"
              key={code ?? "any"}
              aria-pressed={layer === code}
              className="chip"
              onClick={() => go({ ...place, layer: code }, true)}
            >
              {code && <i className="dot" style={{ background: `var(--hs-layer-${code})` }} />}
              {code ? words.layer[code] : words.any}
            </button>
          ))}
        </fieldset>
      </header>
      {people.isError && <Trouble error={people.error} again={() => void people.refetch()} />}
      <ul className="people-list" aria-busy={people.isFetching}>
        {people.data?.items.map((one) => (
          <li key={one.id}>
            <button
              type="button"
              className={one.id === place.person ? "person chosen" : "person"}
              aria-current={one.id === place.person}
              onClick={() => go({ person: one.id, screen: "inbox", layer: place.layer })}
            >
              <span
                className="avatar"
                aria-hidden="true"
                style={{ background: `var(--hs-layer-${one.layer || "lost"})` }}
              >
                {one.name.slice(0, 1)}
              </span>
              <span className="person-words">
                <b>{one.name}</b>
                <small>
                  {[layerName(one.layer), one.city, one.level].filter(Boolean).join(" · ")}
                  {one.messages > 0 && ` · ${say(words.messages, { n: one.messages })}`}
                </small>
              </span>
              {one.unread > 0 && (
                <span className="badge" role="img" aria-label={say(words.unread, { n: one.unread })}>
                  {one.unread}
                </span>
              )}
            </button>
          </li>
        ))}
        {people.data?.items.length === 0 && <li className="none">{words.none}</li>}
      </ul>
    </>
  );
}

function layerName(code: string): string {
  const known = layerCodes.find((c) => c === code);
  return known ? words.layer[known] : "";
}
