import type { Schema } from "@huoshui/api";

/** A content of the library. */
export type Content = Schema<"Content">;

/** What an author writes of a content. */
export type Draft = Schema<"ContentDraft">;

/** What is said on one channel in one language. */
export type Body = Schema<"ContentBody">;

/** The channels that carry content. */
export const channels = ["phone", "email", "task", "webhook"] as const;

/** Words in the reader's language, or in the other one. */
export function say(words: { zh: string; en?: string }, language: string): string {
  return (language === "en" ? words.en || words.zh : words.zh || words.en) ?? "";
}

/** The channels a content has something for. */
export function covered(bodies: readonly Body[]): string[] {
  return channels.filter((c) => bodies.some((b) => b.channel === c || b.channel === ""));
}

/** The draft of a content that was saved. */
export function draftOf(c: Content): Draft {
  return { name: c.name, note: c.note, layers: c.layers, bodies: c.bodies };
}

/** A new content begins with one body for every channel. */
export function emptyDraft(): Draft {
  return {
    name: { zh: "", en: "" },
    note: { zh: "", en: "" },
    layers: [],
    bodies: [{ channel: "", language: "zh", subject: "", text: "" }],
  };
}

/** Puts text into a value where the cursor is; returns the new value and where the cursor goes. */
export function insertAt(value: string, from: number, to: number, text: string): { value: string; cursor: number } {
  return { value: value.slice(0, from) + text + value.slice(to), cursor: from + text.length };
}

/** A variable as it is written: {{name|fallback}}, without the fallback where everybody has a value. */
export function written(name: string, always: boolean, fallback: string): string {
  return always ? `{{${name}}}` : `{{${name}|${fallback}}}`;
}
