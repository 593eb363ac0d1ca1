import { FilterOutlined } from "@ant-design/icons";
import { feature } from "../../shell/feature";
import { en, problemsEn, problemsZh, zh } from "./i18n";

/** Segments: questions about people, answered while they are written, saved, compared and used. */
export const segments = feature({
  name: "segments",
  i18n: { zh, en },
  problems: { zh: problemsZh, en: problemsEn },
  pages: [
    {
      path: "/segments",
      title: "segments.title",
      load: () => import("./SegmentsPage"),
      permission: "segments.read",
      nav: { section: "users", order: 30, icon: <FilterOutlined /> },
      words: "fenqun audience list 人群 名单",
    },
    {
      path: "/segments/new",
      title: "segments.new",
      load: () => import("./NewSegmentPage"),
      permission: "segments.write",
      words: "xinjian fenqun 新建 人群",
    },
    { path: "/segments/$id", title: "segments.one", load: () => import("./SegmentPage"), permission: "segments.read" },
    {
      path: "/segments/$id/edit",
      title: "segments.edit",
      load: () => import("./EditSegmentPage"),
      permission: "segments.write",
    },
  ],
});
