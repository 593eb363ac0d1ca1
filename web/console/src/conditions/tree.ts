/** A condition as the API has it. */
export interface Condition {
  kind: string;
  spec?: unknown;
}

/** A part of a condition as the builder holds it: a group, or a leaf; `not` turns it round. */
export type Node = Group | Leaf;

export interface Group {
  id: string;
  not: boolean;
  kind: "group";
  op: "and" | "or";
  of: Node[];
}

export interface Leaf {
  id: string;
  not: boolean;
  kind: LeafKind;
  spec: Spec;
}

/** What a leaf can ask about. */
export const leafKinds = [
  "layer",
  "stage",
  "warning",
  "rfm",
  "facts",
  "sequence",
  "sessions",
  "first",
  "last",
  "top",
  "attribute",
  "registered",
  "age",
  "birthday",
  "contact",
  "heat",
  "tag",
  "segment",
  "bucket",
] as const;

export type LeafKind = (typeof leafKinds)[number];

export interface Bounds {
  min?: number;
  max?: number;
}

export interface Window {
  last_days?: number;
  from?: string;
  to?: string;
}

export interface Where {
  product?: string[];
  category?: string[];
  channel?: string[];
  campaign?: string[];
  strategy?: string[];
  detail?: string[];
  min_amount_fen?: number;
  max_amount_fen?: number;
  props?: PropTest[];
}

/** What a property of a fact must say. */
export interface PropTest extends Bounds {
  name: string;
  in?: string[];
  contains?: string[];
  is?: boolean;
  present?: boolean;
  not?: boolean;
}

/** How a property is looked at. */
export const ways = [
  "in",
  "not_in",
  "contains",
  "not_contains",
  "number",
  "true",
  "false",
  "present",
  "absent",
] as const;

export type Way = (typeof ways)[number];

/** How a test looks at its property. */
export function wayOf(test: PropTest): Way {
  if (test.in) {
    return test.not ? "not_in" : "in";
  }
  if (test.contains) {
    return test.not ? "not_contains" : "contains";
  }
  if (test.is !== undefined) {
    return String(test.is !== (test.not ?? false)) as Way;
  }
  if (test.present) {
    return test.not ? "absent" : "present";
  }
  return "number";
}

/** An empty test of a property that looks at it so. */
export function withWay(name: string, way: Way): PropTest {
  switch (way) {
    case "in":
      return { name, in: [] };
    case "not_in":
      return { name, in: [], not: true };
    case "contains":
      return { name, contains: [] };
    case "not_contains":
      return { name, contains: [], not: true };
    case "number":
      return { name };
    case "present":
      return { name, present: true };
    case "absent":
      return { name, present: true, not: true };
    default:
      return { name, is: way === "true" };
  }
}

/** Whether a test says enough to be asked. */
function asks(test: PropTest): boolean {
  const said = test.in ?? test.contains;
  return (
    test.name !== "" &&
    (said
      ? said.length > 0
      : test.is !== undefined || Boolean(test.present) || test.min !== undefined || test.max !== undefined)
  );
}

/** A length of time; its parts add up. */
export interface Duration {
  days?: number;
  hours?: number;
  minutes?: number;
}

/** Something that was done in a row with others, or as the last of them was not. */
export interface Step {
  fact: string;
  where?: Where;
  days_running?: number;
  not?: boolean;
  within?: Duration;
  without?: { fact: string; where?: Where }[];
}

/** The specs of all leaves together; each kind uses its own fields (see the API's guide to conditions). */
export interface Spec extends Bounds, Window {
  in?: string[];
  name?: string;
  has?: string;
  next_days?: number;
  class?: string[];
  r?: Bounds;
  f?: Bounds;
  m?: Bounds;
  fact?: string;
  where?: Where;
  window?: Window;
  measure?: string;
  id?: string;
  property?: string;
  value?: Bounds;
  entry?: Where;
  pages?: Bounds;
  minutes?: Bounds;
  bounce?: boolean;
  steps?: Step[];
  same?: string;
  by?: string;
  percent?: number;
  count?: number;
  of?: number;
  salt?: string;
}

