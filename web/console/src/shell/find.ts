import { $api } from "@huoshui/api";
import { formatCount, formatMoney, formatWhen, useReader } from "@huoshui/ui";
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

/** An order that ⌘K found, and the customer on whose page it is shown. */
export interface FoundOrder extends Found {
  customer: string;
}

/** The customers, orders and segments that the query finds; nothing for an empty one. */
export function useFound(query: string): {
  customers: Found[];
  orders: FoundOrder[];
  segments: Found[];
  searching: boolean;
} {
  const { t } = useTranslation();
  const reader = useReader();
  const { language } = reader;
  const can = useCan();
  const q = useSettled(query, 150);
  const customers = $api.useQuery(
    "get",
    "/api/v1/customers",
    { params: { query: { q, limit: 6 } } },
    { enabled: q !== "" && can("customers.read"), placeholderData: keepPreviousData, retry: false },
  );
  const orders = $api.useQuery(
    "get",
    "/api/v1/orders",
    { params: { query: { q, limit: 4 } } },
    { enabled: q.length > 2 && can("customers.read"), placeholderData: keepPreviousData, retry: false },
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
      orders:
        q.length > 2
          ? (orders.data?.items.map((o) => ({
              id: o.id,
              customer: o.customer_id,
              label: o.number,
              note: [o.name, formatMoney(o.amount_fen, language), formatWhen(o.paid_at, reader, "date")]
                .filter(Boolean)
                .join(" · "),
            })) ?? [])
          : [],
      segments: asked
        ? (segments.data?.items.map((s) => ({
            id: s.id,
            label: s.name,
            note: t("ui.people.count", { count: s.size, n: formatCount(s.size, language) }),
          })) ?? [])
        : [],
      searching: query !== q || customers.isFetching || orders.isFetching || segments.isFetching,
    };
  }, [
    q,
    query,
    customers.data,
    customers.isFetching,
    orders.data,
    orders.isFetching,
    segments.data,
    segments.isFetching,
    t,
    language,
    reader,
  ]);
}
