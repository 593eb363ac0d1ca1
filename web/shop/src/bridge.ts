import type { Schema } from "./api";

type Launch = Schema<"PaymentLaunch">;
type Bridge = { invoke: (name: string, given: Launch, hear: (answer: { err_msg: string }) => void) => void };

/** What became of WeChat's cashier: the payment itself is told by the server, to whom WeChat tells it. */
export type Told = "paid" | "left" | "failed";

/** Whether the page is shown by WeChat, whose bridge opens its cashier. */
export const inWechat = () => /MicroMessenger/i.test(navigator.userAgent);

/** The bridge, which WeChat puts into the page some time after it was loaded. */
function bridge(): Promise<Bridge> {
  const here = () => (window as unknown as { WeixinJSBridge?: Bridge }).WeixinJSBridge;
  return new Promise((found, lost) => {
    const now = here();
    if (now) {
      found(now);
      return;
    }
    const late = window.setTimeout(() => lost(new Error("WeixinJSBridge")), 5000);
    document.addEventListener(
      "WeixinJSBridgeReady",
      () => {
        window.clearTimeout(late);
        const then = here();
        if (then) {
          found(then);
        } else {
          lost(new Error("WeixinJSBridge"));
        }
      },
      { once: true },
    );
  });
}

/** Opens WeChat's cashier over the page with what the server signed. */
export async function openCashier(launch: Launch): Promise<Told> {
  let wx: Bridge;
  try {
    wx = await bridge();
  } catch {
    return "failed";
  }
  return new Promise((done) => {
    wx.invoke("getBrandWCPayRequest", launch, ({ err_msg }) => {
      const word = err_msg.slice(err_msg.lastIndexOf(":") + 1);
      done(word === "ok" ? "paid" : word === "cancel" ? "left" : "failed");
    });
  });
}
