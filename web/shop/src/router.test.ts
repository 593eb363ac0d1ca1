import { describe, expect, it } from "vitest";
import { match, type Route } from "./router";

const page = async () => ({ default: () => null });
const routes: Route[] = [
  { path: "/", load: page },
  { path: "/p/:id", load: page },
  { path: "/orders", load: page },
  { path: "/orders/:id/back", load: page },
];

describe("match", () => {
  it.each([
    ["/", "/", {}],
    ["/p/gds_1", "/p/:id", { id: "gds_1" }],
    ["/p/a%2Fb", "/p/:id", { id: "a/b" }],
    ["/orders/", "/orders", {}],
    ["/orders/sal_1/back", "/orders/:id/back", { id: "sal_1" }],
  ])("%s is %s", (path, route, params) => {
    const hit = match(routes, path);
    expect(hit?.route.path).toBe(route);
    expect(hit?.params).toEqual(params);
  });
  it.each(["/p", "/p/1/2", "/nowhere", "/p/%E0%A4%A"])("%s is nowhere", (path) => {
    expect(match(routes, path)).toBeUndefined();
  });
});
