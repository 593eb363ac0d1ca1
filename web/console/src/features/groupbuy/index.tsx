import { UsergroupAddOutlined } from "@ant-design/icons";
import { feature } from "../../shell/feature";
import { en, problemsEn, problemsZh, zh } from "./i18n";

/** Goods that people buy together: what is offered, and how each group stands. */
export const groupbuy = feature({
  name: "groupbuy",
  i18n: { zh, en },
  problems: { zh: problemsZh, en: problemsEn },
  pages: [
    {
      path: "/group-offers",
      title: "groupbuy.title",
      load: () => import("./OffersPage"),
      permission: "goods.read",
      nav: { section: "trade", order: 55, icon: <UsergroupAddOutlined /> },
      words: "pintuan tuan group 拼团 团购 成团",
    },
  ],
});
