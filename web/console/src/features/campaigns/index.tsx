import { SendOutlined } from "@ant-design/icons";
import { feature } from "../../shell/feature";
import { en, problemsEn, problemsZh, zh } from "./i18n";

/** Campaigns from draft to result, and the settings they are sent by: reach policy and channels. */
export const campaigns = feature({
  name: "campaigns",
  i18n: { zh, en },
  problems: { zh: problemsZh, en: problemsEn },
  pages: [
    {
      path: "/campaigns",
      title: "campaigns.title",
      load: () => import("./CampaignsPage"),
      permission: "campaigns.read",
      nav: { section: "marketing", order: 20, icon: <SendOutlined /> },
      words: "huodong send reach 触达 发送 群发",
    },
    {
      path: "/campaigns/new",
      title: "campaigns.new",
      load: () => import("./WizardPage"),
      permission: "campaigns.write",
      words: "xinjian huodong 新建",
    },
    {
      path: "/campaigns/$id",
      title: "campaigns.one",
      load: () => import("./CampaignPage"),
      permission: "campaigns.read",
    },
    {
      path: "/campaigns/$id/edit",
      title: "campaigns.edit",
      load: () => import("./WizardPage"),
      permission: "campaigns.write",
    },
  ],
  settings: [
    {
      key: "policy",
      title: "campaigns.policy.title",
      order: 20,
      load: () => import("./PolicyTab"),
      permission: "policy.read",
    },
    {
      key: "channels",
      title: "campaigns.channels.title",
      order: 30,
      load: () => import("./ChannelsTab"),
      permission: "channels.read",
    },
  ],
});
