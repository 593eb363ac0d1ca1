import { PlusOutlined } from "@ant-design/icons";
import { $api } from "@huoshui/api";
import { type Column, DataTable, Empty, ErrorNote, None, Page, Status, When, wholeList } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Button, Input, Modal } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useStaffName } from "../../shell/staff-name";
import { useUrlState } from "../../shell/url";
import type { Standing } from "./design";
import { Field } from "./pickers";
import "./store.css";

/** The pages of the store, and what is shown of each. */
export default function PagesPage() {
  const { t } = useTranslation();
  const can = useCan();
  const staff = useStaffName();
  const navigate = useNavigate();
  const [state, setState] = useUrlState({ q: "" });
  const [making, setMaking] = useState(false);
  const list = $api.useQuery("get", "/api/v1/store-pages");
  const rows = list.data?.items.filter((p) => !state.q || p.title.includes(state.q) || p.name.includes(state.q));
  const columns: Column<Standing>[] = [
    { key: "title", title: t("store.page_title"), width: 200, render: (p) => p.title, value: (p) => p.title },
    { key: "name", title: t("store.name"), width: 140, render: (p) => `/${p.name}`, value: (p) => p.name },
    {
      key: "state",
      title: t("store.state"),
      width: 260,
      render: (p) => (
        <span className="store-state">
          {p.live ? (
            <Status tone="good">{t("store.live", { n: p.live })}</Status>
          ) : (
            <Status tone="calm">{t("store.off")}</Status>
          )}
          {p.unpublished ? <Status tone="attention">{t("store.unpublished")}</Status> : null}
        </span>
      ),
      value: (p) => p.live,
    },
    {
      key: "planned",
      title: t("store.planned"),
      width: 110,
      render: (p) => (p.planned.length ? t("store.planned_n", { n: p.planned.length }) : <None />),
      value: (p) => p.planned.length,
    },
    {
      key: "variants",
      title: t("store.variants"),
      width: 200,
      render: (p) =>
        p.variants.length ? p.variants.map((l) => t(`ui.layer.${l}`)).join("、") : t("store.no_variants"),
      value: (p) => p.variants.join(),
    },
    {
      key: "changed",
      title: t("store.changed"),
      width: 150,
      render: (p) => <When at={p.changed_at} />,
      value: (p) => p.changed_at,
    },
    { key: "by", title: t("store.by"), width: 120, render: (p) => staff(p.changed_by), value: (p) => p.changed_by },
  ];
  return (
    <Page
      title={t("store.title")}
      lead={t("store.lead")}
      actions={
        <>
          <Button href="/shop/" target="_blank">
            {t("store.open_store")}
          </Button>
          {can("store.design") ? (
            <Button type="primary" icon={<PlusOutlined />} onClick={() => setMaking(true)}>
              {t("store.new")}
            </Button>
          ) : null}
        </>
      }
    >
      <DataTable
        id="store-pages"
        query={wholeList({ ...list, data: rows })}
        columns={columns}
        rowKey={(p) => p.id}
        state={state}
        onState={setState}
        onOpen={(p) => void navigate({ to: `/store/${p.id}` as never })}
        empty={<Empty title={t("store.empty")}>{t("store.empty_text")}</Empty>}
      />
      {making ? <Make onClose={() => setMaking(false)} /> : null}
    </Page>
  );
}

function Make(props: { onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [title, setTitle] = useState("");
  const create = $api.useMutation("post", "/api/v1/store-pages", { meta: { quiet: true } });
  const make = async () => {
    const made = await create.mutateAsync({ body: { name, title, design: { blocks: [] } } });
    await client.invalidateQueries({ queryKey: ["get", "/api/v1/store-pages"] });
    void navigate({ to: `/store/${made.id}` as never });
  };
  return (
    <Modal
      open
      title={t("store.new")}
      okText={t("store.new_run")}
      cancelText={t("ui.cancel")}
      okButtonProps={{ disabled: !name.trim() || !title.trim(), loading: create.isPending }}
      onOk={() => void make().catch(() => undefined)}
      onCancel={props.onClose}
    >
      {create.error ? <ErrorNote error={create.error} /> : null}
      <Field label={t("store.page_title")}>
        <Input
          aria-label={t("store.page_title")}
          value={title}
          maxLength={40}
          onChange={(e) => setTitle(e.target.value)}
        />
      </Field>
      <Field label={t("store.name")} why={t("store.name_why")}>
        <Input
          aria-label={t("store.name")}
          prefix="/"
          value={name}
          maxLength={40}
          onChange={(e) => setName(e.target.value.toLowerCase())}
        />
      </Field>
    </Modal>
  );
}
