import { $api } from "@huoshui/api";
import { useCan } from "../../shell/session";

/** The tags a campaign may be for: those that people can carry (a statistic with values is carried by its values). */
export function useTags() {
  const can = useCan();
  const list = $api.useQuery("get", "/api/v1/tags", {}, { enabled: can("tags.read"), staleTime: 30_000 });
  const all = list.data?.items ?? [];
  const families = new Set(all.map((tag) => tag.parent).filter(Boolean));
  return { items: all.filter((tag) => !families.has(tag.id)), all, ready: !!list.data };
}
