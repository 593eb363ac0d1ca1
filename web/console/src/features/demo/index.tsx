import { feature } from "../../shell/feature";
import { en, problemsEn, problemsZh, zh } from "./i18n";

/** The demo brand: its bar above every page, with the time and the first steps. */
export const demo = feature({
  name: "demo",
  i18n: { zh, en },
  problems: { zh: problemsZh, en: problemsEn },
  pages: [],
  bar: () => import("./DemoBar"),
});
