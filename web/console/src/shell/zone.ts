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

/** The wall clock of a zone at an instant: YYYY-MM-DD HH:mm. */
export function wallOf(at: string | number, zone: string): string {
  return new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "short" }).format(
    new Date(at),
  );
}

/** The instant at which a zone's clock shows a time. */
export function instantOf(wall: string, zone: string): string {
  const shown = Date.parse(`${wall.replace(" ", "T")}:00Z`);
  let at = shown;
  for (let i = 0; i < 2; i++) {
    at += shown - Date.parse(`${wallOf(at, zone).replace(" ", "T")}:00Z`);
  }
  return new Date(at).toISOString();
}
