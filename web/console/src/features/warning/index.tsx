import { AlertOutlined } from "@ant-design/icons";
import { feature } from "../../shell/feature";
import { en, problemsEn, problemsZh, zh } from "./i18n";

/** Early warning: who is about to leave, by which sign, and what to do about it. */
export const warning = feature({
  name: "warning",
  i18n: { zh, en },
  problems: { zh: problemsZh, en: problemsEn },
  pages: [
    {
      path: "/warnings",
      title: "warning.title",
      load: () => import("./WarningPage"),
      permission: "layers.read",
      nav: { section: "users", order: 25, icon: <AlertOutlined /> },
      words: "liushi yujing churn warning at risk 流失 预警 唤回 挽留",
    },
  ],
});
