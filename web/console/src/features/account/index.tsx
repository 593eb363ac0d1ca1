import { feature } from "../../shell/feature";
import { en, problemsEn, problemsZh, zh } from "./i18n";

/** One's own account: signing in, password. */
export const account = feature({
  name: "account",
  i18n: { zh, en },
  problems: { zh: problemsZh, en: problemsEn },
  pages: [{ path: "/account", title: "account.title", load: () => import("./AccountPage"), words: "password 密码" }],
});
