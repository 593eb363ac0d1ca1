import { describe, expect, test } from "vitest";
import { act, type Condition, conditionOf, leafCount, newGroup, newLeaf, questionOf, rootOf } from "./tree";

const vip: Condition = { kind: "layer", spec: { in: ["vip"] } };
const bought: Condition = {
  kind: "facts",
  spec: { fact: "order.paid", window: { last_days: 30 }, measure: "count", min: 2 },
};

describe("the builder's tree", () => {
  test("comes back as the condition it was made of", () => {
    const cases: Condition[] = [
      vip,
      { kind: "not", spec: { of: vip } },
      { kind: "and", spec: { of: [vip, bought] } },
      { kind: "or", spec: { of: [vip, { kind: "not", spec: { of: { kind: "and", spec: { of: [vip, bought] } } } }] } },
      { kind: "everyone", spec: {} },
    ];
    for (const c of cases) {
      expect(questionOf(rootOf(c))).toEqual(c);
    }
  });

  test("a double negation keeps its meaning", () => {
    const c: Condition = { kind: "not", spec: { of: { kind: "not", spec: { of: vip } } } };
    expect(questionOf(rootOf(c))).toEqual(c);
  });

  test("asks only what is filled in", () => {
    let root = newGroup();
    root = act(root, { do: "add", group: root.id, node: newLeaf("layer") });
    expect(questionOf(root)).toEqual({ kind: "everyone", spec: {} });
    const inner = newGroup("or");
    root = act(root, { do: "add", group: root.id, node: inner });
    root = act(root, { do: "add", group: inner.id, node: newLeaf("facts") });
    expect(leafCount(root)).toBe(2);
    expect(questionOf(root)).toEqual({
      kind: "facts",
      spec: { fact: "order.paid", window: { last_days: 30 }, measure: "count", min: 1 },
    });
  });

  test("removes and replaces deep inside, leaving the rest as it was", () => {
    const root = rootOf({ kind: "and", spec: { of: [vip, { kind: "or", spec: { of: [vip, bought] } }] } });
    const inner = root.of[1];
    if (inner?.kind !== "group") {
      throw new Error("want a group");
    }
    const first = inner.of[0];
    if (!first) {
      throw new Error("want a leaf");
    }
    const removed = act(root, { do: "remove", id: first.id });
    expect(questionOf(removed)).toEqual({ kind: "and", spec: { of: [vip, bought] } });
    const turned = act(root, { do: "replace", node: { ...inner, not: true } });
    expect(questionOf(turned)).toEqual({
      kind: "and",
      spec: { of: [vip, { kind: "not", spec: { of: { kind: "or", spec: { of: [vip, bought] } } } }] },
    });
    expect(conditionOf(root)).toEqual({
      kind: "and",
      spec: { of: [vip, { kind: "or", spec: { of: [vip, bought] } }] },
    });
  });

  test("drops empty filters and windows that the API would refuse", () => {
    const leaf = newLeaf("facts");
    leaf.spec = {
      fact: "order.line",
      window: {},
      where: { category: [], product: undefined },
      measure: "count",
      max: 0,
    };
    expect(conditionOf(leaf)).toEqual({ kind: "facts", spec: { fact: "order.line", measure: "count", max: 0 } });
    const rfm = newLeaf("rfm");
    rfm.spec = { class: [], r: {}, m: { min: 4 } };
    expect(conditionOf(rfm)).toEqual({ kind: "rfm", spec: { m: { min: 4 } } });
  });
});
