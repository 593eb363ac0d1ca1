import { formatDuration } from "@huoshui/ui/format";
import { useMutation } from "@tanstack/react-query";
import { lazy, Suspense, useEffect } from "react";
import { $api, api } from "../api";
import { useLeft } from "../clock";
import { Price } from "../components/goods";
import { Screen } from "../components/Screen";
import { Signed } from "../components/Signed";
import { ErrorState, Skeleton, Trouble } from "../components/states";
import { language, pick, say } from "../i18n";
import { refreshOrders, type Sale, useStep } from "../orders";
import { Link, type Params } from "../router";
import * as both from "../words/order";
import { Twice } from "./Order";

const words = pick(both);
const Code = lazy(() => import("../components/Code"));

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
  const left = useLeft(sale.due_at);
  const close = useStep(sale.id, "close");
  const ask = useMutation({
    mutationFn: async () => {
      const { data, error } = await api.POST("/api/v1/shop/orders/{id}/pay", {
        params: { path: { id: sale.id } },
        body: { method: "wechat_native" },
      });
      if (error) {
        throw error;
      }
      return data;
    },
  });
  const { mutate } = ask;
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked once for each order; the same order has the same payment
  useEffect(() => mutate(), [sale.id]);
  const simulate = useMutation({
    mutationFn: async (address: string) => {
      const answer = await fetch(address, { method: "POST", headers: { Accept: "application/json" } });
      if (!answer.ok) {
        throw await answer.json();
      }
    },
    onSettled: again,
  });
  const cashier = ask.data;
  return (
    <Screen
      title={words.pay_title}
      up={`/orders/${sale.id}`}
      bar={
        <>
          <Twice
            words={words.cancel}
            sure={words.cancel_sure}
            className="quiet"
            disabled={close.isPending}
            act={() => close.mutate()}
          />
          {cashier?.simulated && (
            <button
              type="button"
              className="primary grow"
              disabled={simulate.isPending || simulate.isSuccess}
              onClick={() => cashier.simulated && simulate.mutate(cashier.simulated)}
            >
              {simulate.isPending || simulate.isSuccess ? words.pay_wait : words.pay_sim}
            </button>
          )}
        </>
      }
    >
      <section className="panel cashier">
        <p className="muted">{words.pay_amount}</p>
        <p className="cash">
          <Price fen={sale.cash_fen} large />
        </p>
        <p className="small">{say(words.pay_left, { left: formatDuration(Math.ceil(left / 1000), language) })}</p>
      </section>
      <section className="panel cashier">
        {ask.isError ? (
          <ErrorState error={ask.error} again={() => mutate()} />
        ) : !cashier ? (
          <Skeleton lines={2} high={96} />
        ) : cashier.simulated ? (
          <p className="muted">{words.pay_sim_why}</p>
        ) : (
          cashier.code_url && (
            <>
              <h2>{words.pay_scan}</h2>
              <Suspense fallback={<Skeleton lines={1} high={232} />}>
                <Code text={cashier.code_url} name={words.pay_qr} />
              </Suspense>
              <p className="muted">{words.pay_scan_why}</p>
            </>
          )
        )}
        <Trouble error={simulate.error ?? close.error} />
      </section>
    </Screen>
  );
}
