import type { Same } from "../i18n";

export const zh = {
  title: "搜索",
  label: "搜商品",
  hint: "商品名、拼音或首字母",
  go: "搜索",
  clear: "清空",
  history: "最近搜过",
  forget: "清空记录",
  suggestions: "猜你要找",
  found: "找到 {n} 件商品",
  none: "没有找到“{q}”",
  none_why: "换个说法，或者用拼音首字母试试，比如 ml 找猫粮。",
  more: "再看一些",
};

export const en: Same<typeof zh> = {
  title: "Search",
  label: "Search goods",
  hint: "A name, pinyin or initials",
  go: "Search",
  clear: "Clear",
  history: "Searched lately",
  forget: "Forget them",
  suggestions: "Perhaps",
  found: "{n} found",
  none: "Nothing found for “{q}”",
  none_why: "Try other words, or the initials of the pinyin: ml finds 猫粮.",
  more: "Show more",
};
