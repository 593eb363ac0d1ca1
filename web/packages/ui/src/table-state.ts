import { useState } from "react";
import type { Column } from "./table";

/** The state of a list that belongs in the URL: search, sort ("-key" is descending), and the values of filters. */
export interface TableState {
  q?: string;
  sort?: string;
  [key: string]: unknown;
}

/**
 * One filter of a list. A choice keeps its value under its key ("a", or ["a","b"] when many); a range keeps two strings
 * under `<key>_min` and `<key>_max` (money in fen, dates as YYYY-MM-DD); a flag is "true" or "false".
 */
export type Filter =
  | { key: string; label: string; kind: "choice"; options: readonly { value: string; label: string }[]; many?: boolean }
  | { key: string; label: string; kind: "text"; placeholder?: string }
  | { key: string; label: string; kind: "number" | "money" | "date" }
  | { key: string; label: string; kind: "flag" };

/** The sort of the URL, taken apart. */
export function sortOf(sort: string | undefined): { key: string; descending: boolean } {
  return sort?.startsWith("-") ? { key: sort.slice(1), descending: true } : { key: sort ?? "", descending: false };
}

/** The value of one filter as strings: none when it is not set. */
export function filterValues(filter: Filter, state: TableState): string[] {
  if (filter.kind === "number" || filter.kind === "money" || filter.kind === "date") {
    const range = [state[`${filter.key}_min`], state[`${filter.key}_max`]].map((v) =>
      v === undefined || v === null ? "" : String(v),
    );
    return range.some(Boolean) ? range : [];
  }
  const value = state[filter.key];
  if (Array.isArray(value)) {
    return value.map(String);
  }
  return value === undefined || value === null || value === "" ? [] : [String(value)];
}

/** The filters that are set, in their order. */
export function activeFilters(filters: readonly Filter[], state: TableState): Filter[] {
  return filters.filter((f) => filterValues(f, state).length > 0);
}

/** Which columns the reader has chosen, kept in her browser. */
export const rememberedColumns = {
  read(id: string): string[] | undefined {
    try {
      const kept: unknown = JSON.parse(localStorage.getItem(`hs.columns.${id}`) ?? "null");
      return Array.isArray(kept) ? kept.map(String) : undefined;
    } catch {
      return undefined;
    }
  },
  write(id: string, keys: readonly string[] | undefined) {
    if (keys) {
      localStorage.setItem(`hs.columns.${id}`, JSON.stringify(keys));
    } else {
      localStorage.removeItem(`hs.columns.${id}`);
    }
  },
};

/** Filters under a name. */
export interface View {
  name: string;
  state: TableState;
}

/** The reader's saved views of a table, kept in her browser; saving a name again replaces it. */
export function useViews(id: string) {
  const key = `hs.views.${id}`;
  const [list, setList] = useState<View[]>(() => {
    try {
      const kept: unknown = JSON.parse(localStorage.getItem(key) ?? "[]");
      return Array.isArray(kept) ? (kept as View[]) : [];
    } catch {
      return [];
    }
  });
  const keep = (next: View[]) => {
    localStorage.setItem(key, JSON.stringify(next));
    setList(next);
  };
  return {
    list,
    save: (name: string, state: TableState) => {
      const { open: _open, ...kept } = state;
      keep([...list.filter((v) => v.name !== name), { name, state: kept }]);
    },
    remove: (name: string) => keep(list.filter((v) => v.name !== name)),
  };
}

/**
 * Rows as CSV for a spreadsheet: a byte order mark so that Excel reads UTF-8, CRLF lines (RFC 4180), and a quote before
 * text that a spreadsheet would run as a formula.
 */
export function toCSV<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const exported = columns.filter((c) => c.value);
  const lines = [exported.map((c) => cell(c.title))];
  for (const row of rows) {
    lines.push(exported.map((c) => cell(c.value?.(row))));
  }
  return `\uFEFF${lines.map((line) => line.join(",")).join("\r\n")}\r\n`;
}

function cell(value: string | number | boolean | null | undefined): string {
  if (value === null || value === undefined) {
    return "";
  }
  let text = String(value);
  if (typeof value === "string" && /^[=+\-@\t\r]/.test(text)) {
    text = `'${text}`;
  }
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
