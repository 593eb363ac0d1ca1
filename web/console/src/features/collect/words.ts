import { $api, type Schema } from "@huoshui/api";
import type { Tone } from "@huoshui/ui";

export type Source = Schema<"ShownSource">;
export type Draft = Schema<"CollectSourceDraft">;
export type Mapping = Schema<"CollectMapping">;
export type Live = Schema<"CollectLive">;
export type Named = Schema<"CollectNamed">;
export type Rule = Schema<"CollectRule">;
export type Rules = Schema<"CollectRules">;
export type Letter = Schema<"CollectLetter">;
export type Outcome = Schema<"CollectOutcome">;

/** The kinds of source, in the order in which they are offered. */
export const kinds = ["browser", "app", "server", "webhook"] as const;

/** The tone of what became of an event. */
export const tones: Record<Live["status"], Tone> = {
  accepted: "good",
  duplicate: "calm",
  blocked: "attention",
  dead: "danger",
};

/** Names of the dictionary for what has no name of an event, as keys of `collect.special`. */
const specials = ["$view", "$identify", "$bind", "$unbind", "$item"];

/** The key of `collect.special` for a name of the dictionary, or undefined for the name of an event. */
export function special(name: string): string | undefined {
  return specials.includes(name) ? name.slice(1) : undefined;
}

/** The zero time of the API means that nothing happened yet. */
export function happened(at: string | undefined): at is string {
  return !!at && !at.startsWith("0001-");
}

/** Every source, asked once for all parts of a page. */
export function useSources(live = false) {
  return $api.useQuery("get", "/api/v1/sources", {}, { staleTime: 5_000, refetchInterval: live ? 3_000 : false });
}

/** A source's name by its id; the id where the source is gone. */
export function useSourceName(): (id: string) => string {
  const sources = useSources();
  return (id) => sources.data?.items.find((s) => s.id === id)?.name ?? id;
}

/** What became of a source's events over all days that were asked for. */
export function sumOutcomes(outcomes: readonly Outcome[], source: string): Record<Outcome["outcome"], number> {
  const sum = { accepted: 0, duplicate: 0, blocked: 0, dead: 0, dead_dropped: 0, crowded: 0 };
  for (const o of outcomes) {
    if (o.source === source) {
      sum[o.outcome] += o.n;
    }
  }
  return sum;
}

/** Volumes by day as a course of so many days that ends today, days without any as 0. */
export function course(days: readonly { day: string; n: number }[], today: string, length: number): number[] {
  const by = new Map(days.map((d) => [d.day, d.n]));
  const end = Date.parse(`${today}T00:00:00Z`);
  return Array.from({ length }, (_, i) => {
    const day = new Date(end - (length - 1 - i) * 86_400_000).toISOString().slice(0, 10);
    return by.get(day) ?? 0;
  });
}
