import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo, useRef } from "react";

/** What the URL can hold. */
export type UrlValue = string | number | boolean | readonly string[];

/** State with the types of its defaults, widened from literals. */
export type UrlState<D> = {
  [K in keyof D]: D[K] extends string
    ? string
    : D[K] extends number
      ? number
      : D[K] extends boolean
        ? boolean
        : string[];
};

/** Reads the state from a parsed query string; whatever is not of the default's type is the default. */
export function readState<D extends Record<string, UrlValue>>(
  search: Record<string, unknown>,
  defaults: D,
): UrlState<D> {
  const state: Record<string, unknown> = {};
  for (const [key, initial] of Object.entries(defaults)) {
    const raw = search[key];
    if (raw === undefined || raw === null) {
      state[key] = initial;
    } else if (typeof initial === "string") {
      state[key] = typeof raw === "object" ? initial : String(raw);
    } else if (typeof initial === "number") {
      state[key] = Number.isFinite(Number(raw)) && raw !== "" ? Number(raw) : initial;
    } else if (typeof initial === "boolean") {
      state[key] = raw === true || raw === "true";
    } else {
      state[key] = (Array.isArray(raw) ? raw : [raw]).map(String);
    }
  }
  return state as UrlState<D>;
}

/** Puts a patch into a query string; what equals its default is left out, so that addresses stay short. */
export function patchSearch<D extends Record<string, UrlValue>>(
  search: Record<string, unknown>,
  patch: Partial<UrlState<D>>,
  defaults: D,
): Record<string, unknown> {
  const next: Record<string, unknown> = { ...search };
  for (const [key, value] of Object.entries(patch)) {
    const initial = defaults[key];
    if (value === undefined || value === "" || (Array.isArray(value) && value.length === 0 && Array.isArray(initial))) {
      delete next[key];
    } else if (JSON.stringify(value) === JSON.stringify(initial)) {
      delete next[key];
    } else {
      next[key] = value;
    }
    if (value === "" && initial !== "" && initial !== undefined) {
      next[key] = "";
    }
  }
  return next;
}

/**
 * State that lives in the URL, so that a view can be sent to a colleague. Call it with a constant of defaults; keys are
 * strings, numbers, booleans or lists of strings. Setting replaces the address unless `push` asks for a step of history.
 */
export function useUrlState<D extends Record<string, UrlValue>>(
  defaults: D,
): [UrlState<D>, (patch: Partial<UrlState<D>>, options?: { push?: boolean }) => void] {
  const search = useSearch({ strict: false }) as Record<string, unknown>;
  const navigate = useNavigate();
  const fixed = useRef(defaults);
  const state = useMemo(() => readState(search, fixed.current), [search]);
  const set = useCallback(
    (patch: Partial<UrlState<D>>, options?: { push?: boolean }) => {
      void navigate({
        to: ".",
        search: ((old: Record<string, unknown>) => patchSearch(old, patch, fixed.current)) as never,
        replace: !options?.push,
        resetScroll: false,
      });
    },
    [navigate],
  );
  return [state, set];
}

/** The parameters of the page's address: `const { id } = useRouteParams<"id">()`. */
export { useParams } from "@tanstack/react-router";
