import type { Theme } from "@huoshui/ui";
import { useSyncExternalStore } from "react";

/** What the reader chose: a theme, or her system's. */
export type ThemeChoice = Theme | "system";

const kept = "hs.theme";
const listeners = new Set<() => void>();
const system = typeof matchMedia === "function" ? matchMedia("(prefers-color-scheme: dark)") : undefined;
system?.addEventListener("change", () => {
  for (const tell of listeners) {
    tell();
  }
});

/** What the reader chose; her system's theme until she does. */
export function themeChoice(): ThemeChoice {
  const chosen = localStorage.getItem(kept);
  return chosen === "light" || chosen === "dark" ? chosen : "system";
}

/** The theme to show now. */
export function currentTheme(): Theme {
  const choice = themeChoice();
  return choice === "system" ? (system?.matches ? "dark" : "light") : choice;
}

/** Remembers the reader's choice and shows it everywhere. */
export function chooseTheme(choice: ThemeChoice) {
  if (choice === "system") {
    localStorage.removeItem(kept);
  } else {
    localStorage.setItem(kept, choice);
  }
  for (const tell of listeners) {
    tell();
  }
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The theme to show, following choice and system. */
export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, currentTheme);
}

/** The reader's choice, followed. */
export function useThemeChoice(): ThemeChoice {
  return useSyncExternalStore(subscribe, themeChoice);
}
