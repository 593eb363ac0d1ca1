import type { Catalogue, SameKeys } from "@huoshui/ui";
import type { ComponentType, ReactNode } from "react";

/** The sections of the left navigation, in the order of the work. */
export const sections = [
  "overview",
  "users",
  "marketing",
  "community",
  "trade",
  "finance",
  "data",
  "work",
  "settings",
] as const;

/** One of the sections. */
export type Section = (typeof sections)[number];

/** One page of a feature: where it is, what it is called, what shows it, and whether the navigation has it. */
export interface PageDef {
  /** From the console's root; "$id" is a parameter: "/customers/$id". */
  path: string;
  /** Catalogue key of the page's name, for the navigation and ⌘K. */
  title: string;
  /** The page itself, in its own chunk: `() => import("./CustomersPage")`, whose default export is the component. */
  load: () => Promise<{ default: ComponentType }>;
  /** Present when the page has a place in the navigation. `order` is its place in the section. */
  nav?: { section: Section; order: number; icon: ReactNode };
  /** The permission without which the page is neither listed nor shown, as the API names it: "customers.read". */
  permission?: string;
  /** More words that ⌘K finds it by. */
  words?: string;
}

/** One tab of the settings page. */
export interface SettingsTab {
  /** The last part of its address: /settings/policy. */
  key: string;
  title: string;
  order: number;
  load: () => Promise<{ default: ComponentType }>;
  permission?: string;
}

/** What a feature gives to the shell. */
export interface Feature {
  /** Its name, and the first word of its catalogue keys: "customers". */
  name: string;
  i18n: { zh: Catalogue; en: Catalogue };
  /** Messages of the API's problems by code ("customer.not_found"). */
  problems?: { zh: Record<string, string>; en: Record<string, string> };
  pages: PageDef[];
  settings?: SettingsTab[];
  /** Shown above every page when it has something to say: the demo bar. */
  bar?: () => Promise<{ default: ComponentType }>;
}

/** Declares a feature; the English catalogue must have exactly the keys of the Chinese one. */
export function feature<C extends Catalogue, P extends Record<string, string> = Record<string, string>>(
  definition: Omit<Feature, "i18n" | "problems"> & {
    i18n: { zh: C; en: SameKeys<C> };
    problems?: { zh: P; en: { [K in keyof P]: string } };
  },
): Feature {
  return definition as Feature;
}
