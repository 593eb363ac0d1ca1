import { useSyncExternalStore } from "react";

/** Where one is: whose phone, and what is on its screen. It lives in the address, so it can be sent to a colleague. */
export interface Place {
  person?: string;
  screen: "inbox" | "message" | "shop";
  message?: string;
  sku?: string;
  layer?: string;
}

const changed = "huoshui:place";

/** Reads a place from the query of an address. */
export function readPlace(search: string): Place {
  const q = new URLSearchParams(search);
  const get = (name: string) => q.get(name) || undefined;
  const screen = q.get("screen");
  return {
    person: get("person"),
    screen: screen === "message" || screen === "shop" ? screen : "inbox",
    message: get("message"),
    sku: get("sku"),
    layer: get("layer"),
  };
}

/** Writes a place as the query of an address, "" for the first one. */
export function writePlace(place: Place): string {
  const q = new URLSearchParams();
  for (const [name, value] of Object.entries(place)) {
    if (value && !(name === "screen" && value === "inbox")) {
      q.set(name, value);
    }
  }
  const text = q.toString();
  return text ? `?${text}` : "";
}

/** Goes somewhere; `instead` takes the current place's turn in the history. */
export function go(place: Place, instead = false) {
  const url = `${location.pathname}${writePlace(place)}`;
  if (instead) {
    history.replaceState(null, "", url);
  } else {
    history.pushState(null, "", url);
  }
  window.dispatchEvent(new Event(changed));
}

function subscribe(listener: () => void) {
  window.addEventListener("popstate", listener);
  window.addEventListener(changed, listener);
  return () => {
    window.removeEventListener("popstate", listener);
    window.removeEventListener(changed, listener);
  };
}

/** The current place. */
export function usePlace(): Place {
  return readPlace(useSyncExternalStore(subscribe, () => location.search));
}
