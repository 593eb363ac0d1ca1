import type { Catalogue, SameKeys } from "@huoshui/ui";

const zh = {
  brand: "活水",
  sections: {
    overview: "总览",
    users: "用户",
    marketing: "营销",
    community: "社群",
    trade: "交易",
    finance: "财务",
    data: "数据",
    work: "协作",
    settings: "设置",
  },
  nav: "主导航",
  skip: "跳到内容",
  search: "搜索页面、客户、订单号、分群",
  search_short: "搜索",
  palette: {
    title: "快速前往",
    pages: "页面",
    customers: "客户",
    orders: "订单",
    segments: "分群",
    actions: "操作",
    nothing: "没有找到「{{q}}」",
    hint: "↑↓ 选择 · 回车前往 · Esc 关闭",
    searching: "正在查找",
    theme: "切换深浅色",
    language: "Switch to English",
    sign_out: "退出登录",
  },
  user: {
    menu: "我的账户",
    account: "账户与密码",
    docs: "API 文档",
    sign_out: "退出登录",
    language: "语言",
    theme: "外观",
    light: "浅色",
    dark: "深色",
    system: "跟随系统",
  },
  offline: "连不上服务，正在重试。已填写的内容不会丢失。",
  expired: {
    title: "登录已过期",
    text: "重新登录后回到刚才的页面，未保存的内容还在。",
  },
  not_found: {
    title: "没有这个页面",
    text: "地址可能输错了，或者内容已被移走。",
    home: "回到总览",
  },
  forbidden: {
    title: "你的角色看不到这个页面",
    text: "需要权限 {{permission}}。请联系管理员调整角色。",
  },
  crash: {
    title: "这个页面出错了",
    text: "重新读取通常就能恢复；如果反复出现，请把下面的信息发给管理员。",
    reload: "重新读取",
  },
  moved: "版本已更新，重新读取页面即可继续。",
} satisfies Catalogue;

const en: SameKeys<typeof zh> = {
  brand: "Huoshui",
  sections: {
    overview: "Overview",
    users: "Users",
    marketing: "Marketing",
    community: "Community",
    trade: "Trade",
    finance: "Finance",
    data: "Data",
    work: "Work",
    settings: "Settings",
  },
  nav: "Main navigation",
  skip: "Skip to content",
  search: "Search pages, people, orders, segments",
  search_short: "Search",
  palette: {
    title: "Go to",
    pages: "Pages",
    customers: "Customers",
    orders: "Orders",
    segments: "Segments",
    actions: "Actions",
    nothing: "Nothing found for “{{q}}”",
    hint: "↑↓ to choose · Enter to go · Esc to close",
    searching: "Searching",
    theme: "Switch light and dark",
    language: "切换到中文",
    sign_out: "Sign out",
  },
  user: {
    menu: "My account",
    account: "Account and password",
    docs: "API documentation",
    sign_out: "Sign out",
    language: "Language",
    theme: "Appearance",
    light: "Light",
    dark: "Dark",
    system: "As the system",
  },
  offline: "The service cannot be reached; trying again. What you have filled in is kept.",
  expired: {
    title: "You have been signed out",
    text: "Sign in again to go on where you were; what you have not saved is still here.",
  },
  not_found: {
    title: "There is no such page",
    text: "The address may be mistyped, or what it showed has gone.",
    home: "Go to the overview",
  },
  forbidden: {
    title: "Your role does not include this page",
    text: "It needs the permission {{permission}}. Ask an administrator to change your role.",
  },
  crash: {
    title: "This page has failed",
    text: "Reading it again usually helps. If it keeps happening, send what is below to your administrator.",
    reload: "Read again",
  },
  moved: "A new version is here: read the page again to go on.",
};

/** The shell's own messages, under "shell". */
export const shellCatalogue = { zh, en };

const problemsZh = {
  "client.unreachable": "连不上服务。请检查网络，或稍后再试。",
  "client.unexpected": "出现了意外的情况。重试一次；仍不行请联系管理员。",
  internal: "我们这边出错了。稍后再试；仍不行请把编号发给管理员。",
  "request.invalid": "填写的内容不符合要求",
  "request.too_large": "内容太大了。",
  "request.no_route": "服务没有这个功能，可能版本不一致。请重新读取页面。",
  "request.cancelled": "请求在完成前中断了，请重试。",
  "request.timeout": "等待太久了，请重试。",
  "request.media_type": "文件或内容的类型不对。",
  "auth.sign_in": "请先登录。",
  "auth.forbidden": "你的角色没有这项权限。请联系管理员。",
  "auth.must_change": "请先设置自己的密码。",
  "auth.too_many": "尝试次数太多，请在 {{retry_after}} 秒后再试。",
};

const problemsEn: { [K in keyof typeof problemsZh]: string } = {
  "client.unreachable": "The service cannot be reached. Check the network, or try again later.",
  "client.unexpected": "Something unexpected happened. Try again; if it stays, ask your administrator.",
  internal: "Something went wrong on our side. Try again later; if it stays, give the id to your administrator.",
  "request.invalid": "What was filled in is not as it must be",
  "request.too_large": "That is too large.",
  "request.no_route": "The service does not have this; its version may differ. Read the page again.",
  "request.cancelled": "The request ended before its answer. Try again.",
  "request.timeout": "It took too long. Try again.",
  "request.media_type": "That is the wrong type of file or content.",
  "auth.sign_in": "Sign in first.",
  "auth.forbidden": "Your role does not include this. Ask your administrator.",
  "auth.must_change": "Choose your own password first.",
  "auth.too_many": "Too many attempts. Try again in {{retry_after}} seconds.",
};

/** Messages of problems that any request may meet. */
export const shellProblems = { zh: problemsZh, en: problemsEn };
