import { $api, type Schema } from "@huoshui/api";
import { useQuery } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext } from "react";

/** Who is signed in, as the API says. */
export type Staff = Schema<"AuthStaff">;

const SessionContext = createContext<Staff | undefined>(undefined);

/** Gives everything below the one who is signed in. */
export function SessionProvider(props: { staff: Staff; children: ReactNode }) {
  return <SessionContext value={props.staff}>{props.children}</SessionContext>;
}

/** Who is signed in; only pages inside the shell may ask. */
export function useStaff(): Staff {
  const staff = useContext(SessionContext);
  if (!staff) {
    throw new Error("useStaff outside of the signed-in shell");
  }
  return staff;
}

/** Whether the signed-in person may do something, by the API's name of it: useCan()("campaigns.send"). */
export function useCan(): (permission: string | undefined) => boolean {
  const staff = useStaff();
  return (permission) => !permission || (staff.permissions as string[]).includes(permission);
}

/** The question who is signed in; a stranger is answered with an empty id, which is no error. */
export const sessionQuery = $api.queryOptions(
  "get",
  "/api/v1/session",
  { params: { query: { ask: true } } },
  { retry: false, staleTime: 60_000 },
);

/** Asks who is signed in. */
export function useSessionQuery() {
  return useQuery(sessionQuery);
}
