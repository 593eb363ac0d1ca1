import { ApartmentOutlined } from "@ant-design/icons";
import { feature } from "../../shell/feature";
import { en, problemsEn, problemsZh, zh } from "./i18n";

/** Layers, RFM, migration, and the definitions behind them. */
export const layers = feature({
  name: "layers",
  i18n: { zh, en },
  problems: { zh: problemsZh, en: problemsEn },
  pages: [
    {
      path: "/layers",
      title: "layers.title",
      load: () => import("./LayersPage"),
      permission: "layers.read",
      nav: { section: "users", order: 20, icon: <ApartmentOutlined /> },
      words: "rfm vip lifecycle migration fenceng 生命周期 流转 桑基 sankey",
    },
    {
      path: "/layers/definition",
      title: "layers.definition_page",
      load: () => import("./DefinitionPage"),
      permission: "layers.read",
      words: "koujing preset threshold 口径 阈值 模板",
    },
  ],
  settings: [
    {
      key: "definitions",
      title: "layers.settings",
      order: 10,
      load: () => import("./DefinitionsTab"),
      permission: "layers.read",
    },
  ],
});
