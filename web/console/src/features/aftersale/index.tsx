import { RollbackOutlined } from "@ant-design/icons";
import { feature } from "../../shell/feature";
import { en, problemsEn, problemsZh, zh } from "./i18n";

/** What customers ask for after a sale: the queue of cases, and the rules. */
export const aftersale = feature({
  name: "aftersale",
  i18n: { zh, en },
  problems: { zh: problemsZh, en: problemsEn },
  pages: [
    {
      path: "/after-sale",
      title: "aftersale.title",
      load: () => import("./AfterSalePage"),
      permission: "sales.read",
      nav: { section: "trade", order: 60, icon: <RollbackOutlined /> },
      words: "shouhou tuihuo tuikuan huanhuo after-sale return refund exchange 售后 退货 退款 换货 运费险",
    },
    {
      path: "/after-sale/rules",
      title: "aftersale.rules.title",
      load: () => import("./RulesPage"),
      permission: "sales.read",
      words: "shouhou guize qitian yunfeixian rules 售后规则 七天无理由 运费险",
    },
  ],
});