let last = 0;

/** A key for React; it never leaves the page. */
export function newID(): string {
  last += 1;
  return `n${last}`;
}

/** What a new leaf asks. */
export function newLeaf(kind: LeafKind): Leaf {
  const specs: Record<LeafKind, Spec> = {
    layer: { in: [] },
    stage: { in: [] },
    warning: { in: [] },
    rfm: { class: [] },
    facts: { fact: "order.paid", window: { last_days: 30 }, measure: "count", min: 1 },
    attribute: { name: "city", in: [] },
    registered: { last_days: 30 },
    age: { min: 18, max: 35 },
    birthday: { next_days: 7 },
    contact: { has: "email" },
    heat: { min: 10 },
    tag: { in: [] },
    sequence: {
      steps: [{ fact: "cart.added" }, { fact: "order.paid", not: true, within: { hours: 2 } }],
      window: { last_days: 30 },
    },
    sessions: { window: { last_days: 30 }, measure: "count", min: 3 },
    first: { fact: "touch.made", where: { props: [{ name: "utm_source", in: [] }] } },
    last: { fact: "touch.made", where: { props: [{ name: "utm_source", in: [] }] } },
    top: { by: "spent", percent: 20 },
    bucket: { of: 10, in: ["0"] },
    segment: { id: "" },
  };
  return { id: newID(), not: false, kind, spec: specs[kind] };
}

/** Was sent a message and did not open it: what somebody made of a message is what she did after it, of the same campaign. */
export function newResponse(): Leaf {
  return {
    ...newLeaf("sequence"),
    spec: {
      steps: [{ fact: "message.sent" }, { fact: "message.opened", not: true, within: { hours: 48 } }],
      window: { last_days: 30 },
      same: "campaign",
    },
  };
}

/** A group with nothing in it. */
export function newGroup(op: Group["op"] = "and"): Group {
  return { id: newID(), not: false, kind: "group", op, of: [] };
}

/** Whether a leaf is filled in far enough to be asked. */
export function complete(leaf: Leaf): boolean {
  const s = leaf.spec;
  switch (leaf.kind) {
    case "layer":
    case "stage":
    case "warning":
    case "tag":
    case "bucket":
      return (s.in?.length ?? 0) > 0;
    case "attribute":
      return Boolean(s.name) && (s.in?.length ?? 0) > 0;
    case "rfm":
      return (s.class?.length ?? 0) > 0 || [s.r, s.f, s.m].some((b) => b?.min !== undefined || b?.max !== undefined);
    case "sequence":
      return (
        (s.steps?.length ?? 0) > 0 &&
        s.steps?.every((step) => step.fact && step.without?.every((w) => w.fact) !== false) === true
      );
    case "top":
      return [s.percent, s.count, s.min, s.max].some((n) => n !== undefined);
    case "first":
    case "last":
      return Boolean(s.fact) && tidyWhere(s.where) !== undefined;
    case "sessions":
      return s.min !== undefined || s.max !== undefined;
    case "facts":
      if (ofProperty(s.measure)) {
        return Boolean(s.fact && s.property) && (s.value?.min !== undefined || s.value?.max !== undefined);
      }
      return Boolean(s.fact) && (s.min !== undefined || s.max !== undefined);
    case "registered":
      return Boolean(s.last_days || s.from || s.to);
    case "age":
    case "heat":
      return s.min !== undefined || s.max !== undefined;
    case "birthday":
      return Boolean(s.next_days);
    case "contact":
      return Boolean(s.has);
    case "segment":
      return Boolean(s.id);
  }
}

/** Whether a measure looks at a property of facts. */
export function ofProperty(measure: string | undefined): boolean {
  return measure?.startsWith("property_") === true;
}

/** A filter without its empty columns; undefined when nothing is left of it. */
function tidyWhere(where: Where | undefined): Where | undefined {
  const props = where?.props?.filter(asks).map(present);
  const kept = Object.entries({ ...where, props }).filter(
    ([, v]) => v !== undefined && !(Array.isArray(v) && v.length === 0),
  );
  return kept.length > 0 ? Object.fromEntries(kept) : undefined;
}

