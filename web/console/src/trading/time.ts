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

/** The first instant of a day (YYYY-MM-DD), or of the one after it. */
export function dayStart(day: string, zone: string, after = 0): string {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + after);
  return instantOf(`${date.toISOString().slice(0, 10)} 00:00`, zone);
}
