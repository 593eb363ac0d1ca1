import type { Rule } from "./words";

/** The rule that is in force for an event: its source's own, else the one for any source. */
export function ruleOf(rules: readonly Rule[], source: string, event: string): Rule | undefined {
  return (
    rules.find((r) => (r.source ?? "") === source && r.event === event) ??
    rules.find((r) => !r.source && r.event === event)
  );
}

/** Whether a rule says nothing, and so need not be kept. */
export function says(rule: Rule): boolean {
  return Boolean(
    rule.block || rule.rename || rule.description || rule.owner || Object.keys(rule.props ?? {}).length > 0,
  );
}

/** The rules with one of them replaced, added, or taken out when it says nothing any more. */
export function withRule(rules: readonly Rule[], rule: Rule): Rule[] {
  const same = (r: Rule) => (r.source ?? "") === (rule.source ?? "") && r.event === rule.event;
  // A source's own rule that says nothing still hides the one for any source, so it stays where there is one.
  const hides = Boolean(rule.source) && rules.some((r) => !r.source && r.event === rule.event);
  const next = says(rule) || hides ? rule : undefined;
  const at = rules.findIndex(same);
  if (at < 0) {
    return next ? [...rules, next] : [...rules];
  }
  return next ? rules.map((r, i) => (i === at ? next : r)) : rules.filter((_, i) => i !== at);
}

/** How two versions differ: names of events whose rule is new, changed or gone. */
export function difference(before: readonly Rule[], after: readonly Rule[]) {
  const key = (r: Rule) => `${r.source ?? ""}\u0000${r.event}`;
  const say = (r: Rule) =>
    JSON.stringify([
      r.block ?? false,
      r.rename ?? "",
      r.description ?? "",
      r.owner ?? "",
      Object.entries(r.props ?? {}).sort(),
    ]);
  const old = new Map(before.map((r) => [key(r), r]));
  const now = new Map(after.map((r) => [key(r), r]));
  return {
    added: after.filter((r) => !old.has(key(r))).map((r) => r.event),
    changed: after.filter((r) => old.has(key(r)) && say(old.get(key(r)) as Rule) !== say(r)).map((r) => r.event),
    removed: before.filter((r) => !now.has(key(r))).map((r) => r.event),
  };
}
