import { useEffect } from "react";
import { $api, api } from "../api";
import { Cashier } from "../components/Cashier";
import { Price } from "../components/goods";
import { Screen } from "../components/Screen";
import { Signed } from "../components/Signed";
import { ErrorState, Skeleton } from "../components/states";
import { pick } from "../i18n";
import { refreshOrders, type Sale, useStep } from "../orders";
import { Link, type Params } from "../router";
import * as both from "../words/order";
import { Twice } from "./Order";

const words = pick(both);

/** The cashier: the amount, the time left, the way to pay, and what became of it. */
export default function Pay({ params }: { params: Params }) {
  return (
    <Signed title={words.pay_title} up="/orders">
      <Asked id={params.id ?? ""} />
    </Signed>
  );
}

function Asked({ id }: { id: string }) {
  const asked = $api.useQuery(
    "get",
    "/api/v1/shop/orders/{id}",
    { params: { path: { id } } },
    { refetchInterval: (q) => (q.state.data?.state === "unpaid" ? 2000 : false), staleTime: 0 },
  );
  const sale = asked.data;
  const state = sale?.state;
  useEffect(() => {
    if (state && state !== "unpaid") {
      void refreshOrders();
    }
  }, [state]);
  if (!sale) {
    return (
      <Screen title={words.pay_title} up="/orders" busy={asked.isPending}>
        {asked.isError ? (
          <ErrorState error={asked.error} again={() => void asked.refetch()} />
        ) : (
          <Skeleton lines={3} high={64} />
        )}
      </Screen>
    );
  }
  if (sale.state !== "unpaid") {
    return (
      <Screen title={words.pay_title} up="/orders">
        <div className="empty" role="status">
          <p className="empty-title">{sale.state === "closed" ? words.pay_closed : words.pay_done}</p>
          <p className="cash">
            <Price fen={sale.total_fen} large />
          </p>
          <Link to={`/orders/${sale.id}`} instead className="primary">
            {words.see_order}
          </Link>
        </div>
      </Screen>
    );
  }
  return <Open sale={sale} again={() => void asked.refetch()} />;
}

function Open({ sale, again }: { sale: Sale; again: () => void }) {
  const close = useStep(sale.id, "close");
  return (
    <Cashier
      title={words.pay_title}
      up={`/orders/${sale.id}`}
      of={sale.id}
      fen={sale.cash_fen}
      until={sale.due_at}
      ask={async (method) => {
        const { data, error } = await api.POST("/api/v1/shop/orders/{id}/pay", {
          params: { path: { id: sale.id } },
          body: { method },
        });
        if (error) {
          throw error;
        }
        return data;
      }}
      again={again}
      trouble={close.error}
      cancel={
        <Twice
          words={words.cancel}
          sure={words.cancel_sure}
          className="quiet"
          disabled={close.isPending}
          act={() => close.mutate()}
        />
      }
    />
  );
}
