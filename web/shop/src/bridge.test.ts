import { afterEach, describe, expect, it } from "vitest";
import { openCashier } from "./bridge";

const launch = { appId: "wx1", timeStamp: "1", nonceStr: "n", package: "prepay_id=p1", signType: "RSA", paySign: "s" };
const page = window as unknown as { WeixinJSBridge?: unknown };

/** A bridge that answers as WeChat's does, and keeps what it was given. */
function fake(word: string, asked: unknown[]) {
  return {
    invoke: (name: string, given: unknown, hear: (answer: { err_msg: string }) => void) => {
      asked.push([name, given]);
      hear({ err_msg: `get_brand_wcpay_request:${word}` });
    },
  };
}

describe("WeChat's cashier", () => {
  afterEach(() => {
    delete page.WeixinJSBridge;
  });

  it("is given what the server signed, as it is, and says what became of it", async () => {
    for (const [word, told] of [
      ["ok", "paid"],
      ["cancel", "left"],
      ["fail", "failed"],
      ["fail:jsapi has no permission", "failed"],
    ] as const) {
      const asked: unknown[] = [];
      page.WeixinJSBridge = fake(word, asked);
      expect(await openCashier(launch)).toBe(told);
      expect(asked).toEqual([["getBrandWCPayRequest", launch]]);
    }
  });

  it("waits for a bridge that comes later than the page", async () => {
    const opened = openCashier(launch);
    page.WeixinJSBridge = fake("ok", []);
    document.dispatchEvent(new Event("WeixinJSBridgeReady"));
    expect(await opened).toBe("paid");
  });
});
