import type { Route } from "./router";

/** Every page of the store. A page is a file of pages/ with a default export that takes `params`; its words are in words/. */
export const routes: readonly Route[] = [{ path: "/", load: () => import("./pages/Home") }];
