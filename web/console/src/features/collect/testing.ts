import type { Source } from "./words";

/** What came of sending a test event, as a key of `collect.test`. */
export type Tested = "sent" | "paused" | "origin" | "refused" | "unreachable";

/** Whether this page can send in the name of a source: a webhook signs, and a masked key opens nothing. */
export function testable(s: Source): boolean {
  return s.kind !== "webhook" && !s.write_key.startsWith("…");
}

/** Sends one event from this browser, with the key of a source and in one of its languages, as its SDK would. */
export async function sendTest(s: Source, name: string): Promise<Tested> {
  const device = "huoshui-console-test";
  try {
    const answer = s.protocols.includes("segment")
      ? await fetch("/v1/track", {
          method: "POST",
          credentials: "omit",
          headers: { "Content-Type": "application/json", "X-Write-Key": s.write_key },
          body: JSON.stringify({
            messageId: crypto.randomUUID?.() ?? `test-${Date.now()}-${Math.random()}`,
            anonymousId: device,
            event: name,
            properties: { from: "console", language: navigator.language },
            timestamp: new Date().toISOString(),
          }),
        })
      : await fetch(`/sa?token=${encodeURIComponent(s.write_key)}`, {
          method: "POST",
          credentials: "omit",
          headers: { "Content-Type": "application/x-www-form-urlencoded" },
          body: new URLSearchParams({ data: base64(sensorsRecord(device, name)) }),
        });
    if (!answer.ok) {
      return answer.status === 403 ? "origin" : "refused";
    }
    return s.paused ? "paused" : "sent";
  } catch {
    return "unreachable";
  }
}

function sensorsRecord(device: string, event: string): string {
  return JSON.stringify({
    distinct_id: device,
    anonymous_id: device,
    type: "track",
    event,
    time: Date.now(),
    _flush_time: Date.now(),
    properties: { from: "console" },
    _track_id: Math.floor(Math.random() * 1e9),
  });
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
