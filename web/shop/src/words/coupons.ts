import type { Same } from "../i18n";

export const zh = {
  title: "我的优惠券",
  empty: "还没有优惠券",
  empty_why: "领到的券会出现在这里，结算时自动帮你选最省的。",
  look: "去逛逛",
  unused: "可用",
  used: "已用或过期",
  state: { unused: "可用", locked: "订单占用中", used: "已用", expired: "已过期" },
  until: "{when} 前可用",
  from: "{when} 起可用",
  saved: "省了 {v}",
  use: "去用",
};

export const en: Same<typeof zh> = {
  title: "My coupons",
  empty: "No coupons yet",
  empty_why: "Coupons you get show up here; checkout chooses the best by itself.",
  look: "Look around",
  unused: "To use",
  used: "Used or expired",
  state: { unused: "To use", locked: "Held by an order", used: "Used", expired: "Expired" },
  until: "until {when}",
  from: "from {when}",
  saved: "{v} saved",
  use: "Use it",
};
