import { useEffect, useRef, useState } from "react";
import type { Live } from "./words";

/** How many events the page keeps; older ones go. */
const most = 400;

/** How the feed stands: being opened, open, trying again, or over because the server said no. */
export type Feed = "opening" | "open" | "retrying" | "over";

/**
 * The events that come in, the newest first, as the server tells them. While paused nothing is asked; afterwards it goes
 * on where it stopped. Another filter begins anew with what the server remembers.
 */
export function useLive(filter: { source: string; name: string; key: string }, paused: boolean) {
  const [events, setEvents] = useState<Live[]>([]);
  const [feed, setFeed] = useState<Feed>("opening");
  const [attempt, setAttempt] = useState(0);
  const last = useRef({ filter: "", id: "" });
  const query = new URLSearchParams(Object.entries(filter).filter(([, v]) => v !== "")).toString();
  // biome-ignore lint/correctness/useExhaustiveDependencies: attempt is there to open the feed once more
  useEffect(() => {
    if (last.current.filter !== query || last.current.id === "") {
      last.current = { filter: query, id: "" };
      setEvents([]);
    }
    if (paused) {
      return;
    }
    setFeed("opening");
    const after = last.current.id ? `after=${last.current.id}` : "";
    const stream = new EventSource(`/api/v1/collect/live?${[query, after].filter(Boolean).join("&")}`);
    let waiting: Live[] = [];
    let timer = 0;
    const show = () => {
      timer = 0;
      const fresh = waiting.reverse();
      waiting = [];
      setEvents((old) => [...fresh, ...old].slice(0, most));
    };
    stream.onopen = () => setFeed("open");
    stream.onmessage = (m: MessageEvent<string>) => {
      last.current.id = m.lastEventId;
      waiting.push(JSON.parse(m.data) as Live);
      timer ||= window.setTimeout(show, 80); // a flood is drawn at once, not one by one
    };
    stream.onerror = () => setFeed(stream.readyState === EventSource.CLOSED ? "over" : "retrying");
    return () => {
      stream.close();
      if (timer) {
        window.clearTimeout(timer);
        show();
      }
    };
  }, [query, paused, attempt]);
  return { events, feed, clear: () => setEvents([]), retry: () => setAttempt((n) => n + 1) };
}
