import { describe, expect, inject, it } from "vitest";
import { walking } from "./walk";

describe("the door", () => {
  const walk = walking({ signIn: false });

  it("asks a stranger to sign in, refuses a wrong password and lets the right one in", async () => {
    const { page, url } = walk;
    const door = inject("door");
    await page.goto(`${url}/`);
    await page.waitForURL(/sign-in/);
    await page.locator("input[autocomplete=username]").fill(door.login);
    await page.locator("input[type=password]").fill("not-the-password");
    await page.getByRole("button", { name: "登录" }).click();
    await page.getByText("账号或密码").first().waitFor();
    await walk.look("sign-in");
    await page.locator("input[type=password]").fill(door.password);
    await page.getByRole("button", { name: "登录" }).click();
    await page.getByTestId("demo-bar").waitFor();
    await walk.look("overview");
  });

  it("opens by the one-time link, once", async () => {
    const { page, url } = walk;
    const door = inject("door");
    await page.context().clearCookies();
    await page.goto(door.sign_in_url);
    await page.getByTestId("demo-bar").waitFor();
    await page.context().clearCookies();
    await page.goto(door.sign_in_url);
    await page.waitForURL(/sign-in/);
    expect((await page.request.get(`${url}/api/v1/session`)).status()).toBe(401);
  });
});
