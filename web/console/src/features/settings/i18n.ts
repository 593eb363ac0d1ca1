import type { Catalogue, SameKeys } from "@huoshui/ui";

export const zh = {
  title: "设置",
  none: "你的角色没有可以查看的设置",
} satisfies Catalogue;

export const en: SameKeys<typeof zh> = {
  title: "Settings",
  none: "Your role includes no settings",
};
