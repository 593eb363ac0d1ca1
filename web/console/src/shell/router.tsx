import {
  type AnyRoute,
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
} from "@tanstack/react-router";
import type { ComponentType } from "react";
import { features } from "../features";
import type { PageDef } from "./feature";
import { Layout } from "./layout";
import { Allowed, CrashPage, NotFoundPage } from "./pages";

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFoundPage, errorComponent: CrashPage });

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  component: lazyRouteComponent(() => import("./sign-in")),
});

const shell = createRoute({
  getParentRoute: () => root,
  id: "shell",
  component: Layout,
  notFoundComponent: NotFoundPage,
});

/** The route of a page: its own chunk, its permission, its own error. */
function pageRoute(page: PageDef): AnyRoute {
  const Content = lazyRouteComponent(page.load) as ComponentType & { preload?: () => Promise<void> };
  const Guarded = () => (
    <Allowed permission={page.permission}>
      <Content />
    </Allowed>
  );
  Guarded.preload = Content.preload;
  return createRoute({
    getParentRoute: () => shell,
    path: page.path,
    component: Guarded,
    errorComponent: CrashPage,
  }) as unknown as AnyRoute;
}

const missing = createRoute({ getParentRoute: () => shell, path: "$", component: NotFoundPage });

/** Every address of the console, below /console. */
export const router = createRouter({
  routeTree: root.addChildren([
    signIn,
    shell.addChildren([...features.flatMap((f) => f.pages.map(pageRoute)), missing as unknown as AnyRoute]),
  ]),
  basepath: "/console",
  defaultPreload: "intent",
  defaultPreloadDelay: 80,
  scrollRestoration: true,
  defaultErrorComponent: CrashPage,
});
