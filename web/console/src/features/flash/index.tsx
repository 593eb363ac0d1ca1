import { ThunderboltOutlined } from "@ant-design/icons";
import { feature } from "../../shell/feature";
import { en, problemsEn, problemsZh, zh } from "./i18n";

/** Flash sales: few units at a low price for a short while. */
export const flash = feature({
  name: "flash",
  i18n: { zh, en },
  problems: { zh: problemsZh, en: problemsEn },
  pages: [
    {
      path: "/flash-sales",
      title: "flash.title",
      load: () => import("./FlashPage"),
      permission: "goods.read",
      nav: { section: "trade", order: 50, icon: <ThunderboltOutlined /> },
      words: "miaosha xianshi flash sale 秒杀 限时 一元",
    },
  ],
});
