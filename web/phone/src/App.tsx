import { $api, problemOf, type Schema } from "@huoshui/api";
import { formatWhen } from "@huoshui/ui/format";
import { type ReactNode, useEffect } from "react";
import { Inbox } from "./Inbox";
import { language, say, words } from "./i18n";
import { Message } from "./Message";
import { People } from "./People";
import { go, type Place, usePlace } from "./place";
import { Shop } from "./Shop";

/** The business zone of the demo brand. */
export const zone = { language, zone: "Asia/Shanghai" };

/** The page: on a desk the people beside a phone; on a phone, one or the other. */
export function App() {
  const place = usePlace();
  const demo = $api.useQuery("get", "/api/v1/demo");
  if (demo.isPending) {
    return <Notice>{words.wait}</Notice>;
  }
  if (demo.isError) {
    return <Trouble error={demo.error} again={() => void demo.refetch()} />;
  }
  if (!demo.data.enabled) {
    return (
      <Notice>
        <p>{words.off}</p>
        <a className="link" href="/">
          {words.to_console}
        </a>
      </Notice>
    );
  }
  return (
    <div className={place.person ? "desk holding" : "desk"}>
      <aside className="people-side">
        <People place={place} />
      </aside>
      <main className="phone-side">
        {place.person ? <Phone place={place} person={place.person} /> : <p className="hint">{words.nobody}</p>}
      </main>
    </div>
  );
}

function Phone({ place, person }: { place: Place; person: string }) {
  const phone = $api.useQuery(
    "get",
    "/api/v1/demo/phones/{customer}",
    { params: { path: { customer: person } } },
    { refetchInterval: 5000 },
  );
  useEffect(() => {
    document.title = phone.data ? `${phone.data.owner.name} · ${words.title}` : words.title;
  }, [phone.data]);
  return (
    <div className="phone" data-testid="phone">
      <div className="status-bar" aria-hidden="true">
        <span>{phone.data ? formatWhen(phone.data.now, zone, "time") : ""}</span>
        <span className="island" />
        <span className="status-icons">
          <i />
          <i />
          <i />
        </span>
      </div>
      {phone.isError ? (
        <Trouble error={phone.error} again={() => void phone.refetch()} />
      ) : phone.data ? (
        <Screen place={place} phone={phone.data} reload={() => void phone.refetch()} />
      ) : (
        <div className="screen" aria-busy="true">
          <div className="skeleton" />
          <div className="skeleton" />
        </div>
      )}
    </div>
  );
}

function Screen({ place, phone, reload }: { place: Place; phone: Schema<"PhoneState">; reload: () => void }) {
  const message = place.message ? phone.messages.find((m) => m.id === place.message) : undefined;
  switch (place.screen) {
    case "message":
      return message ? (
        <Message key={message.id} place={place} message={message} reload={reload} />
      ) : (
        <Inbox place={place} phone={phone} />
      );
    case "shop":
      return <Shop place={place} owner={phone.owner} from={message} />;
    default:
      return <Inbox place={place} phone={phone} />;
  }
}

/** A centred message instead of the page. */
export function Notice({ children }: { children: ReactNode }) {
  return (
    <div className="notice" role="status">
      {children}
    </div>
  );
}

/** What went wrong, and what to do next. */
export function Trouble({ error, again }: { error: unknown; again: () => void }) {
  const problem = problemOf(error);
  if (problem.status === 401) {
    return (
      <Notice>
        <p>{words.sign_in}</p>
        <a className="primary" href="/">
          {words.to_sign_in}
        </a>
      </Notice>
    );
  }
  return (
    <Notice>
      <p>{problem.code === "client.unreachable" ? words.fail_offline : say(words.fail, { id: problem.request_id })}</p>
      <button type="button" className="primary" onClick={again}>
        {words.again}
      </button>
    </Notice>
  );
}

/** The bar at the top of a screen: a way back and a name. */
export function TopBar({ title, back }: { title: string; back?: Place }) {
  return (
    <header className="top-bar">
      {back && (
        <button type="button" className="back" aria-label={words.back} onClick={() => go(back)}>
          ‹
        </button>
      )}
      <h1>{title}</h1>
    </header>
  );
}
