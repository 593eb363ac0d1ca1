import { IdcardOutlined } from "@ant-design/icons";
import { feature } from "../../shell/feature";
import { en, problemsEn, problemsZh, zh } from "./i18n";

const permission = "identity.read";

/** OneID: how well customers are known, conflicts that a person decides, merges that can be taken back. */
export const identity = feature({
  name: "identity",
  i18n: { zh, en },
  problems: { zh: problemsZh, en: problemsEn },
  pages: [
    {
      path: "/identity",
      title: "identity.title",
      load: () => import("./CoveragePage"),
      permission,
      nav: { section: "users", order: 50, icon: <IdcardOutlined /> },
      words: "oneid shenfen identity 身份 覆盖率 识别",
    },
    {
      path: "/identity/conflicts",
      title: "identity.tab.conflicts",
      load: () => import("./ConflictsPage"),
      permission,
      words: "chongtu conflicts oneid 冲突",
    },
    {
      path: "/identity/merges",
      title: "identity.tab.merges",
      load: () => import("./MergesPage"),
      permission,
      words: "hebing merges undo 合并 撤销",
    },
    {
      path: "/identity/blocked",
      title: "identity.tab.blocked",
      load: () => import("./BlockedPage"),
      permission,
      words: "tingyong blocked keys 停用",
    },
    {
      path: "/identity/rules",
      title: "identity.tab.rules",
      load: () => import("./RulesPage"),
      permission,
      words: "guize rules oneid merge 规则 合并 公用设备",
    },
  ],
});
