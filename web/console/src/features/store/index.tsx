import { ShopOutlined } from "@ant-design/icons";
import { feature } from "../../shell/feature";
import { en, problemsEn, problemsZh, zh } from "./i18n";

/** The pages of the store: what they are made of, who sees which, and when. */
export const store = feature({
  name: "store",
  i18n: { zh, en },
  problems: { zh: problemsZh, en: problemsEn },
  pages: [
    {
      path: "/store",
      title: "store.title",
      load: () => import("./PagesPage"),
      permission: "goods.read",
      nav: { section: "trade", order: 5, icon: <ShopOutlined /> },
      words: "dianpu zhuangxiu shouye store page design 装修 首页 页面",
    },
    { path: "/store/$id", title: "store.design", load: () => import("./DesignerPage"), permission: "goods.read" },
  ],
});
