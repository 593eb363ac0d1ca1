import createFetchClient from "openapi-fetch";
import createClient from "openapi-react-query";
import { middleware } from "./http";
import type { components, paths } from "./schema.gen";

export { isProblem, type Problem, problemOf, UnauthorizedEvent } from "./http";
export { allItems, type KeysetPage, keyset } from "./keyset";
export type { components, operations, paths } from "./schema.gen";

/** One of the API's own types, by its name in the OpenAPI document. */
export type Schema<Name extends keyof components["schemas"]> = components["schemas"][Name];

/** The typed client for use outside of components: `await api.POST("/api/v1/…", { body })` never throws on a status. */
export const api = createFetchClient<paths>({ baseUrl: "/", credentials: "same-origin" });
api.use(middleware);

/** The typed hooks: `$api.useQuery("get", "/api/v1/…")`, `$api.useMutation("post", "/api/v1/…")`. */
export const $api = createClient(api);
