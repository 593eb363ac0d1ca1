import { useMutation } from "@tanstack/react-query";
import { $api, api, guest, hasGuest, queries, type Schema, useMe } from "./api";

/** A line of the cart. */
export type Line = Schema<"ShopCartLine">;

const key = ["get", "/api/v1/shop/cart"] as const;

/** The caller's cart: nobody's is empty without asking. */
export function useCart() {
  const me = useMe();
  const asked = $api.useQuery("get", "/api/v1/shop/cart", undefined, {
    enabled: me != null || (me === null && hasGuest()),
  });
  const lines: Line[] = asked.data?.items ?? [];
  return {
    lines,
    units: lines.reduce((n, l) => n + (l.sold ? l.quantity : 0), 0),
    pending: me === undefined || (asked.isPending && asked.isEnabled),
    error: asked.error,
    again: () => void asked.refetch(),
  };
}

interface Put {
  sku: string;
  quantity: number;
  chosen: boolean;
}

/** Sets how many of a SKU lie in the cart; the page shows it at once and takes it back when the server refuses. */
export function usePut() {
  return useMutation({
    mutationFn: async ({ sku, quantity, chosen }: Put) => {
      guest();
      const { error } = await api.PUT("/api/v1/shop/cart/{sku}", {
        params: { path: { sku } },
        body: { quantity, chosen },
      });
      if (error) {
        throw error;
      }
    },
    onMutate: async ({ sku, quantity, chosen }: Put) => {
      await queries.cancelQueries({ queryKey: key });
      const before = queries.getQueryData<{ items: Line[] }>(key);
      if (before) {
        queries.setQueryData(key, {
          ...before,
          items: before.items
            .map((l) => (l.sku.code === sku ? { ...l, quantity, chosen } : l))
            .filter((l) => l.quantity > 0),
        });
      }
      return before;
    },
    onError: (_, __, before) => before && queries.setQueryData(key, before),
    onSettled: async () => {
      await queries.cancelQueries({ queryKey: key }); // an answer on its way may have been read before the change
      await queries.invalidateQueries({ queryKey: key });
    },
  });
}
