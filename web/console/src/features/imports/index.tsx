import { CloudUploadOutlined } from "@ant-design/icons";
import { feature } from "../../shell/feature";
import { en, problemsEn, problemsZh, zh } from "./i18n";

/** Files of orders and customers: upload, mapping, trial, progress, result. */
export const imports = feature({
  name: "imports",
  i18n: { zh, en },
  problems: { zh: problemsZh, en: problemsEn },
  pages: [
    {
      path: "/imports",
      title: "imports.title",
      load: () => import("./ImportsPage"),
      permission: "imports.read",
      nav: { section: "data", order: 80, icon: <CloudUploadOutlined /> },
      words: "daoru upload csv excel xlsx 上传 淘宝 天猫 有赞 抖店",
    },
    { path: "/imports/$id", title: "imports.one", load: () => import("./ImportPage"), permission: "imports.read" },
  ],
});
