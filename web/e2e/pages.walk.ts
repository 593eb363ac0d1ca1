import { describe, it } from "vitest";
import { walking } from "./walk";

describe("every other page", () => {
  const walk = walking();

  for (const [path, name] of [
    ["/console/segments", "segments"],
    ["/console/segments/new", "segment-new"],
    ["/console/content", "contents"],
    ["/console/tasks", "tasks"],
    ["/console/layers/definition", "layers-definition"],
    ["/console/settings/policy", "settings-policy"],
    ["/console/settings/channels", "settings-channels"],
    ["/console/settings/staff", "settings-staff"],
    ["/console/account", "account"],
  ] as const) {
    it(`shows ${path}`, async () => {
      await walk.visit(path);
      await walk.look(name);
    });
  }

  it("finds a page from anywhere by the keyboard, and reads in English", async () => {
    const { page } = walk;
    await walk.visit("/console/");
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox").or(page.getByRole("dialog").getByRole("textbox")).first().fill("分群");
    await walk.look("palette");
    await page.keyboard.press("Enter");
    await page.waitForURL(/segments/);
    await page.getByRole("banner").getByText("EN", { exact: true }).click();
    await page.getByRole("heading", { level: 1, name: /Segments/ }).waitFor();
    await walk.look("segments-en");
    await page.getByRole("banner").getByText("中文").click();
  });
});
