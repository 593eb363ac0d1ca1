import type { Same } from "../i18n";

export const zh = {
  title: "登录",
  why: "用手机号登录，新号码会自动注册。购物车里的东西会一起带上。",
  phone: "手机号",
  send: "发验证码",
  again: "{n} 秒后可重发",
  code: "6 位验证码",
  sent: "验证码已发出，5 分钟内有效。",
  enter: "登录",
  wechat: "用微信登录",
  wechat_again: "微信登录没有完成，请再试一次。",
  demo: "演示环境：短信发到模拟手机",
  demo_show: "看短信",
  demo_none: "还没有短信",
  demo_door: "先登录控制台，才能看模拟手机。",
  demo_go: "登录控制台",
};

export const en: Same<typeof zh> = {
  title: "Sign in",
  why: "Sign in with your phone; a new number is registered. What is in the cart comes along.",
  phone: "Phone number",
  send: "Send code",
  again: "Again in {n} s",
  code: "6-digit code",
  sent: "A code is on its way. It is valid for 5 minutes.",
  enter: "Sign in",
  wechat: "Sign in with WeChat",
  wechat_again: "The sign-in at WeChat was not completed. Try again.",
  demo: "Demo: texts go to a simulated phone",
  demo_show: "Read the text",
  demo_none: "No text yet",
  demo_door: "Sign in to the console to read the simulated phone.",
  demo_go: "To the console",
};
