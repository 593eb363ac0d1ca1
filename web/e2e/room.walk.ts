import { describe, expect, it } from "vitest";
import { flashSale, walking } from "./walk";

describe("the waiting room of a flash sale, from coming in to the price", () => {
  const walk = walking({ width: 390, height: 844 });
  const number = "13900004681";

  it("tells where one stands, lets in and keeps one for her", async () => {
    const { page } = walk;
    const get = async <T>(path: string): Promise<T> => (await page.request.get(walk.url + path)).json();
    const post = async (path: string, data: object) => {
      const answer = await page.request.post(walk.url + path, { data });
      expect(answer.ok(), `${path}: ${await answer.text()}`).toBe(true);
    };
    const sale = await flashSale(walk, "DY-BAL", 20);
    await post("/api/v1/shop/code", { phone: number });
    const sms = await get<{ text: string }>(`/api/v1/demo/sms?phone=${number}`);
    await post("/api/v1/shop/session", { phone: number, code: /\d{4,8}/.exec(sms.text)?.[0] ?? "" });
    await walk.visit(`/shop/flash/${sale}`);
    await page.getByRole("button", { name: "进入排队" }).waitFor();
    await walk.look("shop-room", { live: true });
    await page.getByRole("button", { name: "进入排队" }).click();
    await page.getByText("轮到你了").waitFor();
    await walk.look("shop-room-turn", { live: true });
    await page.getByRole("button", { name: "去下单" }).click();
    await page
      .getByText(/秒杀价/)
      .first()
      .waitFor();
    await walk.look("shop-room-checkout", { live: true });
  });
});
