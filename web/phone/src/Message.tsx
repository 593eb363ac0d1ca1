import { $api, type Schema } from "@huoshui/api";
import { formatWhen } from "@huoshui/ui/format";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { TopBar, Trouble, zone } from "./App";
import { words } from "./i18n";
import { go, type Place } from "./place";

/** One message: reading it opens it, its button clicks it. */
export function Message({
  place,
  message,
  reload,
}: {
  place: Place;
  message: Schema<"DemoReceived">;
  reload: () => void;
}) {
  const client = useQueryClient();
  const open = $api.useMutation("post", "/api/v1/demo/messages/{message}/open", {
    onSuccess: () => {
      reload();
      void client.invalidateQueries({ queryKey: ["get", "/api/v1/demo/phones"] });
    },
  });
  const click = $api.useMutation("post", "/api/v1/demo/messages/{message}/click", { onSuccess: reload });
  const leave = $api.useMutation("post", "/api/v1/demo/messages/{message}/leave", { onSuccess: reload });
  const [asking, setAsking] = useState(false);
  const params = { params: { path: { message: message.id } } };

  const told = useRef(false);
  const { mutate } = open;
  const { id, opened_at } = message;
  useEffect(() => {
    if (!opened_at && !told.current) {
      told.current = true;
      mutate({ params: { path: { message: id } } });
    }
  }, [id, opened_at, mutate]);

  const failed = click.error ?? leave.error;
  return (
    <div className="screen">
      <TopBar title={message.title} back={{ ...place, screen: "inbox", message: undefined }} />
      <article className="scroll letter">
        <time dateTime={message.arrived_at}>{formatWhen(message.arrived_at, zone)}</time>
        {message.image.startsWith("http") || message.image.startsWith("/") ? <img src={message.image} alt="" /> : null}
        <p className="letter-text">{message.body}</p>
        {failed && <Trouble error={failed} again={() => click.mutate(params)} />}
        <footer>
          {leave.isSuccess ? (
            <p role="status">{words.left}</p>
          ) : asking ? (
            <div className="ask">
              <p>{words.leave_ask}</p>
              <button type="button" className="danger" disabled={leave.isPending} onClick={() => leave.mutate(params)}>
                {words.leave_yes}
              </button>
              <button type="button" className="quiet" onClick={() => setAsking(false)}>
                {words.leave_no}
              </button>
            </div>
          ) : (
            <button type="button" className="quiet" onClick={() => setAsking(true)}>
              {words.leave}
            </button>
          )}
        </footer>
      </article>
      <div className="bottom-bar">
        <button
          type="button"
          className="primary wide"
          disabled={click.isPending}
          onClick={() =>
            click.mutate(params, { onSuccess: () => go({ ...place, screen: "shop", message: message.id }) })
          }
        >
          {message.action || words.open_link}
        </button>
      </div>
    </div>
  );
}
