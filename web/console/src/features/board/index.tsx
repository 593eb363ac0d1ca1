import { FundOutlined } from "@ant-design/icons";
import { feature } from "../../shell/feature";
import { en, problemsEn, problemsZh, zh } from "./i18n";

/** The strategy board: what strategies and campaigns earned, with honest intervals. */
export const board = feature({
  name: "board",
  i18n: { zh, en },
  problems: { zh: problemsZh, en: problemsEn },
  pages: [
    {
      path: "/board",
      title: "board.title",
      load: () => import("./BoardPage"),
      permission: "effect.read",
      nav: { section: "data", order: 10, icon: <FundOutlined /> },
      words: "celue kanban effect roi lift holdout 效果 增量 对照组",
    },
    {
      path: "/board/strategies/$id",
      title: "board.one",
      load: () => import("./StrategyReport"),
      permission: "effect.read",
    },
    {
      path: "/board/campaigns/$id",
      title: "board.campaign",
      load: () => import("./CampaignReport"),
      permission: "effect.read",
    },
  ],
  settings: [
    {
      key: "effect",
      title: "board.definition",
      order: 25,
      load: () => import("./DefinitionTab"),
      permission: "effect.read",
    },
  ],
});
