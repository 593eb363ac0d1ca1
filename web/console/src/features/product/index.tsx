import { DotChartOutlined } from "@ant-design/icons";
import { feature } from "../../shell/feature";
import { en, problemsEn, problemsZh, zh } from "./i18n";

/** Product analytics: why sales moved, what is bought again and together, where buyers come from and go to, roles. */
export const product = feature({
  name: "product",
  i18n: { zh, en },
  problems: { zh: problemsZh, en: problemsEn },
  pages: [
    {
      path: "/product-analysis",
      title: "product.title",
      load: () => import("./AnalysisPage"),
      permission: "effect.read",
      nav: { section: "data", order: 20, icon: <DotChartOutlined /> },
      words: "shangpin fenxi danpin liandai fugou product basket lift rebuy 单品分析 复购 连带 引流款 利润款 形象款",
    },
  ],
});
