import { useMutation } from "@tanstack/react-query";
import { api, queries, type Schema } from "./api";

/** An order of the store. */
export type Sale = Schema<"CheckoutSale">;

/** What an order is called where it stands: an order to pick up is not waiting to be sent, one of a presale waits for its tail. */
export function standing(
  sale: Pick<Sale, "state" | "delivery" | "form">,
): Sale["state"] | "paid_pickup" | "unpaid_tail" {
  if (sale.state === "unpaid" && sale.form?.booking) {
    return "unpaid_tail";
  }
  return sale.state === "paid" && sale.delivery === "pickup" ? "paid_pickup" : sale.state;
}

/** Cancels an unpaid order, or says that one has arrived; what the page remembers of orders follows. */
export function useStep(id: string, step: "close" | "received") {
  return useMutation({
    mutationFn: async () => {
      const params = { params: { path: { id } } };
      const { data, error } =
        step === "close"
          ? await api.POST("/api/v1/shop/orders/{id}/close", params)
          : await api.POST("/api/v1/shop/orders/{id}/received", params);
      if (error) {
        throw error;
      }
      return data;
    },
    onSettled: refreshOrders,
  });
}

/** Asks for orders, coupons and the customer's own again: an order has changed. */
export async function refreshOrders() {
  const stale = ["/api/v1/shop/orders", "/api/v1/shop/orders/{id}", "/api/v1/shop/coupons"];
  await queries.invalidateQueries({
    predicate: (q) => q.queryKey[0] === "me" || stale.includes(String(q.queryKey[1])),
  });
}
