import { FileTextOutlined } from "@ant-design/icons";
import { feature } from "../../shell/feature";
import { en, problemsEn, problemsZh, zh } from "./i18n";

/** The content library: texts with variables, and how they look to one real person. */
export const content = feature({
  name: "content",
  i18n: { zh, en },
  problems: { zh: problemsZh, en: problemsEn },
  pages: [
    {
      path: "/content",
      title: "content.title",
      load: () => import("./ContentPage"),
      permission: "content.read",
      nav: { section: "marketing", order: 40, icon: <FileTextOutlined /> },
      words: "neirong template 模板 文案 话术",
    },
    { path: "/content/new", title: "content.new", load: () => import("./EditorPage"), permission: "content.write" },
    { path: "/content/$id", title: "content.one", load: () => import("./EditorPage"), permission: "content.read" },
  ],
  settings: [
    { key: "brand", title: "content.brand", order: 20, load: () => import("./BrandTab"), permission: "content.read" },
  ],
});
