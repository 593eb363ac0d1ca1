import { PlusOutlined } from "@ant-design/icons";
import { $api, keyset } from "@huoshui/api";
import {
  type Column,
  DataTable,
  Empty,
  type Filter,
  LayerTag,
  Page,
  RowDrawer,
  Status,
  useReader,
  When,
} from "@huoshui/ui";
import { keepPreviousData } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Button, Space } from "antd";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useUrlState } from "../../shell/url";
import { ContentActions } from "./ContentActions";
import { Preview } from "./Preview";
import { type Content, covered, draftOf, say } from "./words";
import "./content.css";

/** The content library. */
export default function ContentPage() {
  const { t } = useTranslation();
  const { language } = useReader();
  const can = useCan();
  const navigate = useNavigate();
  const [state, setState] = useUrlState({ q: "", layer: "", archived: "", open: "" });
  const list = $api.useInfiniteQuery(
    "get",
    "/api/v1/contents",
    {
      params: {
        query: {
          q: state.q || undefined,
          layer: (state.layer || undefined) as never,
          archived: state.archived === "true" || undefined,
          limit: 50,
        },
      },
    },
    { ...keyset, placeholderData: keepPreviousData },
  );
  const opened = list.data?.pages.flatMap((p) => p.items).find((c) => c.id === state.open);
  const columns: Column<Content>[] = [
    {
      key: "name",
      title: t("content.col.name"),
      width: 280,
      render: (c) => <b className="ct-name">{say(c.name, language)}</b>,
      value: (c) => say(c.name, language),
    },
    {
      key: "layers",
      title: t("content.col.layers"),
      width: 260,
      render: (c) =>
        c.layers.length === 0 ? (
          t("content.any_layer")
        ) : (
          <Space size={12}>
            {c.layers.map((l) => (
              <LayerTag key={l} layer={l} />
            ))}
          </Space>
        ),
      value: (c) => c.layers.join(" "),
    },
    {
      key: "channels",
      title: t("content.col.channels"),
      width: 260,
      render: (c) =>
        covered(c.bodies)
          .map((ch) => t(`content.channels.${ch}`))
          .join(language === "en" ? ", " : "、"),
      value: (c) => covered(c.bodies).join(" "),
    },
    {
      key: "languages",
      title: t("content.col.languages"),
      width: 110,
      render: (c) =>
        [...new Set(c.bodies.map((b) => b.language))]
          .map((l) => t(`content.languages.${l}`))
          .join(language === "en" ? ", " : "、"),
    },
    {
      key: "source",
      title: t("content.col.source"),
      width: 110,
      render: (c) => <Status tone="calm">{c.shipped ? t("content.shipped") : t("content.own")}</Status>,
    },
    {
      key: "version",
      title: t("content.col.version"),
      width: 90,
      render: (c) => t("content.version", { n: c.version }),
      value: (c) => c.version,
    },
    {
      key: "changed",
      title: t("content.col.changed"),
      width: 140,
      render: (c) => <When at={c.changed_at} ago />,
      value: (c) => c.changed_at,
    },
  ];
  const filters: Filter[] = [
    {
      key: "layer",
      label: t("content.layer"),
      kind: "choice",
      options: (["vip", "potential", "new", "silent", "lost"] as const).map((l) => ({
        value: l,
        label: t(`ui.layer.${l}`),
      })),
    },
    { key: "archived", label: t("content.archived"), kind: "flag" },
  ];
  const add = can("content.write") ? (
    <Button type="primary" icon={<PlusOutlined />} onClick={() => void navigate({ to: "/content/new" as never })}>
      {t("content.new")}
    </Button>
  ) : null;
  return (
    <Page title={t("content.title")} lead={t("content.lead")} actions={add}>
      <DataTable<Content, typeof state>
        id="content"
        query={list}
        columns={columns}
        filters={filters}
        search={t("content.search")}
        rowKey={(c) => c.id}
        state={state}
        onState={setState}
        onOpen={(c) => setState({ open: c.id })}
        openKey={state.open}
        empty={
          <Empty title={t("content.empty")} action={add}>
            {t("content.empty_text")}
          </Empty>
        }
      />
      <RowDrawer
        open={!!opened}
        width={640}
        title={opened ? say(opened.name, language) : ""}
        onClose={() => setState({ open: "" })}
        onOpenPage={() => void navigate({ to: `/content/${state.open}` as never })}
        footer={opened ? <ContentActions content={opened} /> : null}
      >
        {opened ? (
          <div className="ct-drawer">
            <p className="hs-secondary">{say(opened.note, language)}</p>
            <Preview draft={draftOf(opened)} />
          </div>
        ) : null}
      </RowDrawer>
    </Page>
  );
}
