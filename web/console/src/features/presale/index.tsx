import { CalendarOutlined } from "@ant-design/icons";
import { feature } from "../../shell/feature";
import { en, problemsEn, problemsZh, zh } from "./i18n";

/** Goods that are sold before they are sent: a deposit now, the tail later. */
export const presale = feature({
  name: "presale",
  i18n: { zh, en },
  problems: { zh: problemsZh, en: problemsEn },
  pages: [
    {
      path: "/presales",
      title: "presale.title",
      load: () => import("./PresalesPage"),
      permission: "goods.read",
      nav: { section: "trade", order: 56, icon: <CalendarOutlined /> },
      words: "yushou dingjin weikuan 预售 定金 尾款 膨胀",
    },
  ],
});
