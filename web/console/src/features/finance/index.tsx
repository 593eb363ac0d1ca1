import { AccountBookOutlined, AuditOutlined } from "@ant-design/icons";
import { feature } from "../../shell/feature";
import { en, problemsEn, problemsZh, zh } from "./i18n";

const permission = "finance.read";

/** The books: trial balance, statements, an order's money, refunds in trouble, daily close, reconciliation. */
export const finance = feature({
  name: "finance",
  i18n: { zh, en },
  problems: { zh: problemsZh, en: problemsEn },
  pages: [
    {
      path: "/finance",
      title: "finance.title",
      load: () => import("./BooksPage"),
      permission,
      nav: { section: "finance", order: 10, icon: <AccountBookOutlined /> },
      words: "zhangben shisuan pingheng ledger trial balance 试算平衡 账本 总账 财务",
    },
    {
      path: "/finance/accounts/$account",
      title: "finance.statement",
      load: () => import("./StatementPage"),
      permission,
    },
    {
      path: "/finance/orders",
      title: "finance.tab.orders",
      load: () => import("./OrderPage"),
      permission,
      words: "dingdan zijin order money 订单资金 流水",
    },
    {
      path: "/finance/refunds",
      title: "finance.tab.refunds",
      load: () => import("./RefundsPage"),
      permission,
      words: "tuikuan refunds 退款",
    },
    {
      path: "/finance/benefits",
      title: "finance.tab.benefits",
      load: () => import("./BenefitsPage"),
      permission,
      words: "quanyi chengben youmian benefits coupons points 优免 权益成本 积分 优惠券",
    },
    {
      path: "/finance/closes",
      title: "finance.tab.closes",
      load: () => import("./ClosesPage"),
      permission,
      words: "rijie guanzhang close 日结 关账",
    },
    {
      path: "/finance/wallets",
      title: "finance.tab.wallets",
      load: () => import("./WalletsPage"),
      permission,
      words: "qianbao chuzhi jifen yue wallet points 钱包 储值 积分 余额 提现 冻结",
    },
    {
      path: "/finance/rules",
      title: "finance.tab.rules",
      load: () => import("./RulesPage"),
      permission,
      words: "guize chuzhi jifen shanghu rules merchant wechat pay 储值规则 积分规则 商户号 微信支付",
    },
    {
      path: "/reconciliation",
      title: "finance.reconcile.title",
      load: () => import("./ReconcilePage"),
      permission,
      nav: { section: "finance", order: 20, icon: <AuditOutlined /> },
      words: "duizhang zhangdan reconcile bill 对账 账单",
    },
  ],
});
