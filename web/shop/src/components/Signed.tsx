import { type ReactNode, useEffect } from "react";
import { useMe } from "../api";
import { go } from "../router";
import { Screen } from "./Screen";
import { Skeleton } from "./states";

/** What only a customer who is signed in sees; a guest is led to the door and back here. */
export function Signed({ title, up, children }: { title: string; up: string; children: ReactNode }) {
  const me = useMe();
  useEffect(() => {
    if (me === null) {
      go(`/sign-in?to=${encodeURIComponent(location.pathname.replace(/^\/shop/, "") + location.search)}`, true);
    }
  }, [me]);
  return me ? (
    children
  ) : (
    <Screen title={title} up={up} busy>
      <Skeleton lines={4} high={64} />
    </Screen>
  );
}
