import type { Same } from "../i18n";

export const zh = {
  title: "新一波即将开售",
  opens: "{at} 开售",
  left: "距开售",
  people: "{n} 人已预约",
  reserve: "预约提醒",
  reserved: "已预约",
  take_back: "取消预约",
  why: "开售时提醒你，随时可以取消。",
  will: "开售时提醒你",
};

export const en: Same<typeof zh> = {
  title: "The next wave is coming",
  opens: "On sale {at}",
  left: "Opens in",
  people: "{n} reserved",
  reserve: "Remind me",
  reserved: "Reserved",
  take_back: "Take it back",
  why: "You hear when the sale opens; take it back whenever you like.",
  will: "You hear when the sale opens",
};
