import type { Schema } from "@huoshui/api";
import type { Tone } from "@huoshui/ui";

export type Import = Schema<"ImportView">;
export type Counts = Schema<"ImportingCounts">;

/** The tone of a state. */
export const tones: Record<Import["status"], Tone> = {
  uploaded: "attention",
  queued: "running",
  running: "running",
  canceling: "running",
  canceled: "calm",
  done: "good",
  failed: "danger",
};

/** Whether the import is on its way. */
export function isRunning(i: Pick<Import, "status">): boolean {
  return i.status === "queued" || i.status === "running" || i.status === "canceling";
}

/** What a mapping still needs, as keys of `imports.need`; an empty list is a mapping that can be started. */
export function missing(target: Import["target"], columns: Record<string, number>, channel: string): string[] {
  const has = (...fields: string[]) => fields.some((f) => f in columns);
  const out: string[] = [];
  if (target === "orders") {
    if (!has("order_no")) {
      out.push("order");
    }
    if (!has("paid_at", "ordered_at")) {
      out.push("date");
    }
    if (!has("price", "amount", "order_amount")) {
      out.push("amount");
    }
  }
  if (!has("customer_id", "phone", "email", "card")) {
    out.push("identity");
  }
  if (!channel.trim()) {
    out.push("channel");
  }
  return out;
}

/** The mapping with a column given a meaning (or none): a meaning belongs to one column, a column has one meaning. */
export function assign(columns: Record<string, number>, column: number, field: string): Record<string, number> {
  const rest = Object.entries(columns).filter(([f, c]) => c !== column && f !== field);
  return Object.fromEntries(field ? [...rest, [field, column] as const] : rest);
}

/** A size in bytes as a person reads it. */
export function formatBytes(n: number): string {
  if (n < 1024) {
    return `${n} B`;
  }
  const units = ["KB", "MB", "GB"];
  let value = n;
  let unit = "B";
  for (const next of units) {
    if (value < 1024) {
      break;
    }
    value /= 1024;
    unit = next;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}
