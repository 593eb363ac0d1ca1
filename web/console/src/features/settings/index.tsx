import { SettingOutlined } from "@ant-design/icons";
import { feature } from "../../shell/feature";
import { en, zh } from "./i18n";

/** The settings page: a host of tabs that other features bring (`settings` of a Feature). */
export const settings = feature({
  name: "settings",
  i18n: { zh, en },
  pages: [
    {
      path: "/settings",
      title: "settings.title",
      load: () => import("./SettingsPage"),
      nav: { section: "settings", order: 1, icon: <SettingOutlined /> },
    },
    { path: "/settings/$tab", title: "settings.title", load: () => import("./SettingsPage") },
  ],
  settings: [
    {
      key: "business",
      title: "settings.business",
      order: 70,
      load: () => import("./BusinessTab"),
      permission: "settings.read",
    },
  ],
});
