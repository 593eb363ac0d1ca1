import type { Same } from "../i18n";

export const zh = {
  title: "浏览统计",
  question:
    "可以记录你在商城里看了什么吗？只用来改进推荐和页面，不会给别人；不同意也能正常购物，之后可在「我的」里改。",
  yes: "同意",
  no: "不同意",
  on: "记录浏览，用于推荐",
  is_on: "已开启",
  is_off: "已关闭",
  browser: "浏览器要求不跟踪",
};

export const en: Same<typeof zh> = {
  title: "What you look at",
  question:
    "May the store remember what you look at? It is used for recommendations and better pages and given to nobody; shopping works without, and you can change it under Me.",
  yes: "Yes",
  no: "No",
  on: "Remember what I look at",
  is_on: "On",
  is_off: "Off",
  browser: "Your browser says no",
};
