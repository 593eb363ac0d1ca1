import type { Language } from "@huoshui/ui/format";

const zh = {
  title: "活水 · 手机",
  brand: "演示品牌",
  intro: "拿起任意一位顾客的手机：读消息、点开、下单、退订。每一步都会回到活水的数据里。",
  search: "搜昵称、手机号或编号",
  any: "全部",
  layer: { vip: "VIP", potential: "潜力", new: "新客", silent: "沉默", lost: "流失" },
  unread: "{n} 条未读",
  messages: "{n} 条消息",
  none: "没有符合的人",
  nobody: "先在左边选一位顾客",
  pick: "换一位顾客",
  inbox: "消息",
  shop: "商城",
  empty: "还没有收到消息",
  empty_why: "在活动里选「手机」渠道发出去，消息就会出现在这里。",
  to_campaigns: "去发一个活动",
  to_console: "回到控制台",
  back: "返回",
  leave: "不再接收这类消息",
  leave_ask: "之后不会再给你发消息。",
  leave_yes: "退订",
  leave_no: "先不退",
  left: "已退订，以后不会再打扰你。",
  open_link: "去看看",
  for_you: "为你挑的",
  all_wares: "全部商品",
  saved: "省 {v}",
  buy: "买一件 {v}",
  bought: "下单成功",
  bought_more: "订单 {n}，实付 {v}。它和别的订单一样进了活水。",
  go_on: "继续逛",
  sign_in: "先登录控制台，才能拿起顾客的手机。",
  to_sign_in: "去登录",
  off: "手机是演示品牌的一部分。用 huoshui demo 启动就能看到。",
  wait: "正在读取",
  fail: "没能读取。编号 {id}",
  fail_offline: "连不上服务器，请检查它是否在运行。",
  again: "重试",
  busy: "正在推进时间，稍等几秒再下单。",
};

const en: typeof zh = {
  title: "Huoshui · Phone",
  brand: "Demo brand",
  intro: "Pick up any customer's phone: read, open, buy, unsubscribe. Every step comes back to Huoshui as data.",
  search: "Name, phone or id",
  any: "All",
  layer: { vip: "VIP", potential: "Potential", new: "New", silent: "Silent", lost: "Lost" },
  unread: "{n} unread",
  messages: "{n} messages",
  none: "Nobody matches",
  nobody: "Choose a customer on the left",
  pick: "Another customer",
  inbox: "Messages",
  shop: "Shop",
  empty: "No messages yet",
  empty_why: "Send a campaign through the phone channel and it arrives here.",
  to_campaigns: "Send a campaign",
  to_console: "Back to the console",
  back: "Back",
  leave: "Stop these messages",
  leave_ask: "You will get no more messages.",
  leave_yes: "Unsubscribe",
  leave_no: "Keep them",
  left: "Unsubscribed. We will not write again.",
  open_link: "Have a look",
  for_you: "Picked for you",
  all_wares: "Everything",
  saved: "save {v}",
  buy: "Buy one for {v}",
  bought: "Order placed",
  bought_more: "Order {n}, {v} paid. Huoshui has it like every other order.",
  go_on: "Keep looking",
  sign_in: "Sign in to the console first to hold a customer's phone.",
  to_sign_in: "Sign in",
  off: "The phone belongs to the demo brand. Start it with huoshui demo.",
  wait: "Loading",
  fail: "Could not be read. Id {id}",
  fail_offline: "The server cannot be reached. Is it running?",
  again: "Try again",
  busy: "Time is moving; try again in a few seconds.",
};

/** Both catalogues, for the test that they say the same things. */
export const catalogues = { zh, en };

function chosen(): Language {
  const kept = localStorage.getItem("hs.language");
  if (kept === "zh" || kept === "en") {
    return kept;
  }
  return navigator.language?.toLowerCase().startsWith("en") ? "en" : "zh";
}

/** The reader's language, as the console keeps it. */
export const language: Language = chosen();

/** The words of the reader's language. */
export const words = catalogues[language];

/** A text with its {names} filled in. */
export function say(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}
