import {
  type AnchorHTMLAttributes,
  type ComponentType,
  type ReactNode,
  startTransition,
  useEffect,
  useLayoutEffect,
  useState,
  useSyncExternalStore,
} from "react";

/** Where the store lives. */
const base = "/shop";

/** The values of a path's :names. */
export type Params = Record<string, string>;

/** A page: its file is fetched when it is first visited. */
export interface Route {
  path: string;
  load: () => Promise<{ default: ComponentType<{ params: Params }> }>;
}

interface Hit {
  route: Route;
  params: Params;
}

/** The route of a path inside the store ("/p/gds_1"), and the values of its names. */
export function match(routes: readonly Route[], path: string): Hit | undefined {
  const parts = path.split("/").filter(Boolean);
  for (const route of routes) {
    const names = route.path.split("/").filter(Boolean);
    const params: Params = {};
    if (
      names.length === parts.length &&
      names.every((name, i) => {
        const part = parts[i] ?? "";
        if (!name.startsWith(":")) {
          return name === part;
        }
        try {
          params[name.slice(1)] = decodeURIComponent(part);
          return true;
        } catch {
          return false; // a broken escape is nobody's address
        }
      })
    ) {
      return { route, params };
    }
  }
  return undefined;
}

const changed = "huoshui:place";
const scrolls = new Map<string, number>();
let here = keyOf(history.state);

function keyOf(state: unknown): string {
  return (state as { key?: string } | null)?.key ?? "first";
}

function depth(): number {
  return (history.state as { depth?: number } | null)?.depth ?? 0;
}

/** Goes to a place of the store ("/cart?x=1"); `instead` takes the current one's turn in the history. */
export function go(to: string, instead = false) {
  const state = { key: `${Date.now()}-${Math.random()}`, depth: instead ? depth() : depth() + 1 };
  if (instead) {
    history.replaceState(state, "", base + to);
  } else {
    history.pushState(state, "", base + to);
  }
  window.dispatchEvent(new Event(changed));
}

/** Goes to the page before, or to `to` when this one was opened first. */
export function back(to = "/") {
  if (depth() > 0) {
    history.back();
  } else {
    go(to, true);
  }
}

function subscribe(listener: () => void) {
  window.addEventListener("popstate", listener);
  window.addEventListener(changed, listener);
  return () => {
    window.removeEventListener("popstate", listener);
    window.removeEventListener(changed, listener);
  };
}

const placeNow = () => location.pathname.slice(base.length) || "/";
const searchNow = () => location.search;
const keyNow = () => keyOf(history.state);

/** The values of the address behind its question mark. */
export function useSearch(): URLSearchParams {
  return new URLSearchParams(useSyncExternalStore(subscribe, searchNow));
}

const loaded = new Map<Route, ComponentType<{ params: Params }>>();

async function fetchPage(route: Route): Promise<ComponentType<{ params: Params }>> {
  const page = (await route.load()).default;
  loaded.set(route, page);
  return page;
}

/** Fetches the first page's file before anything is drawn, so that the page is drawn once. */
export async function prepare(routes: readonly Route[]) {
  const hit = match(routes, placeNow());
  if (hit) {
    await fetchPage(hit.route).catch(() => undefined); // the router says so
  }
}

/** Shows the page of the address. The old one stays until the new one's file is here; going back finds the place one left. */
export function Router(props: { routes: readonly Route[]; lost: ReactNode; failed: (again: () => void) => ReactNode }) {
  const path = useSyncExternalStore(subscribe, placeNow);
  const key = useSyncExternalStore(subscribe, keyNow);
  const hit = match(props.routes, path);
  const [, draw] = useState(0);
  const [broken, setBroken] = useState<Route>();
  const [old, setOld] = useState<Hit>();
  const ready = hit && loaded.has(hit.route);
  const route = hit?.route;

  useEffect(() => {
    if (route && !loaded.has(route) && broken !== route) {
      fetchPage(route).then(
        () => startTransition(() => draw((n) => n + 1)),
        () => setBroken(route),
      );
    }
  }, [route, broken]);
  useEffect(() => {
    if (hit && ready && (old?.route !== hit.route || JSON.stringify(old.params) !== JSON.stringify(hit.params))) {
      setOld(hit);
    }
  }, [hit, ready, old]);
  useEffect(() => {
    history.scrollRestoration = "manual";
    const note = () => scrolls.set(here, window.scrollY);
    window.addEventListener("scroll", note, { passive: true });
    return () => window.removeEventListener("scroll", note);
  }, []);
  useLayoutEffect(() => {
    if (ready && here !== key) {
      here = key;
      window.scrollTo(0, scrolls.get(key) ?? 0);
    }
  }, [ready, key]);

  if (!hit) {
    return props.lost;
  }
  if (broken === hit.route) {
    return props.failed(() => location.reload());
  }
  const shown = ready ? hit : old;
  const Page = shown && loaded.get(shown.route);
  return Page ? <Page key={`${shown.route.path} ${JSON.stringify(shown.params)}`} params={shown.params} /> : null;
}

/** A link to a place of the store. */
export function Link({
  to,
  instead,
  onClick,
  ...rest
}: AnchorHTMLAttributes<HTMLAnchorElement> & { to: string; instead?: boolean }) {
  return (
    <a
      {...rest}
      href={base + to}
      onClick={(e) => {
        onClick?.(e);
        if (!e.defaultPrevented && e.button === 0 && !e.metaKey && !e.ctrlKey && !e.shiftKey && !e.altKey) {
          e.preventDefault();
          go(to, instead);
        }
      }}
    />
  );
}
