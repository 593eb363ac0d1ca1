import i18next from "i18next";
import { describe, expect, test } from "vitest";
import { en, zh } from "../features/segments/i18n";
import { describe as say } from "./describe";
import {
  act,
  type Condition,
  conditionOf,
  exampleOf,
  faultOf,
  leafCount,
  newGroup,
  newLeaf,
  newResponse,
  questionOf,
  rootOf,
  unitOfDuration,
  wayOf,
  ways,
  withWay,
} from "./tree";

const vip: Condition = { kind: "layer", spec: { in: ["vip"] } };
const bought: Condition = {
  kind: "facts",
  spec: { fact: "order.paid", window: { last_days: 30 }, measure: "count", min: 2 },
};

const searched: Condition = {
  kind: "facts",
  spec: {
    fact: "event.Search",
    where: {
      props: [
        { name: "keyword", contains: ["奶粉"] },
        { name: "vip", is: true },
        { name: "coupon", present: true, not: true },
        { name: "price", min: 9.9 },
      ],
    },
    measure: "count",
    min: 2,
  },
};
const spentLooking: Condition = {
  kind: "facts",
  spec: {
    fact: "product.viewed",
    window: { last_days: 7 },
    measure: "property_sum",
    property: "price",
    value: { min: 99.5 },
  },
};
const arrived: Condition = {
  kind: "last",
  spec: { fact: "touch.made", where: { props: [{ name: "utm_source", in: ["douyin", "weibo"] }] } },
};
const stayed: Condition = {
  kind: "sessions",
  spec: {
    window: { last_days: 30 },
    measure: "count",
    min: 3,
    pages: { min: 5 },
    bounce: false,
    entry: { channel: ["douyin"] },
  },
};

describe("the builder's tree", () => {
  test("comes back as the condition it was made of", () => {
    const cases: Condition[] = [
      vip,
      { kind: "not", spec: { of: vip } },
      { kind: "and", spec: { of: [vip, bought] } },
      { kind: "or", spec: { of: [vip, { kind: "not", spec: { of: { kind: "and", spec: { of: [vip, bought] } } } }] } },
      { kind: "everyone", spec: {} },
      exampleOf("猫粮"),
      { kind: "top", spec: { by: "spent", percent: 20 } },
      { kind: "bucket", spec: { of: 10, in: [0, 3], salt: "五月" } },
      { kind: "heat", spec: { min: 10 } },
      searched,
      spentLooking,
      arrived,
      stayed,
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

  test("leaves out tests of properties that say nothing yet", () => {
    const leaf = newLeaf("last");
    expect(conditionOf(leaf)).toBeUndefined();
    leaf.spec = {
      ...leaf.spec,
      where: { props: [{ name: "utm_source", in: ["douyin"] }, { name: "", in: ["x"] }, { name: "n" }] },
    };
    expect(conditionOf(leaf)).toEqual({
      kind: "last",
      spec: { fact: "touch.made", where: { props: [{ name: "utm_source", in: ["douyin"] }] } },
    });
    for (const way of ways) {
      expect(wayOf(withWay("n", way))).toBe(way);
    }
  });

  test("finds what is wrong before the API does, and in which step", () => {
    const leaf = newLeaf("sequence");
    expect(faultOf(leaf)).toBeUndefined();
    leaf.spec = { steps: [{ fact: "cart.added" }, { fact: "order.paid", not: true, within: { hours: 0 } }] };
    expect(faultOf(leaf)).toEqual({ what: "within", step: 1 });
    expect(faultOf({ ...newLeaf("facts"), spec: { fact: "order.paid", min: 3, max: 1 } })).toEqual({ what: "bounds" });
    expect(faultOf({ ...newLeaf("top"), spec: { by: "spent", percent: 120 } })).toEqual({ what: "percent" });
    expect(unitOfDuration({ days: 1, hours: 2 })).toEqual({ n: 26, unit: "hours" });
    expect(unitOfDuration({ hours: 0 })).toEqual({ n: 0, unit: "hours" });
  });

  test("a sequence reads as a sentence in both languages", async () => {
    const i18n = i18next.createInstance();
    const ui = { layer: { vip: "VIP" } };
    await i18n.init({
      lng: "zh",
      resources: { zh: { translation: { segments: zh, ui } }, en: { translation: { segments: en, ui } } },
      interpolation: { escapeValue: false },
    });
    expect(say(i18n.t, "zh", exampleOf("猫粮"))).toBe(
      "近 30 天先后：连续 3 天浏览商品[品类 猫粮]，之后 1 天内加入购物车[品类 猫粮]，之后 2 小时内没有下单 且 不是（分层为 VIP）",
    );
    const response = conditionOf(newResponse());
    expect(say(i18n.t, "zh", response)).toBe("近 30 天就同一活动先后：收到消息，之后 2 天内没有打开消息");
    expect(say(i18n.t, "zh", searched)).toBe(
      "搜索[keyword 包含 奶粉; vip 为真; coupon 没有值; price ≥ 9.9]次数 ≥ 2 次".replace("搜索", "Search"),
    );
    expect(say(i18n.t, "zh", spentLooking)).toBe("近 7 天浏览商品的「price」属性合计 ≥ 99.5");
    expect(say(i18n.t, "zh", arrived)).toBe("最近一次从外部来访是[utm_source 是 douyin、weibo]");
    expect(say(i18n.t, "zh", stayed)).toBe("近 30 天到访[入口 [渠道 douyin]; 看了 ≥ 5 页; 没有跳出]次数 ≥ 3 次");
    await i18n.changeLanguage("en");
    expect(say(i18n.t, "en", arrived)).toBe("the last time they came from elsewhere was [utm_source is douyin, weibo]");
    expect(say(i18n.t, "en", response)).toBe(
      "in a row in the last 30 days about one Campaign: was sent a message, then within 2 d never opened a message",
    );
    expect(say(i18n.t, "en", exampleOf("Cat food"))).toBe(
      "in a row in the last 30 days: viewed a product [Category Cat food] on 3 days running, then within 1 d added to the cart [Category Cat food], then within 2 h never ordered and not (Layer is VIP)",
    );
  });
});
