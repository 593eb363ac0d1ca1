import { HomeOutlined } from "@ant-design/icons";
import { feature } from "../../shell/feature";
import { en, zh } from "./i18n";

/** Today: what changed, what needs a person, what earned. */
export const overview = feature({
  name: "overview",
  i18n: { zh, en },
  pages: [
    {
      path: "/",
      title: "overview.title",
      load: () => import("./OverviewPage"),
      nav: { section: "overview", order: 1, icon: <HomeOutlined /> },
      words: "home today 首页 今天",
    },
  ],
});
