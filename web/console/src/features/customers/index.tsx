import { TeamOutlined } from "@ant-design/icons";
import { feature } from "../../shell/feature";
import { en, problemsEn, problemsZh, zh } from "./i18n";

/** Customers: the list, the drawer, and the profile with its timeline. */
export const customers = feature({
  name: "customers",
  i18n: { zh, en },
  problems: { zh: problemsZh, en: problemsEn },
  pages: [
    {
      path: "/customers",
      title: "customers.title",
      load: () => import("./CustomersPage"),
      permission: "customers.read",
      nav: { section: "users", order: 10, icon: <TeamOutlined /> },
      words: "kehu people profile crm 会员 用户 画像",
    },
    {
      path: "/customers/$id",
      title: "customers.one",
      load: () => import("./CustomerPage"),
      permission: "customers.read",
    },
  ],
});