/** The object without fields that hold nothing. */
function present<T extends object>(of: T): T {
  return Object.fromEntries(Object.entries(of).filter(([, v]) => v !== undefined)) as T;
}

function tidyStep(step: Step): Step {
  const without = step.without?.map((w) => present({ fact: w.fact, where: tidyWhere(w.where) }));
  return present({ ...step, where: tidyWhere(step.where), without: without?.length ? without : undefined });
}

/** The spec without what the API would refuse as empty. */
function tidy(leaf: Leaf): object {
  if (leaf.kind === "bucket") {
    return present({ of: leaf.spec.of, in: leaf.spec.in?.map(Number), salt: leaf.spec.salt || undefined });
  }
  const s: Spec = { ...leaf.spec };
  if (leaf.kind === "rfm") {
    if (!s.class?.length) {
      delete s.class;
    }
    for (const k of ["r", "f", "m"] as const) {
      if (s[k]?.min === undefined && s[k]?.max === undefined) {
        delete s[k];
      }
    }
  }
  if (s.window && !s.window.last_days && !s.window.from && !s.window.to) {
    delete s.window;
  }
  switch (leaf.kind) {
    case "facts":
      s.where = tidyWhere(s.where);
      return present({ ...s, value: s.value && present(s.value) });
    case "first":
    case "last":
      return present({ ...s, where: tidyWhere(s.where) });
    case "sessions":
      return present({ ...s, entry: tidyWhere(s.entry) });
    case "sequence":
      return present({ ...s, steps: s.steps?.map(tidyStep) });
    default:
      return s;
  }
}

/** One part as the API has it; undefined when nothing in it is filled in. */
export function conditionOf(node: Node): Condition | undefined {
  let plain: Condition | undefined;
  if (node.kind === "group") {
    const parts = node.of.map(conditionOf).filter((c) => c !== undefined);
    plain = parts.length > 1 ? { kind: node.op, spec: { of: parts } } : parts[0];
  } else if (complete(node)) {
    plain = { kind: node.kind, spec: tidy(node) };
  }
  return plain && node.not ? { kind: "not", spec: { of: plain } } : plain;
}

/** The whole question: an empty one means everybody. */
export function questionOf(root: Group): Condition {
  return conditionOf(root) ?? { kind: "everyone", spec: {} };
}

/** A condition of the API as the builder holds it. */
export function nodeOf(c: Condition): Node {
  const spec = (c.spec ?? {}) as { of?: unknown };
  switch (c.kind) {
    case "and":
    case "or":
      return { id: newID(), not: false, kind: "group", op: c.kind, of: (spec.of as Condition[]).map(nodeOf) };
    case "not": {
      const inner = nodeOf(spec.of as Condition);
      return inner.not ? { id: newID(), not: true, kind: "group", op: "and", of: [inner] } : { ...inner, not: true };
    }
    case "everyone":
      return newGroup();
    case "bucket": {
      const bucket = c.spec as { of: number; in: number[]; salt?: string };
      return { id: newID(), not: false, kind: "bucket", spec: { ...bucket, in: bucket.in.map(String) } };
    }
    default:
      return { id: newID(), not: false, kind: c.kind as LeafKind, spec: c.spec as Spec };
  }
}

/** The root of the builder for a condition: always a group that is not turned round. */
export function rootOf(c: Condition | undefined): Group {
  if (!c) {
    return newGroup();
  }
  const node = nodeOf(c);
  return node.kind === "group" && !node.not ? node : { ...newGroup(), of: [node] };
}

/** What is wrong in a leaf, and in which of its steps when it has any; a key of segments.fault. */
export interface Fault {
  what: "bounds" | "dates" | "within" | "percent" | "count" | "parts";
  step?: number;
}

