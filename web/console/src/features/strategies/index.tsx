import { CompassOutlined } from "@ant-design/icons";
import { feature } from "../../shell/feature";
import { en, problemsEn, problemsZh, zh } from "./i18n";

/** The library of playbooks, by layer. */
export const strategies = feature({
  name: "strategies",
  i18n: { zh, en },
  problems: { zh: problemsZh, en: problemsEn },
  pages: [
    {
      path: "/strategies",
      title: "strategies.title",
      load: () => import("./StrategiesPage"),
      permission: "strategies.read",
      nav: { section: "marketing", order: 10, icon: <CompassOutlined /> },
      words: "celue playbook 打法 剧本",
    },
    {
      path: "/strategies/new",
      title: "strategies.new",
      load: () => import("./EditorPage"),
      permission: "strategies.write",
    },
    {
      path: "/strategies/$id",
      title: "strategies.one",
      load: () => import("./StrategyPage"),
      permission: "strategies.read",
    },
    {
      path: "/strategies/$id/edit",
      title: "strategies.edit",
      load: () => import("./EditorPage"),
      permission: "strategies.write",
    },
  ],
});
