import { describe, expect, it } from "vitest";
import { type Action, type Block, begin, blocksOf, freshID, linkOf, partOf, step, typed } from "./design";

const block = (id: string, text = id): Block => ({ id, kind: "notice", notice: { text } });
const opened = () => begin({ title: "首页", design: { blocks: [block("a"), block("b"), block("c")] } });
const ids = (blocks: readonly Block[]) => blocks.map((b) => b.id).join("");
const run = (...actions: Action[]) => actions.reduce(step, opened());

describe("designing", () => {
  it("adds, moves and removes", () => {
    expect(ids(run({ do: "add", layer: "", at: 1, block: block("x") }).now.design.blocks)).toBe("axbc");
    expect(ids(run({ do: "move", layer: "", from: 0, to: 2 }).now.design.blocks)).toBe("bca");
    expect(ids(run({ do: "remove", layer: "", id: "b" }).now.design.blocks)).toBe("ac");
  });
  it("undoes and redoes, and forgets what was undone when something else is done", () => {
    const h = run({ do: "remove", layer: "", id: "a" }, { do: "remove", layer: "", id: "b" }, { do: "undo" });
    expect(ids(h.now.design.blocks)).toBe("bc");
    expect(ids(step(h, { do: "redo" }).now.design.blocks)).toBe("c");
    const other = step(h, { do: "move", layer: "", from: 0, to: 1 });
    expect(other.future).toEqual([]);
    expect(ids(step(step(other, { do: "undo" }), { do: "undo" }).now.design.blocks)).toBe("abc");
  });
  it("makes typing into one field one step", () => {
    const type = (text: string): Action => ({ do: "change", layer: "", block: block("a", text), field: "text" });
    const h = run(type("一"), type("一二"), type("一二三"));
    expect(h.now.design.blocks[0]?.notice?.text).toBe("一二三");
    expect(step(h, { do: "undo" }).now.design.blocks[0]?.notice?.text).toBe("a");
  });
  it("gives a layer a copy of its own and takes it back", () => {
    const h = run({ do: "variant", layer: "vip", on: true }, { do: "remove", layer: "vip", id: "a" });
    expect(ids(blocksOf(h.now.design, "vip"))).toBe("bc");
    expect(ids(blocksOf(h.now.design, "lost"))).toBe("abc");
    expect(ids(blocksOf(step(h, { do: "variant", layer: "vip", on: false }).now.design, "vip"))).toBe("abc");
  });
  it("names new blocks as no other is named", () => {
    expect(freshID("notice", [{ ...block("notice-1") }, block("notice-3")])).toBe("notice-2");
  });
});

describe("text", () => {
  const link = { to: "page", id: "about" } as const;
  it.each([
    ["paragraph", "一句 **要紧** 的话"],
    ["heading", "标题"],
    ["list", "一\n二 **粗**\n三"],
  ] as const)("%s comes back as it was typed", (kind, text) => {
    expect(typed(partOf(kind, text, undefined))).toBe(text);
  });
  it("carries its link and keeps markup as text", () => {
    const p = partOf("paragraph", "<script>alert(1)</script>", link);
    expect(linkOf(p)).toEqual(link);
    expect(p.spans).toEqual([{ text: "<script>alert(1)</script>", link }]);
  });
});