/** The first thing in a leaf that the API would refuse; what is not filled in yet is none. */
export function faultOf(leaf: Leaf): Fault | undefined {
  const s = leaf.spec;
  const crossed = (b: Bounds | undefined) => b?.min !== undefined && b.max !== undefined && b.min > b.max;
  const amounts = (w: Where | undefined) =>
    crossed({ min: w?.min_amount_fen, max: w?.max_amount_fen }) || w?.props?.some(crossed) === true;
  if ([s, s.value, s.pages, s.minutes].some(crossed) || amounts(s.where) || amounts(s.entry)) {
    return { what: "bounds" };
  }
  for (const w of [s, s.window]) {
    if (w?.from && w.to && w.from > w.to) {
      return { what: "dates" };
    }
  }
  for (const [i, step] of (s.steps ?? []).entries()) {
    if (step.within && minutesOf(step.within) === 0) {
      return { what: "within", step: i };
    }
    if (amounts(step.where) || step.without?.some((w) => amounts(w.where))) {
      return { what: "bounds", step: i };
    }
  }
  if (leaf.kind === "top" && s.percent !== undefined && !(s.percent > 0 && s.percent <= 100)) {
    return { what: "percent" };
  }
  if (leaf.kind === "top" && s.count !== undefined && s.count < 1) {
    return { what: "count" };
  }
  if (leaf.kind === "bucket" && (s.of ?? 0) < 2) {
    return { what: "parts" };
  }
  return undefined;
}

/** Whether something in the tree would be refused. */
export function faulty(node: Node): boolean {
  return node.kind === "group" ? node.of.some(faulty) : faultOf(node) !== undefined;
}

/** The length of a time in minutes. */
export function minutesOf(d: Duration): number {
  return (d.days ?? 0) * 1440 + (d.hours ?? 0) * 60 + (d.minutes ?? 0);
}

/** A time in the largest unit that it is a whole number of. */
export function unitOfDuration(d: Duration): { n: number; unit: keyof Duration } {
  const minutes = minutesOf(d);
  for (const [unit, size] of [
    ["days", 1440],
    ["hours", 60],
  ] as const) {
    if (minutes > 0 && minutes % size === 0) {
      return { n: minutes / size, unit };
    }
  }
  const named = (["days", "hours"] as const).find((unit) => minutes === 0 && d[unit] !== undefined);
  return { n: minutes, unit: named ?? "minutes" };
}

/** Looked at one kind of product day after day, put it into the cart and did not pay, and is no VIP: an example to start from. */
export function exampleOf(category: string | undefined): Condition {
  const where = category ? { where: { category: [category] } } : {};
  return {
    kind: "and",
    spec: {
      of: [
        {
          kind: "sequence",
          spec: {
            steps: [
              { fact: "product.viewed", ...where, days_running: 3 },
              { fact: "cart.added", ...where, within: { days: 1 } },
              { fact: "order.paid", not: true, within: { hours: 2 } },
            ],
            window: { last_days: 30 },
          },
        },
        { kind: "not", spec: { of: { kind: "layer", spec: { in: ["vip"] } } } },
      ],
    },
  };
}

/** What can be done to the tree; each makes a new one. */
export type Action =
  | { do: "add"; group: string; node: Node }
  | { do: "replace"; node: Node }
  | { do: "remove"; id: string }
  | { do: "load"; root: Group };

/** The tree after an action. */
export function act(root: Group, action: Action): Group {
  switch (action.do) {
    case "load":
      return action.root;
    case "add":
      return change(root, action.group, (g) =>
        g.kind === "group" ? { ...g, of: [...g.of, action.node] } : g,
      ) as Group;
    case "replace":
      return change(root, action.node.id, () => action.node) as Group;
    case "remove":
      return without(root, action.id);
  }
}

function change(node: Node, id: string, fn: (n: Node) => Node): Node {
  if (node.id === id) {
    return fn(node);
  }
  return node.kind === "group" ? { ...node, of: node.of.map((n) => change(n, id, fn)) } : node;
}

function without(group: Group, id: string): Group {
  return {
    ...group,
    of: group.of.filter((n) => n.id !== id).map((n) => (n.kind === "group" ? without(n, id) : n)),
  };
}

/** How many leaves there are, filled in or not. */
export function leafCount(node: Node): number {
  return node.kind === "group" ? node.of.reduce((n, c) => n + leafCount(c), 0) : 1;
}
