import { $api } from "@huoshui/api";
import { formatCount, type Language } from "@huoshui/ui";
import { keepPreviousData } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "./session";

/** A thing that ⌘K found. */
export interface Found {
  id: string;
  label: string;
  note?: string;
}

/** The value as it was when nothing had changed for a moment. */
export function useSettled<T>(value: T, milliseconds: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return settled;
}

/** The customers and segments that the query finds; nothing for an empty one. */
export function useFound(query: string): { customers: Found[]; segments: Found[]; searching: boolean } {
  const { t, i18n } = useTranslation();
  const language: Language = i18n.language === "en" ? "en" : "zh";
  const can = useCan();
  const q = useSettled(query, 150);
  const customers = $api.useQuery(
    "get",
    "/api/v1/customers",
    { params: { query: { q, limit: 6 } } },
    { enabled: q !== "" && can("customers.read"), placeholderData: keepPreviousData, retry: false },
  );
  const segments = $api.useQuery(
    "get",
    "/api/v1/segments",
    { params: { query: { q, limit: 4 } } },
    { enabled: q !== "" && can("segments.read"), placeholderData: keepPreviousData, retry: false },
  );
  return useMemo(() => {
    const asked = q !== "";
    return {
      customers: asked
        ? (customers.data?.items.map((c) => ({
            id: c.id,
            label: c.name || c.code || c.id,
            note: [c.layer ? t(`ui.layer.${c.layer}`) : "", c.city].filter(Boolean).join(" · "),
          })) ?? [])
        : [],
      segments: asked
        ? (segments.data?.items.map((s) => ({
            id: s.id,
            label: s.name,
            note: t("ui.people.count", { n: formatCount(s.size, language) }),
          })) ?? [])
        : [],
      searching: query !== q || customers.isFetching || segments.isFetching,
    };
  }, [q, query, customers.data, customers.isFetching, segments.data, segments.isFetching, t, language]);
}
