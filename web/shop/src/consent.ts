import { keep, kept } from "./kept";

/** What the user of this browser said of being told of: "yes", "no", or nothing yet. */
export function said(): "yes" | "no" | "" {
  const word = kept("hs.track");
  return word === "yes" || word === "no" ? word : "";
}

/** Keeps what she says; a no forgets the name that this browser was told of under. */
export function answer(yes: boolean) {
  keep("hs.track", yes ? "yes" : "no");
  if (!yes) {
    keep("hs.device", "");
    keep("hs.known", "");
  }
}

/** Whether the browser itself asks not to be followed. */
export function refuses(): boolean {
  const nav = navigator as Navigator & { globalPrivacyControl?: boolean };
  return nav.doNotTrack === "1" || nav.globalPrivacyControl === true;
}

/** Whether this browser may be told of, where people are asked first, or told of unless they say no. */
export function allowed(ask: boolean): boolean {
  return !refuses() && (said() === "yes" || (said() === "" && !ask));
}
