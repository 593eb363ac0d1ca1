import type { Language } from "@huoshui/ui/format";
import { keep, kept } from "./kept";

/** The same keys with other texts: what the English words must be of the Chinese ones. */
export type Same<Words> = { [K in keyof Words]: Words[K] extends string ? string : Same<Words[K]> };

function chosen(): Language {
  const language = kept("hs.language");
  if (language === "zh" || language === "en") {
    return language;
  }
  return navigator.language?.toLowerCase().startsWith("en") ? "en" : "zh";
}

/** The reader's language, kept by her browser; the console and the phone keep it under the same name. */
export const language: Language = chosen();

/** How the reader sees numbers and times. */
export const reader = { language, zone: "Asia/Shanghai" };

/** The words of the reader's language. A page keeps its words in words/<page>.ts as `zh` and `en: Same<typeof zh>`. */
export function pick<Words>(both: { zh: Words; en: Same<Words> }): Words {
  return language === "zh" ? both.zh : (both.en as Words);
}

/** A text with its {names} filled in. */
export function say(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

/** Shows the store in another language from now on. */
export function speak(other: Language) {
  keep("hs.language", other);
  location.reload();
}
