import { $api } from "@huoshui/api";
import { useCan } from "./session";

/** A staff member's name by id; the id itself for whoever may not see the accounts, or for one who is not listed. */
export function useStaffName(): (id: string | undefined) => string {
  const can = useCan();
  const all = $api.useQuery(
    "get",
    "/api/v1/staff",
    { params: { query: { all: true } } },
    { enabled: can("staff.read"), staleTime: 300_000 },
  );
  return (id) => (id ? (all.data?.items.find((s) => s.id === id)?.name ?? id) : "");
}
