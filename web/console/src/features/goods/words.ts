import type { Schema } from "@huoshui/api";
import type { Tone } from "@huoshui/ui";

export type Row = Schema<"GoodsRow">;
export type Detail = Schema<"GoodsDetail">;
export type Draft = Schema<"CatalogGoodsDraft">;
export type SKU = Draft["skus"][number];
export type Category = Schema<"CatalogCategory">;

export const kinds = ["physical", "consumable", "service", "course", "virtual"] as const;
export const roles = ["traffic", "profit", "image"] as const;
export const statuses = ["draft", "on", "off"] as const;

export const tones: Record<string, Tone> = { draft: "attention", on: "good", off: "calm" };

/** What became of a table of goods. */
export interface Imported {
  rows: number;
  made: number;
  revised: number;
  counted: number;
  header: string[];
  rejected: { line: number; column: string; code: string; reason: string; cells: string[] }[];
}

/** An empty draft. */
export function emptyDraft(code = ""): Draft {
  return {
    title: "",
    subtitle: "",
    category: "",
    kind: "physical",
    role: "",
    specs: [],
    pictures: [],
    points: [],
    detail: [],
    rebuy_days: 0,
    freight: "",
    skus: [emptySKU([], code)],
  };
}

/** A SKU that nothing is known of but its choice. */
export function emptySKU(choice: string[], code: string): SKU {
  return {
    code,
    goods_id: "",
    choice,
    price_fen: 0,
    market_fen: 0,
    cost_fen: 0,
    weight_g: 0,
    barcode: "",
    picture: "",
    place: 0,
    gone: false,
  };
}

/** What a person may change of goods. */
export function draftOf(g: Detail): Draft {
  return {
    title: g.title,
    subtitle: g.subtitle,
    category: g.category,
    kind: g.kind as Draft["kind"],
    role: g.role as Draft["role"],
    specs: structuredClone(g.specs),
    pictures: [...g.pictures],
    points: [...g.points],
    detail: structuredClone(g.detail),
    rebuy_days: g.rebuy_days,
    freight: g.freight,
    skus: structuredClone(g.skus ?? []).filter((k) => !k.gone),
  };
}

/** Every choice of every spec, in their order; one empty choice without specs. */
export function choices(specs: Draft["specs"]): string[][] {
  return specs
    .filter((s) => s.values.length > 0)
    .reduce<string[][]>((all, s) => all.flatMap((c) => s.values.map((v) => [...c, v])), [[]]);
}

/** The SKUs of specs: what was there for a choice stays, what is new is priced like its first neighbour. */
export function skusOf(specs: Draft["specs"], old: readonly SKU[], stem: string): SKU[] {
  const used = new Set<string>();
  const taken = new Set(old.map((k) => k.code));
  const fresh = (i: number): string => {
    let n = i + 1;
    while (taken.has(`${stem}-${n}`)) {
      n += 1;
    }
    taken.add(`${stem}-${n}`);
    return `${stem}-${n}`;
  };
  return choices(specs).map((choice, i) => {
    const kept =
      old.find((k) => !used.has(k.code) && k.choice.join("\0") === choice.join("\0")) ??
      old.find(
        (k) =>
          !used.has(k.code) &&
          k.choice.length !== choice.length &&
          k.choice.every((v) => choice.includes(v)) &&
          choice.length > k.choice.length,
      );
    if (kept) {
      used.add(kept.code);
      if (kept.code !== "") {
        return { ...kept, choice };
      }
    }
    if (kept) {
      return { ...kept, choice, code: fresh(i) };
    }
    const like = old[0];
    return {
      ...emptySKU(choice, fresh(i)),
      price_fen: like?.price_fen ?? 0,
      market_fen: like?.market_fen ?? 0,
      cost_fen: like?.cost_fen ?? 0,
      weight_g: like?.weight_g ?? 0,
    };
  });
}

/** What of a price is left above its cost; undefined when no cost is known. */
export function margin(k: Pick<SKU, "price_fen" | "cost_fen">): number | undefined {
  return k.cost_fen > 0 && k.price_fen > 0 ? (k.price_fen - k.cost_fen) / k.price_fen : undefined;
}

/** A list with one thing moved. */
export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const next = [...list];
  next.splice(to, 0, ...next.splice(from, 1));
  return next;
}

/** A stem for codes of new SKUs. */
export const stemOf = (at: number): string => `G${at.toString(36).toUpperCase().slice(-6)}`;

/** A key that makes a request happen once, however often it is sent. */
export const once = (): string => crypto.randomUUID();
