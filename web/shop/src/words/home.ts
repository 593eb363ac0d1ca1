import type { Same } from "../i18n";

export const zh = {
  title: "商城",
  seek: "搜商品、拼音首字母",
  flash: "限时秒杀",
  left: "剩 {n} 件",
  ends: "距结束",
  starts: "距开始",
  all: "全部商品",
  more: "再看一些",
  nothing: "货架还空着",
  nothing_why: "商品上架以后会出现在这里。",
};

export const en: Same<typeof zh> = {
  title: "Store",
  seek: "Search goods, pinyin or initials",
  flash: "Flash sale",
  left: "{n} left",
  ends: "Ends in",
  starts: "Starts in",
  all: "Everything",
  more: "Show more",
  nothing: "The shelves are empty",
  nothing_why: "What goes on sale shows up here.",
};
