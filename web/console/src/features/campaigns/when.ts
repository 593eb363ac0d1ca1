import { formatWhen } from "@huoshui/ui";

/** What a clock in the zone shows at an instant (RFC 3339): "2026-03-01 08:05". */
export function wallOf(at: string | number, zone: string): string {
  return formatWhen(at, { language: "zh", zone });
}

/** The instant (RFC 3339) at which a clock in the zone shows "2026-03-01 08:05"; where clocks skip it, an hour later. */
export function instantOf(wall: string, zone: string): string {
  const shown = Date.parse(`${wall.replace(" ", "T")}:00Z`);
  const reads = (at: number) => Date.parse(`${wallOf(at, zone).replace(" ", "T")}:00Z`);
  let at = shown;
  for (let i = 0; i < 2; i++) {
    at += shown - reads(at);
  }
  return new Date(at).toISOString();
}

/** The time a strategy advises: the next of its days (1 is Monday, none means any) at its hour, in the business's zone. */
export function advisedAt(timing: { at: string; weekdays: readonly number[] }, zone: string, now: number): string {
  const today = Date.parse(`${wallOf(now, zone).slice(0, 10)}T00:00:00Z`);
  for (let i = 0; i <= 7; i++) {
    const day = new Date(today + i * 86_400_000);
    const weekday = day.getUTCDay() || 7;
    const at = instantOf(`${day.toISOString().slice(0, 10)} ${timing.at}`, zone);
    if (Date.parse(at) > now && (timing.weekdays.length === 0 || timing.weekdays.includes(weekday))) {
      return at;
    }
  }
  return "";
}

/** The next full hour that is at least half an hour away. */
export function soon(now: number): string {
  const hour = 3_600_000;
  return new Date(Math.ceil((now + hour / 2) / hour) * hour).toISOString();
}
