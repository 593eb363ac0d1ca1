import type { Catalogue, SameKeys } from "@huoshui/ui";

export const zh = {
  title: "设置",
  none: "你的角色没有可以查看的设置",
  business: "业务时区",
  business_lead:
    "每天从这个时区的零点开始：分层、新近天数、活动的日期和免打扰时段都按它计算。客户自己的时区另有记录时，免打扰按客户的时区。",
  zone: "时区",
  zone_save: "保存",
  zone_saved: "已保存，下次启动后生效",
  zone_next: "现在按 {{now}} 计算；服务重启后改为 {{next}}，分层会随之重新计算",
} satisfies Catalogue;

export const en: SameKeys<typeof zh> = {
  title: "Settings",
  none: "Your role includes no settings",
  business: "Business time zone",
  business_lead:
    "Every day begins at midnight in this zone: layers, recency, campaign dates and quiet hours are counted in it. Where a customer's own zone is known, quiet hours follow the customer.",
  zone: "Time zone",
  zone_save: "Save",
  zone_saved: "Saved; in force after the next start",
  zone_next:
    "Days are counted in {{now}} now; after the server has started again in {{next}}, and layers are computed anew",
};
