import type { TFunction } from "i18next";
import { formatCount, formatMoneyShort, type Locale } from "./format";
import { type Filter, filterValues, type TableState } from "./table-state";

/** What a filter is set to, in words. */
export function filterText(filter: Filter, state: TableState, t: TFunction, locale: Locale): string {
  const values = filterValues(filter, state);
  switch (filter.kind) {
    case "choice":
      return values.map((v) => filter.options.find((o) => o.value === v)?.label ?? v).join(", ");
    case "flag":
      return values[0] === "true" ? t("ui.table.yes") : t("ui.table.no");
    case "text":
      return values[0] ?? "";
    default: {
      const write = (v: string) => {
        if (filter.kind === "date") {
          return v;
        }
        return filter.kind === "money"
          ? formatMoneyShort(Number(v), locale.language)
          : formatCount(Number(v), locale.language);
      };
      const [min = "", max = ""] = values;
      if (min && max) {
        return `${write(min)} – ${write(max)}`;
      }
      return min ? `≥ ${write(min)}` : `≤ ${write(max)}`;
    }
  }
}
