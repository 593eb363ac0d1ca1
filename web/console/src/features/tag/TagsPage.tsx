import { PlusOutlined, UploadOutlined } from "@ant-design/icons";
import { $api, type Schema } from "@huoshui/api";
import {
  type Column,
  Count,
  DataTable,
  Empty,
  formatPercent,
  None,
  Page,
  Panel,
  Status,
  useProblemText,
  useReader,
  When,
  wholeList,
} from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { App, Button, Input, Modal, Select, Tooltip } from "antd";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useUrlState } from "../../shell/url";
import { TagName } from "../../tagging/TagName";
import type { Tag } from "../../tagging/words";
import { Upload } from "./Upload";
import "./tag.css";

/** What is read of all tags together, by tag. */
export function useWorth() {
  const query = $api.useQuery("get", "/api/v1/tag-worth", {}, { staleTime: 30_000 });
  return useMemo(() => new Map(query.data?.items.map((w) => [w.tag, w])), [query.data]);
}

/** The names of staff, where the reader may know them. */
export function useOwners(): (id: string) => string {
  const can = useCan();
  const staff = $api.useQuery("get", "/api/v1/staff", {}, { enabled: can("staff.read"), staleTime: 300_000 });
  return (id) => staff.data?.items.find((s) => s.id === id)?.name ?? id;
}

/** The library: groups at the left, their tags with what they are worth. */
export default function TagsPage() {
  const { t } = useTranslation();
  const { language } = useReader();
  const can = useCan();
  const navigate = useNavigate();
  const owner = useOwners();
  const worth = useWorth();
  const [uploading, setUploading] = useState(false);
  const [state, setState] = useUrlState({ q: "", group: "", archived: "" });
  const groups = $api.useQuery("get", "/api/v1/tag-groups", {});
  const list = $api.useQuery("get", "/api/v1/tags", {
    params: { query: { archived: state.archived === "true" || undefined } },
  });
  const all = list.data?.items;
  const within = useMemo(() => {
    const some = groups.data?.items ?? [];
    return new Set([state.group, ...some.filter((g) => g.parent === state.group).map((g) => g.id)]);
  }, [groups.data, state.group]);
  const rows = useMemo(
    () =>
      all?.filter(
        (tag) =>
          (!state.group || within.has(tag.group)) &&
          (!state.q || tag.name.toLowerCase().includes(String(state.q).toLowerCase())),
      ),
    [all, state.group, state.q, within],
  );
  const columns: Column<Tag>[] = [
    {
      key: "name",
      title: t("tags.name"),
      width: 180,
      render: (tag) => <TagName name={tag.name} colour={tag.colour} />,
      value: (tag) => tag.name,
    },
    {
      key: "people",
      title: t("tags.people"),
      align: "right",
      width: 80,
      render: (tag) => <Count n={tag.size} />,
      value: (tag) => tag.size,
    },
    {
      key: "coverage",
      title: t("tags.coverage"),
      definition: t("tags.coverage_why"),
      align: "right",
      width: 100,
      render: (tag) => {
        const w = worth.get(tag.id);
        return w ? <span className="hs-num">{formatPercent(w.coverage, language)}</span> : <None />;
      },
      value: (tag) => worth.get(tag.id)?.coverage ?? "",
    },
    {
      key: "kind",
      title: t("tags.kind"),
      width: 88,
      render: (tag) => <Tooltip title={t(`tags.kind_why.${tag.kind}`)}>{t(`tags.kinds.${tag.kind}`)}</Tooltip>,
      value: (tag) => tag.kind,
    },
    {
      key: "cycle",
      title: t("tags.cycle"),
      definition: t("tags.cycle_why"),
      width: 92,
      render: (tag) => (tag.cycle ? t(`tags.cycles.${tag.cycle}`) : <None />),
      value: (tag) => tag.cycle,
    },
    {
      key: "owner",
      title: t("tags.owner"),
      width: 96,
      render: (tag) => (tag.owner ? owner(tag.owner) : <None />),
      value: (tag) => (tag.owner ? owner(tag.owner) : ""),
    },
    {
      key: "flags",
      title: t("tags.flags"),
      width: 168,
      render: (tag) => <Flags flags={worth.get(tag.id)?.flags} />,
      value: (tag) => worth.get(tag.id)?.flags.join(" ") ?? "",
    },
    {
      key: "moved",
      title: t("tags.moved"),
      width: 100,
      render: (tag) => <When at={tag.moved_at} ago />,
      value: (tag) => tag.moved_at,
    },
  ];
  const make = can("tags.write") ? (
    <Button
      type="primary"
      icon={<PlusOutlined />}
      onClick={() => void navigate({ to: "/tags/new", search: { group: state.group || undefined } as never })}
    >
      {t("tags.new")}
    </Button>
  ) : null;
  return (
    <Page
      title={t("tags.title")}
      lead={t("tags.lead")}
      actions={
        <>
          <Link to={"/tags/heat" as never}>
            <Button>{t("tags.heat_title")}</Button>
          </Link>
          {can("tags.mark") ? (
            <Button icon={<UploadOutlined />} onClick={() => setUploading(true)}>
              {t("tags.file")}
            </Button>
          ) : null}
          {make}
        </>
      }
    >
      <div className="tags-library">
        <Groups
          groups={groups.data?.items ?? []}
          tags={all ?? []}
          chosen={String(state.group)}
          onChoose={(group) => setState({ group })}
        />
        <DataTable
          id="tags"
          query={wholeList({ ...list, data: rows })}
          columns={columns}
          rowKey={(tag) => tag.id}
          state={state}
          onState={setState}
          search={t("tags.search")}
          filters={[{ key: "archived", label: t("tags.archived_only"), kind: "flag" }]}
          onOpen={(tag) => void navigate({ to: `/tags/${tag.id}` })}
          empty={
            <Empty title={t("tags.empty")} action={make}>
              {t("tags.empty_text")}
            </Empty>
          }
        />
      </div>
      <Modal open={uploading} title={t("tags.file")} footer={null} onCancel={() => setUploading(false)} destroyOnHidden>
        <Upload />
      </Modal>
    </Page>
  );
}

