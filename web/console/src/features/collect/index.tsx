import { ApiOutlined } from "@ant-design/icons";
import { feature } from "../../shell/feature";
import { en, problemsEn, problemsZh, zh } from "./i18n";

const permission = "collect.read";

/** How events come in: sources, what arrives now, the dictionary with its rules, dead letters. */
export const collect = feature({
  name: "collect",
  i18n: { zh, en },
  problems: { zh: problemsZh, en: problemsEn },
  pages: [
    {
      path: "/collect",
      title: "collect.title",
      load: () => import("./SourcesPage"),
      permission,
      nav: { section: "data", order: 70, icon: <ApiOutlined /> },
      words: "shujujieru caiji sources sdk segment sensors 神策 webhook 埋点 接入 来源",
    },
    { path: "/collect/sources/new", title: "collect.new", load: () => import("./NewSourcePage"), permission },
    { path: "/collect/sources/$id", title: "collect.source", load: () => import("./SourcePage"), permission },
    {
      path: "/collect/live",
      title: "collect.tab.live",
      load: () => import("./LivePage"),
      permission,
      words: "shishi tiaoshi live debugger 调试 埋点",
    },
    {
      path: "/collect/dictionary",
      title: "collect.tab.dictionary",
      load: () => import("./DictionaryPage"),
      permission,
      words: "zidian dictionary tracking plan 事件 属性 规则",
    },
    {
      path: "/collect/letters",
      title: "collect.tab.letters",
      load: () => import("./LettersPage"),
      permission,
      words: "sixin dead letters replay 重放 错误",
    },
  ],
});
