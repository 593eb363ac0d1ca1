import { CarryOutOutlined } from "@ant-design/icons";
import { feature } from "../../shell/feature";
import { en, problemsEn, problemsZh, zh } from "./i18n";

/** What staff do by hand: calls and messages from their own account. */
export const tasks = feature({
  name: "tasks",
  i18n: { zh, en },
  problems: { zh: problemsZh, en: problemsEn },
  pages: [
    {
      path: "/tasks",
      title: "tasks.title",
      load: () => import("./TasksPage"),
      permission: "tasks.read",
      nav: { section: "work", order: 10, icon: <CarryOutOutlined /> },
      words: "renwu call 电话 回访",
    },
    { path: "/tasks/print", title: "tasks.print", load: () => import("./PrintPage"), permission: "tasks.read" },
  ],
});
