import { feature } from "../../shell/feature";
import { en, problemsEn, problemsZh, zh } from "./i18n";

/** Accounts and roles: a tab of the settings, and the page of one account. */
export const staff = feature({
  name: "staff",
  i18n: { zh, en },
  problems: { zh: problemsZh, en: problemsEn },
  pages: [{ path: "/staff/$id", title: "staff.one", load: () => import("./AccountPage"), permission: "staff.read" }],
  settings: [
    { key: "staff", title: "staff.title", order: 80, load: () => import("./StaffTab"), permission: "staff.read" },
    { key: "audit", title: "staff.audit", order: 90, load: () => import("./AuditTab"), permission: "audit.read" },
  ],
});
