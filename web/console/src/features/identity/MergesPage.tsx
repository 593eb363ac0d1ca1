import { $api, keyset } from "@huoshui/api";
import { type Column, DataTable, Empty, type Filter, Status, useConfirmDanger, When } from "@huoshui/ui";
import { keepPreviousData, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { App, Button } from "antd";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useOriginName } from "../../shell/source-name";
import { useStaffName } from "../../shell/staff-name";
import { useUrlState } from "../../shell/url";
import { Frame } from "./Frame";
import type { Merge } from "./words";

/** Who went into whom, why, and the way back. */
export default function MergesPage() {
  const { t } = useTranslation();
  const can = useCan();
  const client = useQueryClient();
  const ask = useConfirmDanger();
  const origin = useOriginName();
  const staff = useStaffName();
  const { message } = App.useApp();
  const [state, setState] = useUrlState({ state: "", cause: "" });
  const list = $api.useInfiniteQuery(
    "get",
    "/api/v1/identity/merges",
    {
      params: {
        query: {
          state: (state.state || undefined) as "active" | undefined,
          cause: (state.cause || undefined) as Merge["cause"] | undefined,
          limit: 50,
        },
      },
    },
    { ...keyset, placeholderData: keepPreviousData },
  );
  const undo = $api.useMutation("post", "/api/v1/identity/merges/{id}/undo", {
    meta: { quiet: true },
    onSuccess: async () => {
      message.success(t("identity.undone"));
      await client.invalidateQueries({
        predicate: (q) =>
          String(q.queryKey[1]).startsWith("/api/v1/identity") || String(q.queryKey[1]).startsWith("/api/v1/customers"),
      });
    },
  });
  const name = (text: string, number: number) => text || t("identity.numbered", { number });
  const columns: Column<Merge>[] = [
    {
      key: "from",
      title: t("identity.from"),
      width: 168,
      render: (m) => name(m.from_name, m.from),
      value: (m) => m.from,
    },
    {
      key: "to",
      title: t("identity.to"),
      width: 168,
      render: (m) => <Link to={`/customers/${m.to_id}` as never}>{name(m.to_name, m.to)}</Link>,
      value: (m) => m.to,
    },
    {
      key: "cause",
      title: t("identity.cause"),
      width: 120,
      render: (m) => t(`identity.causes.${m.cause}`),
      value: (m) => m.cause,
    },
    {
      key: "why",
      title: t("identity.reason"),
      width: 240,
      render: (m) => (m.cause === "keys" ? t("identity.told_by", { source: origin(m.source) }) : m.reason),
      value: (m) => m.reason,
    },
    {
      key: "by",
      title: t("identity.by"),
      width: 104,
      render: (m) => staff(m.by) || t("identity.automatic"),
      value: (m) => staff(m.by),
    },
    { key: "at", title: t("identity.at"), width: 140, render: (m) => <When at={m.at} />, value: (m) => m.at },
    {
      key: "state",
      title: t("identity.state_title"),
      width: 184,
      render: (m) =>
        m.undone_at ? (
          <Status tone="calm" why={staff(m.undone_by)}>
            {t("identity.undone_at")} <When at={m.undone_at} />
          </Status>
        ) : can("identity.write") ? (
          <Button
            size="small"
            onClick={() =>
              ask({
                title: t("identity.undo_ask", { a: name(m.from_name, m.from), b: name(m.to_name, m.to) }),
                consequence: t("identity.undo_text", { a: name(m.from_name, m.from), b: name(m.to_name, m.to) }),
                action: t("identity.undo"),
                run: () => undo.mutateAsync({ params: { path: { id: m.id } } }),
              })
            }
          >
            {t("identity.undo")}
          </Button>
        ) : (
          <Status tone="good">{t("identity.active")}</Status>
        ),
      value: (m) => m.undone_at ?? "",
    },
  ];
  const filters: Filter[] = [
    {
      key: "state",
      label: t("identity.state_title"),
      kind: "choice",
      options: [
        { value: "active", label: t("identity.active") },
        { value: "undone", label: t("identity.undone_at") },
      ],
    },
    {
      key: "cause",
      label: t("identity.cause"),
      kind: "choice",
      options: (["keys", "decision", "hand"] as const).map((value) => ({
        value,
        label: t(`identity.causes.${value}`),
      })),
    },
  ];
  return (
    <Frame tab="merges">
      <DataTable
        id="merges"
        query={list}
        columns={columns}
        filters={filters}
        rowKey={(m) => m.id}
        state={state}
        onState={setState}
        empty={<Empty title={t("identity.merges_empty")}>{t("identity.merges_empty_text")}</Empty>}
      />
    </Frame>
  );
}
