import { TagsOutlined } from "@ant-design/icons";
import { feature } from "../../shell/feature";
import { en, problemsEn, problemsZh, zh } from "./i18n";

/** Tags: what is said of people, why, and what it is worth; and their heat. */
export const tags = feature({
  name: "tags",
  i18n: { zh, en },
  problems: { zh: problemsZh, en: problemsEn },
  pages: [
    {
      path: "/tags",
      title: "tags.title",
      load: () => import("./TagsPage"),
      permission: "tags.read",
      nav: { section: "users", order: 40, icon: <TagsOutlined /> },
      words: "biaoqian label 画像",
    },
    {
      path: "/tags/new",
      title: "tags.new",
      load: () => import("./EditorPage"),
      permission: "tags.write",
      words: "xinjian biaoqian",
    },
    {
      path: "/tags/heat",
      title: "tags.heat_title",
      load: () => import("./HeatPage"),
      permission: "tags.read",
      words: "relizhi heat 热度 活跃",
    },
    { path: "/tags/$id", title: "tags.one", load: () => import("./TagPage"), permission: "tags.read" },
    { path: "/tags/$id/edit", title: "tags.edit", load: () => import("./EditorPage"), permission: "tags.write" },
    {
      path: "/tags/$id/audits/$audit",
      title: "tags.audit",
      load: () => import("./AuditPage"),
      permission: "tags.read",
    },
  ],
});
