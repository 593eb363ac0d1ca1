import { $api } from "@huoshui/api";
import { useMemo } from "react";

/** The segments one may choose, and their names by id. */
export function useSegments() {
  const list = $api.useQuery("get", "/api/v1/segments", { params: { query: { limit: 500 } } });
  const items = list.data?.items;
  const names: ReadonlyMap<string, string> = useMemo(() => new Map(items?.map((s) => [s.id, s.name])), [items]);
  return { items: items ?? [], names, ready: !!items };
}
