import { StarOutlined } from "@ant-design/icons";
import { feature } from "../../shell/feature";
import { en, problemsEn, problemsZh, zh } from "./i18n";

/** What buyers say of what they bought: looked at, answered, used. */
export const review = feature({
  name: "review",
  i18n: { zh, en },
  problems: { zh: problemsZh, en: problemsEn },
  pages: [
    {
      path: "/reviews",
      title: "review.title",
      load: () => import("./ReviewsPage"),
      permission: "goods.read",
      nav: { section: "trade", order: 70, icon: <StarOutlined /> },
      words: "pingjia shaidan maijiaxiu reviews ugc 评价 晒单 买家秀 追评",
    },
    {
      path: "/reviews/rules",
      title: "review.rules.title",
      load: () => import("./RulesPage"),
      permission: "goods.read",
      words: "pingjia guize minganci rules sensitive words 评价规则 敏感词 奖励",
    },
  ],
});
