import { useSyncExternalStore } from "react";

let ahead = 0;
const listeners = new Set<() => void>();

/** Says that the business's present is so many milliseconds ahead of this machine's: the demo brand moves its days on. */
export function setAhead(milliseconds: number) {
  if (milliseconds !== ahead) {
    ahead = milliseconds;
    for (const tell of listeners) {
      tell();
    }
  }
}

/** The business's present, in milliseconds; what "three days ago" counts from. */
export function present(): number {
  return Date.now() + ahead;
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** How far ahead the business is, followed: a component that tells times calls it to be drawn again when days move on. */
export function useAhead(): number {
  return useSyncExternalStore(subscribe, () => ahead);
}
