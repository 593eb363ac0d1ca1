import type { Same } from "../i18n";

export const zh = {
  title: "购物车",
  empty: "购物车还空着",
  empty_why: "喜欢的先放进来，不登录也可以。",
  look: "去逛逛",
  all: "全选",
  choose: "选中 {name}",
  remove: "移除",
  gone: "已经下架，不能购买",
  none: "暂时没货",
  fewer: "只剩 {n} 件，请减少数量",
  sum: "合计",
  before: "优惠在结算时计算",
  to_pay: "去结算（{n}）",
  guest: "登录后，购物车会跟着你走，结算也更快。",
  sign_in: "登录",
};

export const en: Same<typeof zh> = {
  title: "Cart",
  empty: "The cart is empty",
  empty_why: "Put in what you like; you need not sign in.",
  look: "Look around",
  all: "All",
  choose: "Choose {name}",
  remove: "Remove",
  gone: "Not sold any more",
  none: "None left for now",
  fewer: "Only {n} left; take fewer",
  sum: "Sum",
  before: "Before discounts",
  to_pay: "Check out ({n})",
  guest: "Sign in and the cart goes where you go.",
  sign_in: "Sign in",
};
