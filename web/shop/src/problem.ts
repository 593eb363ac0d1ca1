import { problemOf } from "./api";
import { pick, say } from "./i18n";
import * as both from "./words/errors";

const words = pick(both) as Record<string, string>;

/** What went wrong, in words for a customer. */
export function problemText(error: unknown): string {
  const problem = problemOf(error);
  const text = words[problem.code.replaceAll(".", "_")] ?? words.unknown ?? "";
  return say(text, (problem.params ?? {}) as Record<string, string | number>);
}
