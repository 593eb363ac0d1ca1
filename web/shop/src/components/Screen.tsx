import { type ReactNode, useEffect, useRef } from "react";
import { useCart } from "../cart";
import { pick, say } from "../i18n";
import { back, Link } from "../router";
import * as both from "../words/common";

const words = pick(both);

/** The four main pages. */
export type Tab = "home" | "category" | "cart" | "me";

/** A page: a bar on top, what it shows, and at the bottom the one next step (`bar`) or the main pages (`tab`). */
export function Screen(props: {
  /** What the page is called, in the bar and in the browser. */
  title: string;
  /** Where the way back leads when there is no page before; without it there is no way back. */
  up?: string;
  /** Instead of the title in the bar: a search field. */
  head?: ReactNode;
  /** At the end of the top bar. */
  side?: ReactNode;
  bar?: ReactNode;
  tab?: Tab;
  busy?: boolean;
  children: ReactNode;
}) {
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = props.title;
  }, [props.title]);
  useEffect(() => {
    if (moved) {
      title.current?.focus({ preventScroll: true }); // who listens to the page hears where she came to
    }
    moved = true;
  }, []);
  return (
    <div className={props.bar || props.tab ? "screen with-bar" : "screen"}>
      <header className="top">
        {props.up && (
          <button type="button" className="icon" aria-label={words.back} onClick={() => back(props.up)}>
            <Icon name="back" />
          </button>
        )}
        <h1 ref={title} tabIndex={-1} className={props.head ? "hidden" : undefined}>
          {props.title}
        </h1>
        {props.head}
        {props.side}
      </header>
      <main aria-busy={props.busy}>{props.children}</main>
      {props.bar && <div className="bottom">{props.bar}</div>}
      {props.tab && <Tabs tab={props.tab} />}
    </div>
  );
}

let moved = false;

function Tabs({ tab }: { tab: Tab }) {
  const units = useCart().units;
  const one = (name: Tab, to: string) => (
    <Link to={to} className="tab" aria-current={name === tab ? "page" : undefined}>
      <Icon name={name} />
      <span>{words.tab[name]}</span>
      {name === "cart" && units > 0 && (
        <>
          <b className="badge" aria-hidden="true">
            {units > 99 ? "99+" : units}
          </b>
          <span className="hidden">{say(words.in_cart, { n: units })}</span>
        </>
      )}
    </Link>
  );
  return (
    <nav className="bottom tabs" aria-label={words.tabs}>
      {one("home", "/")}
      {one("category", "/categories")}
      {one("cart", "/cart")}
      {one("me", "/me")}
    </nav>
  );
}

const paths = {
  back: "M15 5l-7 7 7 7",
  close: "M6 6l12 12M18 6L6 18",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16 16l4.5 4.5",
  home: "M4 11l8-7 8 7v9h-5v-6H9v6H4z",
  category: "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h6v6h-6z",
  cart: "M3 4h3l2.5 11h9L20 7H7M9 20h.01M17 20h.01",
  me: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 20c1-4 4-5.5 8-5.5s7 1.5 8 5.5",
  next: "M9 5l7 7-7 7",
  check: "M5 12.5l4.5 4.5L19 7.5",
  minus: "M6 12h12",
  plus: "M6 12h12M12 6v12",
  ticket: "M4 7h16v4a2 2 0 0 0 0 3v4H4v-4a2 2 0 0 0 0-3zM14 7v11",
  order: "M6 3h12v18l-3-2-3 2-3-2-3 2zM9 8h6M9 12h6",
  place: "M12 21s7-6 7-11a7 7 0 1 0-14 0c0 5 7 11 7 11zM12 12.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
  edit: "M5 19l1-4L16 5l3 3L9 18z",
  truck: "M3 6h11v10H3zM14 10h4l3 3v3h-7zM7 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM17 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4z",
  globe: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM3 12h18M12 3c5 5 5 13 0 18M12 3c-5 5-5 13 0 18",
} as const;

/** A drawn sign; what it means is said beside it or by its button. */
export function Icon({ name }: { name: keyof typeof paths }) {
  return (
    <svg className="sign" viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}
