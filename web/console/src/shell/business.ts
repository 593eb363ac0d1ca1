import { $api } from "@huoshui/api";
import { setAhead } from "@huoshui/ui";
import { useEffect } from "react";
import { setZone } from "./zone";

/** The business's zone and present, kept for everything that tells times; undefined until it is known. */
export function useBusiness() {
  const query = $api.useQuery("get", "/api/v1/business", {}, { staleTime: 60_000 });
  const { data, dataUpdatedAt } = query;
  useEffect(() => {
    if (data) {
      setZone(data.zone);
      const ahead = new Date(data.now).getTime() - dataUpdatedAt;
      setAhead(Math.abs(ahead) < 5_000 ? 0 : ahead);
    }
  }, [data, dataUpdatedAt]);
  return data;
}
