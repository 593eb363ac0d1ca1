import { useSyncExternalStore } from "react";

let zone = "Asia/Shanghai";
const listeners = new Set<() => void>();

/** Sets the business zone (IANA name), as the server says it; unknown names are ignored. */
export function setZone(name: string) {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
  } catch {
    return;
  }
  if (name !== zone) {
    zone = name;
    for (const tell of listeners) {
      tell();
    }
  }
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The zone in which the business counts its days. */
export function useZone(): string {
  return useSyncExternalStore(subscribe, () => zone);
}
