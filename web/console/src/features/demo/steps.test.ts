import { describe, expect, it } from "vitest";
import { markDone, readDone, stepAt } from "./steps";

describe("first steps", () => {
  it("are done by being on their pages", () => {
    expect(stepAt("/layers")).toBe("layers");
    expect(stepAt("/customers")).toBeUndefined();
    expect(stepAt("/customers/cus_1")).toBe("person");
    expect(stepAt("/campaigns/new")).toBeUndefined();
    expect(stepAt("/campaigns/cmp_9")).toBe("campaign");
    expect(stepAt("/board")).toBe("board");
  });

  it("are remembered once, in the order of the loop", () => {
    localStorage.clear();
    markDone("board");
    markDone("layers");
    markDone("board");
    expect(readDone(localStorage.getItem("hs.demo.steps"))).toEqual(["layers", "board"]);
    expect(readDone("nonsense,board")).toEqual(["board"]);
    expect(readDone(null)).toEqual([]);
  });
});
