import { ShoppingOutlined } from "@ant-design/icons";
import { feature } from "../../shell/feature";
import { en, problemsEn, problemsZh, zh } from "./i18n";

const permission = "sales.read";

/** Orders of the brand's own store: send them, hand them out, give money back; and the times of the store. */
export const sales = feature({
  name: "sales",
  i18n: { zh, en },
  problems: { zh: problemsZh, en: problemsEn },
  pages: [
    {
      path: "/orders",
      title: "sales.title",
      load: () => import("./SalesPage"),
      permission,
      nav: { section: "trade", order: 20, icon: <ShoppingOutlined /> },
      words: "dingdan fahuo orders shipping 订单 发货 自提 核销 快递",
    },
    { path: "/orders/picking", title: "sales.picking", load: () => import("./PickingPage"), permission },
    { path: "/orders/$id", title: "sales.one", load: () => import("./SalePage"), permission },
  ],
  settings: [{ key: "store", title: "sales.rules.title", order: 30, load: () => import("./RulesTab"), permission }],
});
