import type { Schema } from "@huoshui/api";
import { formatAgo, formatWhen } from "@huoshui/ui/format";
import { zone } from "./App";
import { language, words } from "./i18n";
import { go, type Place } from "./place";

/** The messages on the phone, newest first. */
export function Inbox({ place, phone }: { place: Place; phone: Schema<"PhoneState"> }) {
  const now = new Date(phone.now).getTime();
  return (
    <div className="screen">
      <header className="inbox-head">
        <button type="button" className="owner" onClick={() => go({ screen: "inbox", layer: place.layer })}>
          <span>{phone.owner.name}</span>
          <small>{words.pick}</small>
        </button>
        <h1>{words.inbox}</h1>
      </header>
      <div className="scroll">
        {phone.messages.length === 0 && (
          <div className="empty">
            <p>{words.empty}</p>
            <small>{words.empty_why}</small>
            <a className="link" href="/console/campaigns/new">
              {words.to_campaigns}
            </a>
          </div>
        )}
        <ul className="inbox">
          {phone.messages.map((m) => (
            <li key={m.id}>
              <button
                type="button"
                className={m.opened_at ? "mail" : "mail unread"}
                onClick={() => go({ ...place, screen: "message", message: m.id })}
              >
                <span className="mail-top">
                  <b>{m.title}</b>
                  <time dateTime={m.arrived_at} title={formatWhen(m.arrived_at, zone)}>
                    {formatAgo(m.arrived_at, language, now)}
                  </time>
                </span>
                <span className="mail-text">{m.body}</span>
              </button>
            </li>
          ))}
        </ul>
      </div>
      <Tabs place={place} />
    </div>
  );
}

/** The two places at the bottom of the phone. */
export function Tabs({ place }: { place: Place }) {
  const tab = (screen: "inbox" | "shop", label: string) => (
    <button
      type="button"
      aria-current={place.screen === screen ? "page" : undefined}
      onClick={() => go({ person: place.person, layer: place.layer, screen })}
    >
      {label}
    </button>
  );
  return (
    <nav className="tabs">
      {tab("inbox", words.inbox)}
      {tab("shop", words.shop)}
    </nav>
  );
}
