import { AppstoreOutlined } from "@ant-design/icons";
import { feature } from "../../shell/feature";
import { en, problemsEn, problemsZh, zh } from "./i18n";

const edit = () => import("./EditorPage");

/** What the store sells: goods with their SKUs, prices and stock, and the shelves they stand on. */
export const goods = feature({
  name: "goods",
  i18n: { zh, en },
  problems: { zh: problemsZh, en: problemsEn },
  pages: [
    {
      path: "/goods",
      title: "goods.title",
      load: () => import("./GoodsPage"),
      permission: "goods.read",
      nav: { section: "trade", order: 10, icon: <AppstoreOutlined /> },
      words: "shangpin kucun goods products stock sku 商品 库存 规格 上架 分类",
    },
    { path: "/goods/new", title: "goods.new", load: edit, permission: "goods.write" },
    { path: "/goods/$id", title: "goods.one", load: edit, permission: "goods.read" },
  ],
});
