import type { Catalogue, SameKeys } from "@huoshui/ui";

export const zh = {
  brand: "演示品牌",
  today: "今天是 {{day}}",
  advance: "推进",
  advance_label: "让演示品牌的时间往前走",
  days: "{{n}} 天",
  phone: "拿起顾客的手机",
  passing: "第 {{day}} / {{days}} 天",
  stage: {
    idle: "完成",
    seeding: "正在准备",
    living: "顾客在看、在买、在回消息",
    sending: "到点的活动正在发出",
    refreshing: "正在重新分层",
  },
  so_far: "{{orders}} 笔订单 · {{opens}} 次打开",
  done: "过了 {{days}} 天：{{orders}} 笔订单，{{opens}} 次打开",
  stopped: "时间停在半路：{{why}}",
  guide: "上手五步",
  guide_of: "上手五步 {{n}}/5",
  guide_intro: "把一圈走完大约十分钟。点一步就到那一页。",
  guide_done: "走完了。数字都是真算的：人会怎么反应，只有演示模型知道。",
  steps: {
    layers: { title: "看分层", text: "两万名顾客各在哪一层，为什么在那里。" },
    person: { title: "下钻到一个人", text: "从任意数字点进去，看到人和他的时间线。" },
    campaign: { title: "选策略，发一个活动", text: "挑一层，用配好的策略发给九成人，一成随机留出。" },
    days: { title: "推进 7 天", text: "让时间过去：有人打开，有人下单，也有人退订。" },
    board: { title: "看策略看板", text: "这条策略挣了多少，区间多宽，能不能下结论。" },
  },
} satisfies Catalogue;

export const en: SameKeys<typeof zh> = {
  brand: "Demo brand",
  today: "Today is {{day}}",
  advance: "Advance",
  advance_label: "Let time pass in the demo brand",
  days: "{{n}} d",
  phone: "Hold a customer's phone",
  passing: "Day {{day}} of {{days}}",
  stage: {
    idle: "Done",
    seeding: "Getting ready",
    living: "Customers look, buy and answer",
    sending: "Campaigns that are due go out",
    refreshing: "Layers are computed anew",
  },
  so_far: "{{orders}} orders · {{opens}} opens",
  done: "{{days}} days passed: {{orders}} orders, {{opens}} opens",
  stopped: "Time stopped on the way: {{why}}",
  guide: "Five first steps",
  guide_of: "First steps {{n}}/5",
  guide_intro: "Once around the loop in about ten minutes. A step takes you to its page.",
  guide_done: "That was the loop. The numbers are measured: only the demo's model knows how people react.",
  steps: {
    layers: { title: "See the layers", text: "Twenty thousand customers, each in one layer, and why." },
    person: { title: "Drill to a person", text: "Click any number to reach the people and their timelines." },
    campaign: {
      title: "Send a strategy",
      text: "Choose a layer, use its strategy for nine people in ten; one is held out at random.",
    },
    days: { title: "Let 7 days pass", text: "Some open, some buy, some unsubscribe." },
    board: {
      title: "Read the strategy board",
      text: "What the strategy earned, how wide the interval is, whether it can be told.",
    },
  },
};

export const problemsZh = {
  "demo.off": "这台服务器没有运行演示品牌。",
  "demo.running": "时间正在推进，等它走完再试。",
  "demo.days": "一次最多推进 {{max}} 天。",
  "demo.not_ready": "演示品牌还在准备，稍等片刻。",
  "demo.no_product": "没有这个商品。",
  "demo.not_ours": "只有演示品牌的顾客能在手机上下单。",
};

export const problemsEn: Record<keyof typeof problemsZh, string> = {
  "demo.off": "This server does not run the demo brand.",
  "demo.running": "Days are passing already; wait until they have.",
  "demo.days": "At most {{max}} days at a time.",
  "demo.not_ready": "The demo brand is still being made.",
  "demo.no_product": "There is no such product.",
  "demo.not_ours": "Only customers of the demo brand can buy on the phone.",
};
