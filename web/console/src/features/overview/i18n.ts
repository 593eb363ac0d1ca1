import type { Catalogue, SameKeys } from "@huoshui/ui";

export const zh = { title: "总览" } satisfies Catalogue;
export const en: SameKeys<typeof zh> = { title: "Overview" };
