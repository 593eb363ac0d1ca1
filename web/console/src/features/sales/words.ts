import type { Schema } from "@huoshui/api";
import type { Tone } from "@huoshui/ui";

export type Row = Schema<"SaleRow">;
export type File = Schema<"SaleFile">;
export type State = Row["state"];

/** The states of an order, in the order of its life. */
export const states = ["unpaid", "paid", "shipped", "finished", "closed", "refunded"] as const;

export const tones: Record<State, Tone> = {
  unpaid: "attention",
  paid: "running",
  shipped: "calm",
  finished: "good",
  closed: "calm",
  refunded: "danger",
};

/** What became of a file of shipments. */
export interface Shipments {
  shipped: number;
  rejected: { line: number; cells: string[]; code: string; reason: string }[];
}

/** One line of an order's story. */
export interface Happening {
  at: string;
  what: string;
  by?: string;
  fen?: number;
  text?: string;
}

/** What happened to an order, the first first. */
export function story(f: File): Happening[] {
  const all: Happening[] = [{ at: f.placed_at, what: "placed" }];
  if (f.paid_at) {
    all.push({ at: f.paid_at, what: "paid", fen: f.total_fen });
  }
  if (f.shipped_at) {
    all.push({ at: f.shipped_at, what: "shipped", text: [f.carrier, f.tracking].filter(Boolean).join(" ") });
  }
  for (const u of f.uses) {
    all.push({ at: u.at, what: u.key ? "redeemed" : "picked_up", by: u.by, text: u.key ? `× ${u.uses}` : undefined });
  }
  if (f.finished_at) {
    all.push({ at: f.finished_at, what: "finished" });
  }
  if (f.closed_at) {
    all.push({ at: f.closed_at, what: `closed_${f.close_reason || "staff"}` });
  }
  for (const r of f.refunds) {
    all.push({
      at: r.at,
      what: "refunded",
      by: r.by,
      fen: r.refund.cash_fen + r.refund.principal_fen + r.refund.gift_fen + (r.refund.deposit_fen ?? 0),
    });
  }
  for (const n of f.notes) {
    all.push({ at: n.at, what: "note", by: n.by, text: n.text });
  }
  return all.sort((a, b) => a.at.localeCompare(b.at));
}

/** What the catalogue calls the state of an order: one that is picked up does not wait to be sent. */
export function stateKey(s: Pick<Row, "state" | "delivery">): string {
  return s.state === "paid" && s.delivery === "pickup" ? "sales.to_pick_up" : `sales.states.${s.state}`;
}

/** Whether an order waits to be sent. */
export function toSend(f: Pick<Row, "state" | "delivery" | "lines">): boolean {
  return (
    f.state === "paid" && f.delivery === "ship" && f.lines.some((l) => l.kind === "physical" || l.kind === "consumable")
  );
}

/** A key that makes a request happen once, however often it is sent. */
export const once = (): string => crypto.randomUUID();
