import type { Schema } from "@huoshui/api";
import { useTranslation } from "react-i18next";

export type Conflict = Schema<"IdentityConflict">;
export type Face = Schema<"IdentityFace">;
export type Key = Schema<"CustomerKey">;
export type Merge = Schema<"IdentityMerge">;

/** A source channel in words: those we know by name, any other as it is written. */
export function useChannel(): (code: string) => string {
  const { t } = useTranslation();
  return (code) => (code ? t(`customers.channel.${code}`, { defaultValue: code }) : t("identity.no_source"));
}

/** How a person is called: by name, else by number. */
export function useFaceName(): (face: Face | undefined, number: number) => string {
  const { t } = useTranslation();
  return (face, number) => face?.name || t("identity.numbered", { number });
}

/** The keys of evidence, each once. */
export function distinct(...lists: (readonly Key[] | undefined)[]): Key[] {
  const seen = new Map<string, Key>();
  for (const list of lists) {
    for (const k of list ?? []) {
      seen.set(`${k.kind}:${k.value}`, k);
    }
  }
  return [...seen.values()];
}
