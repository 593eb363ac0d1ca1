import type { Same } from "../i18n";

export const zh = {
  title: "分类",
  shelves: "一级分类",
  kinds: "二级分类",
  all: "全部",
  sort: "排序",
  sold: "销量",
  new: "新品",
  price: "价格从低",
  "-price": "价格从高",
  empty: "这个分类还没有商品",
  more: "再看一些",
};

export const en: Same<typeof zh> = {
  title: "Shelves",
  shelves: "Shelves",
  kinds: "Kinds",
  all: "All",
  sort: "Sort",
  sold: "Popular",
  new: "New",
  price: "Cheapest",
  "-price": "Dearest",
  empty: "Nothing on this shelf yet",
  more: "Show more",
};
