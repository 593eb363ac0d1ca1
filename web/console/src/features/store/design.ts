import type { Schema } from "@huoshui/api";

export type Design = Schema<"StorefrontDesign">;
export type Block = Schema<"StorefrontBlock">;
export type Kind = Block["kind"];
export type Link = Schema<"StorefrontLink">;
export type Standing = Schema<"StorefrontStanding">;

/** What is designed: the title, the blocks of everybody and of the layers that have their own. */
export interface Work {
  title: string;
  design: Design;
}

/** The work with what can be undone and redone. `key` names the last change: changes of one field in a row are one step. */
export interface History {
  past: Work[];
  now: Work;
  future: Work[];
  key: string;
}

/** What a designer does. `layer` "" is everybody. */
export type Action =
  | { do: "title"; title: string }
  | { do: "add"; layer: string; at: number; block: Block }
  | { do: "move"; layer: string; from: number; to: number }
  | { do: "remove"; layer: string; id: string }
  | { do: "change"; layer: string; block: Block; field: string }
  | { do: "variant"; layer: string; on: boolean }
  | { do: "undo" }
  | { do: "redo" }
  | { do: "open"; work: Work };

/** How many steps can be undone. */
const steps = 100;

export const begin = (work: Work): History => ({ past: [], now: work, future: [], key: "" });

/** The blocks that a layer sees. */
export function blocksOf(design: Design, layer: string): Block[] {
  return (layer ? design.variants?.[layer] : undefined) ?? design.blocks;
}

function withBlocks(work: Work, layer: string, change: (blocks: Block[]) => Block[]): Work {
  const { design } = work;
  const own = layer ? design.variants?.[layer] : undefined;
  if (layer && own) {
    return { ...work, design: { ...design, variants: { ...design.variants, [layer]: change(own) } } };
  }
  return { ...work, design: { ...design, blocks: change(design.blocks) } };
}

function moved(blocks: Block[], from: number, to: number): Block[] {
  const out = [...blocks];
  const [one] = out.splice(from, 1);
  if (one) {
    out.splice(to, 0, one);
  }
  return out;
}

function next(work: Work, action: Action): Work {
  switch (action.do) {
    case "title":
      return { ...work, title: action.title };
    case "add":
      return withBlocks(work, action.layer, (all) => [
        ...all.slice(0, action.at),
        action.block,
        ...all.slice(action.at),
      ]);
    case "move":
      return action.from === action.to
        ? work
        : withBlocks(work, action.layer, (all) => moved(all, action.from, action.to));
    case "remove":
      return withBlocks(work, action.layer, (all) => all.filter((b) => b.id !== action.id));
    case "change":
      return withBlocks(work, action.layer, (all) => all.map((b) => (b.id === action.block.id ? action.block : b)));
    case "variant": {
      const { [action.layer]: own, ...others } = work.design.variants ?? {};
      const variants = action.on ? { ...others, [action.layer]: own ?? structuredClone(work.design.blocks) } : others;
      return { ...work, design: { ...work.design, variants } };
    }
    default:
      return work;
  }
}

/** What comes after an action. */
export function step(h: History, action: Action): History {
  switch (action.do) {
    case "open":
      return begin(action.work);
    case "undo": {
      const last = h.past.at(-1);
      return last ? { past: h.past.slice(0, -1), now: last, future: [h.now, ...h.future], key: "" } : h;
    }
    case "redo": {
      const [first, ...rest] = h.future;
      return first ? { past: [...h.past, h.now], now: first, future: rest, key: "" } : h;
    }
  }
  const now = next(h.now, action);
  if (now === h.now) {
    return h;
  }
  const key =
    action.do === "change"
      ? `${action.layer} ${action.block.id} ${action.field}`
      : action.do === "title"
        ? "title"
        : "";
  if (key && key === h.key) {
    return { ...h, now, future: [] };
  }
  return { past: [...h.past, h.now].slice(-steps), now, future: [], key };
}

/** An id for a new block that no other block of its list has. */
export function freshID(kind: Kind, blocks: readonly Block[]): string {
  for (let n = 1; ; n++) {
    const id = `${kind}-${n}`;
    if (!blocks.some((b) => b.id === id)) {
      return id;
    }
  }
}

type Span = Schema<"StorefrontSpan">;
type Part = Schema<"StorefrontPart">;

function spansOf(text: string, link: Link | undefined): Span[] {
  return text
    .split("**")
    .map((piece, i): Span => ({ text: piece, ...(i % 2 === 1 ? { bold: true } : {}), ...(link ? { link } : {}) }))
    .filter((s) => s.text !== "");
}

const textOf = (spans: readonly Span[] | undefined): string =>
  (spans ?? []).map((s) => (s.bold ? `**${s.text}**` : s.text)).join("");

/** A part as it is typed: **bold** between stars, a list's items in lines. */
export function typed(p: Part): string {
  return p.kind === "list" ? (p.items ?? []).map(textOf).join("\n") : textOf(p.spans);
}

/** The link of a part: that of its first span that has one. */
export const linkOf = (p: Part): Link | undefined =>
  (p.kind === "list" ? (p.items ?? []).flat() : (p.spans ?? [])).find((s) => s.link)?.link;

/** The part that was typed. */
export function partOf(kind: Part["kind"], text: string, link: Link | undefined): Part {
  if (kind !== "list") {
    return { kind, spans: spansOf(text, link) };
  }
  const items = text
    .split("\n")
    .map((line) => spansOf(line, link))
    .filter((i) => i.length > 0);
  return { kind, items };
}
