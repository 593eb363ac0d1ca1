import { RocketOutlined } from "@ant-design/icons";
import { feature } from "../../shell/feature";
import { en, problemsEn, problemsZh, zh } from "./i18n";

/** Waves of selling: build-up, warm-up, presale, sale, follow-up and the loop as one object that drives the others. */
export const launches = feature({
  name: "launches",
  i18n: { zh, en },
  problems: { zh: problemsZh, en: problemsEn },
  pages: [
    {
      path: "/launches",
      title: "launches.title",
      load: () => import("./LaunchesPage"),
      permission: "campaigns.read",
      nav: { section: "marketing", order: 30, icon: <RocketOutlined /> },
      words: "langchao fashou launch wave 浪潮 发售 造势 预热 预售 追售",
    },
    {
      path: "/launches/$id",
      title: "launches.one",
      load: () => import("./LaunchPage"),
      permission: "campaigns.read",
    },
    {
      path: "/launches/$id/edit",
      title: "launches.edit",
      load: () => import("./EditPage"),
      permission: "campaigns.write",
    },
  ],
});
