import { GiftOutlined, TagsOutlined } from "@ant-design/icons";
import { feature } from "../../shell/feature";
import { en, problemsEn, problemsZh, zh } from "./i18n";

const one = () => import("./OnePage");
const edit = () => import("./EditorPage");

/** What the brand offers: coupons, full-reductions, bundles, member prices and freight. */
export const promo = feature({
  name: "promo",
  i18n: { zh, en },
  problems: { zh: problemsZh, en: problemsEn },
  pages: [
    {
      path: "/coupons",
      title: "promo.coupons.title",
      load: () => import("./CouponsPage"),
      permission: "promo.read",
      nav: { section: "trade", order: 40, icon: <GiftOutlined /> },
      words: "youhuiquan coupon 券 满减券 折扣券 免邮券 兑换券 券码",
    },
    { path: "/coupons/new", title: "promo.new.coupon", load: edit, permission: "promo.write" },
    { path: "/coupons/$id", title: "promo.one", load: one, permission: "promo.read" },
    { path: "/coupons/$id/edit", title: "promo.edit", load: edit, permission: "promo.write" },
    {
      path: "/promotions",
      title: "promo.offers.title",
      load: () => import("./OffersPage"),
      permission: "promo.read",
      nav: { section: "trade", order: 45, icon: <TagsOutlined /> },
      words: "cuxiao manjian zuhe yunfei promotion 满减 组合 会员价 运费 包邮",
    },
    {
      path: "/promotions/settings",
      title: "promo.settings.title",
      load: () => import("./SettingsPage"),
      permission: "promo.read",
      words: "youhui guize diejia hujie stacking settings 优惠规则 叠加 互斥 同享",
    },
    {
      path: "/promotions/try",
      title: "promo.try.title",
      load: () => import("./TryPage"),
      permission: "promo.read",
      words: "shisuan gouwuche try cart quote 试算 购物车 价格",
    },
    { path: "/promotions/new", title: "promo.offers.new", load: edit, permission: "promo.write" },
    { path: "/promotions/$id", title: "promo.one", load: one, permission: "promo.read" },
    { path: "/promotions/$id/edit", title: "promo.edit", load: edit, permission: "promo.write" },
  ],
});
