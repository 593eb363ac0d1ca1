import type { Same } from "../i18n";

export const zh = {
  title: "我的",
  hello: "你好，{name}",
  nameless: "你好",
  guest: "登录后查看订单、优惠券和积分",
  sign_in: "登录",
  sign_out: "退出登录",
  level: "会员等级",
  no_level: "普通会员",
  points: "积分",
  balance: "余额",
  orders: "我的订单",
  all: "全部",
  coupons: "优惠券",
  together: "拼团",
  addresses: "收货地址",
  language: "English",
};

export const en: Same<typeof zh> = {
  title: "Me",
  hello: "Hello, {name}",
  nameless: "Hello",
  guest: "Sign in to see orders, coupons and points",
  sign_in: "Sign in",
  sign_out: "Sign out",
  level: "Level",
  no_level: "Member",
  points: "Points",
  balance: "Balance",
  orders: "My orders",
  all: "All",
  coupons: "Coupons",
  together: "Buy together",
  addresses: "Addresses",
  language: "中文",
};
