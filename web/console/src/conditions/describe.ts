import { formatCount, formatMoneyShort, type Language } from "@huoshui/ui";
import type { TFunction } from "i18next";
import {
  type Bounds,
  type Condition,
  type Node,
  nodeOf,
  ofProperty,
  type PropTest,
  type Spec,
  unitOfDuration,
  type Where,
  type Window,
  wayOf,
} from "./tree";

/** The fact names of the product, in the order in which the builder offers them. */
export const factNames = [
  "order.paid",
  "order.line",
  "order.refunded",
  "page.viewed",
  "touch.made",
  "product.viewed",
  "cart.added",
  "cart.removed",
  "checkout.started",
  "message.sent",
  "message.delivered",
  "message.opened",
  "message.clicked",
  "message.unsubscribed",
  "message.refused",
  "campaign.assigned",
  "presale.deposited",
  "presale.tail_due",
  "presale.tail_paid",
  "presale.forfeited",
  "presale.returned",
  "launch.reserved",
  "launch.reservation_cancelled",
  "layer.changed",
  "task.done",
  "consent.changed",
] as const;

/** A fact's name in words; its own name when it is not of the product. */
export function factText(t: TFunction, fact: string | undefined): string {
  const name = fact ?? "";
  if (name.startsWith("event.")) {
    return name.slice("event.".length);
  }
  return t(`segments.fact.${name.replaceAll(".", "/")}`, { defaultValue: name });
}

/** The measures that are money. */
export function isMoney(measure: string | undefined): boolean {
  return ["amount", "average_amount", "first_amount", "last_amount"].includes(measure ?? "");
}

/** The unit of a measure, as a key of segments.unit. */
export function unitOf(measure: string | undefined): string {
  if (isMoney(measure)) {
    return "yuan";
  }
  return measure === "since_first" || measure === "since_last" ? "since" : (measure ?? "count");
}

