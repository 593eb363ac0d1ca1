import { formatDuration } from "@huoshui/ui/format";
import { useMutation } from "@tanstack/react-query";
import { lazy, type ReactNode, Suspense, useEffect, useState } from "react";
import type { Schema } from "../api";
import { inWechat, openCashier, type Told } from "../bridge";
import { useLeft } from "../clock";
import { language, pick, say } from "../i18n";
import * as both from "../words/order";
import { Price } from "./goods";
import { Screen } from "./Screen";
import { ErrorState, Skeleton, Trouble } from "./states";

const words = pick(both);
const Code = lazy(() => import("./Code"));

/** Ways to WeChat Pay: over the page that WeChat shows, or by a code that is scanned. */
export type Way = "wechat_jsapi" | "wechat_native";

/** WeChat's cashier for an amount: the time left, the way to pay, and a way to let it go. */
export function Cashier(props: {
  title: string;
  up: string;
  of: string; // what is paid: it is asked for once
  fen: number;
  until?: string;
  ask: (way: Way) => Promise<Schema<"ShopCashier">>;
  again: () => void; // look whether it is paid
  trouble: unknown;
  cancel: ReactNode;
  children?: ReactNode;
}) {
  const left = useLeft(props.until);
  const ask = useMutation({
    // Who did not sign in by WeChat has no openid there to pay under: she scans, as everywhere else.
    mutationFn: () =>
      inWechat() ? props.ask("wechat_jsapi").catch(() => props.ask("wechat_native")) : props.ask("wechat_native"),
  });
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
  const launch = cashier?.launch;
  const [told, setTold] = useState<Told | "open">();
  const pay = async () => {
    if (launch) {
      setTold("open");
      setTold(await openCashier(launch));
      props.again();
    }
  };
  const waiting = told === "open" || told === "paid";
  return (
    <Screen
      title={props.title}
      up={props.up}
      bar={
        <>
          {props.cancel}
          {launch ? (
            <button type="button" className="primary grow" disabled={waiting} onClick={() => void pay()}>
              {waiting ? words.pay_wait : words.pay_wechat}
            </button>
          ) : cashier?.simulated ? (
            <button
              type="button"
              className="primary grow"
              disabled={simulate.isPending || simulate.isSuccess}
              onClick={() => cashier.simulated && simulate.mutate(cashier.simulated)}
            >
              {simulate.isPending || simulate.isSuccess ? words.pay_wait : words.pay_sim}
            </button>
          ) : null}
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
        ) : launch ? (
          <p className={told === "failed" ? "trouble" : "muted"} role="status">
            {told === "failed" ? words.pay_failed : told === "left" ? words.pay_unpaid : words.pay_bridge}
          </p>
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
