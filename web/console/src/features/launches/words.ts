import type { Schema } from "@huoshui/api";
import type { Tone } from "@huoshui/ui";

export type Launch = Schema<"Launch">;
export type Stage = Schema<"LaunchStage">;
export type Action = Schema<"LaunchAction">;
export type Board = Schema<"LaunchBoard">;
export type StepBoard = Schema<"LaunchStepBoard">;
export type Fault = Schema<"LaunchFault">;
export type Figures = Schema<"LaunchFigures">;
export type StageKind = Stage["kind"];
export type Kind = Action["kind"];
export type Measure = NonNullable<Stage["goal"]>["measure"];

export const stageKinds = ["build_up", "warm_up", "presale", "sale", "follow_up", "loop"] as const;
export const actionKinds = ["message", "coupons", "flash", "group", "presale", "page", "next"] as const;
export const measures = ["reached", "looked", "reserved", "deposits", "buyers", "units", "revenue"] as const;
export const lists = [
  "reserved",
  "reserved_not_bought",
  "deposit_paid",
  "looked_not_reserved",
  "looked_not_bought",
  "bought",
  "last_wave",
] as const;

export const stateTones: Record<Launch["state"], Tone> = {
  draft: "calm",
  scheduled: "attention",
  running: "running",
  paused: "attention",
  finished: "good",
  cancelled: "calm",
};

export const stepTones: Record<StepBoard["state"], Tone> = {
  waiting: "calm",
  doing: "running",
  done: "good",
  skipped: "calm",
  missed: "danger",
  dropped: "calm",
  undone: "attention",
};

/** A number of a stage by the name of its measure; revenue in fen. */
export function figure(f: Figures, measure: Measure): number {
  return measure === "revenue" ? f.revenue_fen : f[measure];
}

/** Where what an action made can be looked at; undefined when there is no page for it. */
export function placeOf(step: StepBoard, action: Action | undefined): string | undefined {
  if (!step.made || step.state === "waiting") {
    return undefined;
  }
  switch (step.kind) {
    case "message":
      return `/campaigns/${step.made}`;
    case "next":
      return `/launches/${step.made}`;
    case "flash":
      return `/flash-sales?open=${step.made}`;
    case "group":
      return `/group-offers?open=${step.made}`;
    case "presale":
      return `/presales?open=${step.made}`;
    case "coupons":
      return action?.coupon ? `/coupons/${action.coupon}` : undefined;
    case "page":
      return action?.page ? `/store/${action.page.page}` : undefined;
  }
}

/** A new action of a kind, with what is usual. */
export function freshAction(kind: Kind): Action {
  const base: Action = { kind, after_minutes: 0 };
  switch (kind) {
    case "message":
      return {
        ...base,
        audience: { kind: "list", id: "reserved" },
        waves: [],
        message: { channels: [], holdout_pct: 10 },
      };
    case "coupons":
      return { ...base, audience: { kind: "list", id: "reserved" }, waves: [], coupon: "" };
    case "flash":
      return { ...base, offer: { sku: "", price_fen: 0, units: 50, per_person: 1, at_once: 50 } };
    case "group":
      return { ...base, offer: { sku: "", price_fen: 0, per_person: 1, size: 2, hours: 24 } };
    case "presale":
      return { ...base, offer: { existing: "" } };
    case "page":
      return { ...base, page: { page: "", version: 0 } };
    case "next":
      return { ...base, days: 28 };
  }
}

/** Stages a number of milliseconds later: everything in them moves along. */
export function shifted(stages: readonly Stage[], by: number): Stage[] {
  const at = (iso: string) => new Date(Date.parse(iso) + by).toISOString();
  return stages.map((s) => ({ ...s, begins_at: at(s.begins_at), ends_at: at(s.ends_at) }));
}

/** What of a writing its server knows by itself, taken out. */
export function bare(stages: readonly Stage[]): Stage[] {
  return stages.map(({ last: _last, ...s }) => ({
    ...s,
    actions: s.actions.map(({ learned: _learned, ...a }) => a),
  })) as Stage[];
}
