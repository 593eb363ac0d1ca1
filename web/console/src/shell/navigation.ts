import { type Feature, type PageDef, type Section, sections } from "./feature";

/** The navigation for a reader: only sections with pages she may see, in the order of the work. */
export function navigation(
  features: readonly Feature[],
  can: (permission: string | undefined) => boolean,
): { section: Section; pages: PageDef[] }[] {
  const pages = features.flatMap((f) => f.pages).filter((p) => p.nav && can(p.permission));
  return sections
    .map((section) => ({
      section,
      pages: pages.filter((p) => p.nav?.section === section).sort((a, b) => (a.nav?.order ?? 0) - (b.nav?.order ?? 0)),
    }))
    .filter(({ pages }) => pages.length > 0);
}
