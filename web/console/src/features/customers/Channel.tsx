import { None } from "@huoshui/ui";
import { useChannelName } from "../../shell/channel-name";

/** A sales channel in the reader's word for it. */
export function Channel(props: { code: string | undefined }) {
  const name = useChannelName();
  return props.code ? name(props.code) : <None />;
}
