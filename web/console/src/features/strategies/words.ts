import type { Schema } from "@huoshui/api";
import type { TFunction } from "i18next";

/** A strategy of the library. */
export type Strategy = Schema<"Strategy">;

/** What an author writes of a strategy. */
export type Draft = Schema<"StrategyDraft">;

/** Words in the reader's language, or in the other one. */
export function say(words: { zh: string; en?: string }, language: string): string {
  return (language === "en" ? words.en || words.zh : words.zh || words.en) ?? "";
}

/** The days of a strategy in words: "周二、周三", three and more in a row as "周一至周五". */
export function daysText(t: TFunction, days: readonly number[], language: string): string {
  if (days.length === 0 || days.length === 7) {
    return t("strategies.weekdays.any");
  }
  const runs: number[][] = [];
  for (const day of [...days].sort((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run?.at(-1) === day - 1) {
      run.push(day);
    } else {
      runs.push([day]);
    }
  }
  const name = (day: number | undefined) => t(`strategies.weekdays.d${day}`);
  return runs
    .flatMap((run) =>
      run.length > 2
        ? [t("strategies.weekdays.run", { from: name(run[0]), to: name(run.at(-1)) })]
        : run.map((day) => name(day)),
    )
    .join(language === "en" ? ", " : "、");
}

/** The draft of a strategy that was saved. */
export function draftOf(s: Strategy): Draft {
  const { name, layer, goal, why, content_id, benefit, coupon, channels, timing, owner_team, guardrails } = s;
  return { name, layer, goal, why, content_id, benefit, coupon, channels, timing, owner_team, guardrails } as Draft;
}

/** A new strategy begins with restraint: one in ten held out, two weeks counted. */
export function emptyDraft(layer: string): Draft {
  return {
    name: { zh: "", en: "" },
    layer: (layer || "silent") as Draft["layer"],
    goal: "recall",
    why: { zh: "", en: "" },
    content_id: "",
    benefit: { zh: "", en: "" },
    coupon: "",
    channels: ["phone"],
    timing: { at: "19:30", weekdays: [], repeat_days: 30, window_days: 14 },
    owner_team: "vip_service",
    guardrails: { holdout_pct: 10, rest_days: 14, skip_bought_days: 7, stop_unsubscribe_pct: 2, cost_cap_fen: 300 },
  };
}