/** What speaks against a tag, each with its reason on hover. */
export function Flags(props: { flags: readonly string[] | undefined }) {
  const { t } = useTranslation();
  if (!props.flags) {
    return <None />;
  }
  if (props.flags.length === 0) {
    return <span className="hs-secondary">{t("tags.worth_fine")}</span>;
  }
  return (
    <span className="tags-flags">
      {props.flags.map((f) => (
        <Tooltip key={f} title={t(`tags.flag_why.${f}`)}>
          <span>
            <Status tone="attention">{t(`tags.flag.${f}`)}</Status>
          </span>
        </Tooltip>
      ))}
    </span>
  );
}

function Groups(props: {
  groups: readonly Schema<"TagGroup">[];
  tags: readonly Tag[];
  chosen: string;
  onChoose: (group: string) => void;
}) {
  const { t } = useTranslation();
  const can = useCan();
  const client = useQueryClient();
  const text = useProblemText();
  const { message } = App.useApp();
  const [adding, setAdding] = useState(false);
  const { groups, tags, chosen } = props;
  const again = {
    onSuccess: () => client.invalidateQueries({ queryKey: ["get", "/api/v1/tag-groups"] }),
    onError: (error: unknown) => void message.error(text(error)),
  };
  const drop = $api.useMutation("delete", "/api/v1/tag-groups/{id}", again);
  const children = (id: string) => groups.filter((g) => g.parent === id);
  const count = (id: string): number =>
    tags.filter((tag) => tag.group === id).length + children(id).reduce((n, g) => n + count(g.id), 0);
  const line = (g: Schema<"TagGroup">, child: boolean) => (
    <button
      key={g.id}
      type="button"
      className="tags-group"
      data-child={child || undefined}
      aria-pressed={chosen === g.id}
      onClick={() => props.onChoose(g.id)}
    >
      <span>{g.name}</span>
      <span className="hs-secondary hs-num">{count(g.id)}</span>
    </button>
  );
  return (
    <Panel>
      <nav className="tags-groups" aria-label={t("tags.group")}>
        <button type="button" className="tags-group" aria-pressed={chosen === ""} onClick={() => props.onChoose("")}>
          <span>{t("tags.all")}</span>
          <span className="hs-secondary hs-num">{tags.length}</span>
        </button>
        {groups.filter((g) => !g.parent).flatMap((g) => [line(g, false), ...children(g.id).map((c) => line(c, true))])}
        {can("tags.write") ? (
          <div className="tags-tools">
            <Button size="small" type="text" icon={<PlusOutlined />} onClick={() => setAdding(true)}>
              {t("tags.group_new")}
            </Button>
            {chosen && count(chosen) === 0 && children(chosen).length === 0 ? (
              <Button
                size="small"
                type="text"
                danger
                onClick={() =>
                  drop.mutate({ params: { path: { id: chosen } } }, { onSuccess: () => props.onChoose("") })
                }
              >
                {t("tags.group_remove")}
              </Button>
            ) : null}
          </div>
        ) : null}
      </nav>
      <NewGroup open={adding} groups={groups} onDone={() => setAdding(false)} />
    </Panel>
  );
}

/** Asks for a group's name and, perhaps, the group it is a category of. */
export function NewGroup(props: {
  open: boolean;
  groups: readonly Schema<"TagGroup">[];
  onDone: (made?: string) => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [parent, setParent] = useState<string>();
  const add = $api.useMutation("post", "/api/v1/tag-groups", {
    onSuccess: async (group) => {
      await client.invalidateQueries({ queryKey: ["get", "/api/v1/tag-groups"] });
      setName("");
      props.onDone(group.id);
    },
  });
  return (
    <Modal
      open={props.open}
      title={t("tags.group_new")}
      okText={t("tags.group_add")}
      cancelText={t("ui.cancel")}
      okButtonProps={{ disabled: !name.trim(), loading: add.isPending }}
      onOk={() => add.mutate({ body: { name: name.trim(), parent } })}
      onCancel={() => props.onDone()}
    >
      <div className="tags-row">
        <Input
          aria-label={t("tags.group_name")}
          placeholder={t("tags.group_name")}
          maxLength={80}
          value={name}
          onChange={(e) => setName(e.target.value)}
        />
        <Select
          allowClear
          aria-label={t("tags.group_parent")}
          placeholder={t("tags.group_parent")}
          value={parent}
          onChange={setParent}
          style={{ width: "100%" }}
          options={props.groups.filter((g) => !g.parent).map((g) => ({ value: g.id, label: g.name }))}
        />
      </div>
    </Modal>
  );
}
