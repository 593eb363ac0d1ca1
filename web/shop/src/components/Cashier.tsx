import { formatDuration } from "@huoshui/ui/format";
import { useMutation } from "@tanstack/react-query";
import { lazy, type ReactNode, Suspense, useEffect } from "react";
import type { Schema } from "../api";
import { useLeft } from "../clock";
import { language, pick, say } from "../i18n";
import * as both from "../words/order";
import { Price } from "./goods";
import { Screen } from "./Screen";
import { ErrorState, Skeleton, Trouble } from "./states";

const words = pick(both);
const Code = lazy(() => import("./Code"));

/** WeChat's cashier for an amount: the time left, the way to pay, and a way to let it go. */
export function Cashier(props: {
  title: string;
  up: string;
  of: string; // what is paid: it is asked for once
  fen: number;
  until?: string;
  ask: () => Promise<Schema<"ShopCashier">>;
  again: () => void; // look whether it is paid
  trouble: unknown;
  cancel: ReactNode;
  children?: ReactNode;
}) {
  const left = useLeft(props.until);
  const ask = useMutation({ mutationFn: props.ask });
  const { mutate } = ask;
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked once for each order; the same order has the same payment
  useEffect(() => mutate(), [props.of]);
  const simulate = useMutation({
    mutationFn: async (address: string) => {
      const answer = await fetch(address, { method: "POST", headers: { Accept: "application/json" } });
      if (!answer.ok) {
        throw await answer.json();
      }
    },
    onSettled: props.again,
  });
  const cashier = ask.data;
  return (
    <Screen
      title={props.title}
      up={props.up}
      bar={
        <>
          {props.cancel}
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
          <Price fen={props.fen} large />
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
        <Trouble error={simulate.error ?? props.trouble} />
      </section>
      {props.children}
    </Screen>
  );
}
