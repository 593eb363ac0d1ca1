import { describe, expect, it } from "vitest";
import { divisions, wayText, wayTo } from "./divisions";

describe("administrative divisions", () => {
  it("have every code under the one that begins it, once, with a name", async () => {
    const all = await divisions();
    expect(all).toHaveLength(34);
    const seen = new Set<string>();
    for (const p of all) {
      for (const c of p.children) {
        for (const d of c.children) {
          expect(d.code).toMatch(/^\d{6}$/);
          expect(d.code.startsWith(c.code) && c.code.startsWith(p.code)).toBe(true);
          expect(d.name).not.toBe("");
          expect(seen.has(d.code)).toBe(false);
          seen.add(d.code);
        }
        expect(c.children.length).toBeGreaterThan(0);
      }
    }
    expect(seen.size).toBeGreaterThan(3000);
  });

  it("are said in words, as far as a code is known", async () => {
    const all = await divisions();
    const say = (code: string) => wayText(wayTo(all, code));
    expect(say("330106")).toBe("浙江省 杭州市 西湖区");
    expect(say("110101")).toBe("北京市 东城区");
    expect(say("419001")).toBe("河南省 济源市");
    expect(say("330000")).toBe("浙江省");
    expect(say("3301")).toBe("浙江省 杭州市");
    expect(say("990000")).toBe("");
  });
});