/** A condition in one sentence. `segmentName` knows the names of other segments and of tags. */
export function describe(
  t: TFunction,
  language: Language,
  condition: Condition | undefined,
  segmentName: (id: string) => string = (id) => id,
): string {
  if (!condition || condition.kind === "everyone") {
    return t("segments.words.everyone");
  }
  const list = (values: readonly string[]) => values.join(t("segments.words.list"));
  const bounds = (b: Bounds, write: (n: number) => string) => {
    if (b.min !== undefined && b.max !== undefined) {
      return b.min === b.max
        ? `= ${write(b.min)}`
        : t("segments.words.between", { min: write(b.min), max: write(b.max) });
    }
    return b.min !== undefined
      ? t("segments.words.at_least", { n: write(b.min) })
      : t("segments.words.at_most", { n: write(b.max ?? 0) });
  };
  const count = (n: number) => formatCount(n, language);
  const money = (fen: number) => formatMoneyShort(fen, language);
  const span = (w: Window | undefined) => {
    if (w?.last_days) {
      return t("segments.words.last_days", { n: w.last_days });
    }
    if (w?.from && w.to) {
      return t("segments.words.from_to", w as Record<string, string>);
    }
    if (w?.from) {
      return t("segments.words.from", { from: w.from });
    }
    return w?.to ? t("segments.words.to", { to: w.to }) : t("segments.words.ever");
  };
  const filter = (where: Where | undefined) => {
    if (!where) {
      return "";
    }
    const parts = (["product", "category", "channel", "campaign", "strategy", "detail"] as const).flatMap((k) =>
      where[k]?.length ? [`${t(`segments.where.${k}`)} ${list(where[k])}`] : [],
    );
    if (where.min_amount_fen !== undefined || where.max_amount_fen !== undefined) {
      parts.push(
        `${t("segments.where.amount")} ${bounds({ min: where.min_amount_fen, max: where.max_amount_fen }, money)}`,
      );
    }
    parts.push(...(where.props ?? []).map(prop));
    return t("segments.words.where", { what: parts.join("; ") });
  };
  const prop = (test: PropTest): string => {
    const way = wayOf(test);
    if (way === "number") {
      return `${test.name} ${bounds(test, String)}`;
    }
    return t("segments.words.prop", {
      name: test.name,
      way: t(`segments.prop.${way}`),
      values: list(test.in ?? test.contains ?? []),
    }).trim();
  };
  const deed = (d: { fact: string; where?: Where }) => `${factText(t, d.fact)}${filter(d.where)}`;
  const sequence = (s: Spec): string => {
    const steps = (s.steps ?? []).map((step, i) => {
      const span = step.within ? unitOfDuration(step.within) : undefined;
      const within = span
        ? t("segments.words.within", { n: span.n, unit: t(`segments.duration.${span.unit}`, { count: span.n }) })
        : "";
      const words = { fact: deed(step), within, n: step.days_running };
      if (step.not) {
        return t("segments.words.step_not", words);
      }
      const said = (step.days_running ?? 0) > 1 ? t("segments.words.running", words) : words.fact;
      const without = step.without?.length ? t("segments.words.without", { what: list(step.without.map(deed)) }) : "";
      return i === 0 ? said : t("segments.words.step", { ...words, fact: said, without });
    });
    return t("segments.words.sequence", {
      window: span(s.window),
      same: s.same ? t("segments.words.same", { what: t(`segments.where.${s.same}`) }) : "",
      steps: steps.join(t("segments.words.then_step")),
    });
  };
  const leaf = (kind: string, s: Spec): string => {
    switch (kind) {
      case "layer":
        return t("segments.words.is", {
          name: t("segments.leaf.layer"),
          values: list((s.in ?? []).map((v) => t(`ui.layer.${v}`))),
        });
      case "stage":
        return t("segments.words.is", {
          name: t("segments.leaf.stage"),
          values: list((s.in ?? []).map((v) => t(`segments.stage.${v}`))),
        });
      case "warning":
        return t("segments.words.is", {
          name: t("segments.leaf.warning"),
          values: list((s.in ?? []).map((v) => t(`warning.sign.${v}`))),
        });
      case "rfm": {
        const parts = (["r", "f", "m"] as const).flatMap((k) =>
          s[k] ? [t("segments.words.score", { name: k.toUpperCase(), bounds: bounds(s[k], String) })] : [],
        );
        if (s.class?.length) {
          parts.unshift(
            t("segments.words.is", { name: "RFM", values: list(s.class.map((c) => t(`segments.class.${c}`))) }),
          );
        }
        return parts.join(t("segments.words.list"));
      }
      case "attribute":
        return t("segments.words.is", {
          name: t(`segments.attribute.${s.name}`),
          values: list((s.in ?? []).map((v) => attributeText(t, s.name, v))),
        });
      case "registered":
        return t("segments.words.registered", { window: span(s) });
      case "age":
        return t("segments.words.age", { bounds: bounds(s, count) });
      case "birthday":
        return t("segments.words.birthday", { n: s.next_days });
      case "contact":
        return t("segments.words.contact", { what: t(`segments.contact.${s.has}`) });
      case "heat":
        return t("segments.words.heat", { bounds: bounds(s, count) });
      case "tag":
        return t("segments.words.tag", { values: list((s.in ?? []).map(segmentName)) });
      case "sequence":
        return sequence(s);
      case "first":
      case "last":
        return t(`segments.words.${kind}`, {
          window: span(s.window),
          fact: factText(t, s.fact),
          where: filter(s.where),
        });
      case "sessions": {
        const measure = s.measure ?? "count";
        const each = [
          s.entry ? t("segments.words.session_entry", { what: filter(s.entry) }) : "",
          s.pages ? t("segments.words.session_pages", { bounds: bounds(s.pages, count) }) : "",
          s.minutes ? t("segments.words.session_minutes", { bounds: bounds(s.minutes, count) }) : "",
          s.bounce === undefined ? "" : t(`segments.session.bounce_${s.bounce}`),
        ].filter(Boolean);
        return t("segments.words.sessions", {
          window: span(s.window),
          each: each.length > 0 ? t("segments.words.where", { what: each.join("; ") }) : "",
          measure: t(`segments.session.${measure}`),
          bounds: bounds(s, (n) => `${count(n)} ${t(`segments.session.unit_${measure}`)}`),
        });
      }
      case "top": {
        const name = t(`segments.rank.${s.by}`);
        if (s.percent !== undefined) {
          return t("segments.words.top_percent", { name, n: s.percent });
        }
        if (s.count !== undefined) {
          return t("segments.words.top_count", { name, n: count(s.count) });
        }
        return t("segments.words.score", {
          name,
          bounds: bounds(s, s.by === "spent" || s.by === "monetary" ? money : count),
        });
      }
      case "bucket":
        return t("segments.words.bucket", { of: s.of, parts: list((s.in ?? []).map((i) => String(Number(i) + 1))) });
      case "segment":
        return t("segments.words.segment", { name: segmentName(s.id ?? "") });
      default: {
        const words = { window: span(s.window), fact: factText(t, s.fact), where: filter(s.where) };
        if ((s.measure ?? "count") === "count" && s.max === 0 && s.min === undefined) {
          return t("segments.words.never", words);
        }
        if (ofProperty(s.measure)) {
          return t("segments.words.facts", {
            ...words,
            measure: t("segments.words.property", { name: s.property, measure: t(`segments.measure.${s.measure}`) }),
            bounds: bounds(s.value ?? {}, String),
          });
        }
        const unit = unitOf(s.measure);
        const write = isMoney(s.measure) ? money : (n: number) => `${count(n)} ${t(`segments.unit.${unit}`)}`;
        return t("segments.words.facts", {
          ...words,
          measure: t(`segments.measure.${s.measure ?? "count"}`),
          bounds: bounds(s, write),
        });
      }
    }
  };
  const say = (node: Node, top: boolean): string => {
    let text: string;
    if (node.kind === "group") {
      text = node.of.map((n) => say(n, false)).join(t(`segments.words.${node.op}`)) || t("segments.words.everyone");
      if (!top && !node.not && node.of.length > 1) {
        text = t("segments.words.group", { of: text });
      }
    } else {
      text = leaf(node.kind, node.spec);
    }
    return node.not ? t("segments.words.not", { of: text }) : text;
  };
  return say(nodeOf(condition), true);
}

/** A value of an attribute in words. */
export function attributeText(t: TFunction, name: string | undefined, value: string): string {
  if (value === "") {
    return t("segments.field.unknown");
  }
  return name === "gender" ? t(`segments.attribute.${value}`, { defaultValue: value }) : value;
}
