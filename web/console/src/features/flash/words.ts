import type { Schema } from "@huoshui/api";
import type { Tone } from "@huoshui/ui";

export type Sale = Schema<"FlashSale">;
export type Draft = Schema<"FlashDraft">;
export type Standing = "on" | "soon" | "over" | "stopped" | "gone";

export const tones: Record<Standing, Tone> = {
  on: "running",
  soon: "calm",
  over: "calm",
  stopped: "attention",
  gone: "good",
};

/** Where a flash sale stands at an instant. */
export function standing(s: Sale, now: number): Standing {
  if (s.stopped) {
    return "stopped";
  }
  if (Date.parse(s.ends_at) <= now) {
    return s.taken >= s.units ? "gone" : "over";
  }
  if (s.taken >= s.units) {
    return "gone";
  }
  return Date.parse(s.starts_at) > now ? "soon" : "on";
}

/** The windows of a sale that repeats: each begins so many minutes after the one before and lasts as long. */
export function windows(starts: string, ends: string, everyMinutes: number, times: number): [string, string][] {
  const from = Date.parse(starts);
  const length = Date.parse(ends) - from;
  return Array.from({ length: Math.max(1, times) }, (_, i) => {
    const at = from + i * everyMinutes * 60_000;
    return [new Date(at).toISOString(), new Date(at + length).toISOString()];
  });
}
