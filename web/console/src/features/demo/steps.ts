import { useSyncExternalStore } from "react";

/** The five steps of the loop, and the page each of them is on. */
export const steps = [
  { key: "layers", to: "/layers" },
  { key: "person", to: "/customers" },
  { key: "campaign", to: "/campaigns/new" },
  { key: "days", to: undefined },
  { key: "board", to: "/board" },
] as const;

/** The name of a step. */
export type Step = (typeof steps)[number]["key"];

const kept = "hs.demo.steps";
const changed = "huoshui:demo-steps";

/** Reads which steps were done from what was kept; whatever is not a step is left out. */
export function readDone(text: string | null): Step[] {
  const words = (text ?? "").split(",");
  return steps.map((s) => s.key).filter((key) => words.includes(key));
}

/** Remembers that a step was done. */
export function markDone(step: Step) {
  const done = readDone(localStorage.getItem(kept));
  if (!done.includes(step)) {
    localStorage.setItem(kept, [...done, step].join(","));
    window.dispatchEvent(new Event(changed));
  }
}

function subscribe(listener: () => void) {
  window.addEventListener(changed, listener);
  window.addEventListener("storage", listener);
  return () => {
    window.removeEventListener(changed, listener);
    window.removeEventListener("storage", listener);
  };
}

/** The steps that were done in this browser. */
export function useDone(): Step[] {
  return readDone(useSyncExternalStore(subscribe, () => localStorage.getItem(kept)));
}

/** The step that a page is, if it is one: being there does it. */
export function stepAt(path: string): Step | undefined {
  if (/^\/customers\/[^/]+$/.test(path)) {
    return "person";
  }
  if (/^\/campaigns\/cmp_/.test(path)) {
    return "campaign";
  }
  if (path.startsWith("/layers")) {
    return "layers";
  }
  return path.startsWith("/board") ? "board" : undefined;
}
