import type { Route } from "./router";

/** Every page of the store. A page is a file of pages/ with a default export that takes `params`; its words are in words/. */
export const routes: readonly Route[] = [
  { path: "/", load: () => import("./pages/Home") },
  { path: "/categories", load: () => import("./pages/Category") },
  { path: "/categories/:id", load: () => import("./pages/Category") },
  { path: "/page/:name", load: () => import("./pages/Designed") },
  { path: "/preview", load: () => import("./pages/Preview") },
  { path: "/search", load: () => import("./pages/Search") },
  { path: "/p/:id", load: () => import("./pages/Product") },
  { path: "/flash/:id", load: () => import("./pages/Room") },
  { path: "/together", load: () => import("./pages/Together") },
  { path: "/together/:id", load: () => import("./pages/GroupOffer") },
  { path: "/groups/:id", load: () => import("./pages/Group") },
  { path: "/cart", load: () => import("./pages/Cart") },
  { path: "/checkout", load: () => import("./pages/Checkout") },
  { path: "/pay/:id", load: () => import("./pages/Pay") },
  { path: "/orders", load: () => import("./pages/Orders") },
  { path: "/orders/:id", load: () => import("./pages/Order") },
  { path: "/coupons", load: () => import("./pages/Coupons") },
  { path: "/me", load: () => import("./pages/Me") },
  { path: "/addresses", load: () => import("./pages/Addresses") },
  { path: "/sign-in", load: () => import("./pages/SignIn") },
];
