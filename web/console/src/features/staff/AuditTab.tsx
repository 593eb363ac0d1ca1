import { $api, keyset, type Schema } from "@huoshui/api";
import { type Column, DataTable, Empty, type Filter, Status, When } from "@huoshui/ui";
import { keepPreviousData } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useUrlState } from "../../shell/url";

type Row = Schema<"StaffRecord">;

/** What staff did, newest first. */
export default function AuditTab() {
  const { t } = useTranslation();
  const [state, setState] = useUrlState({ staff: "" });
  const people = $api.useQuery("get", "/api/v1/staff", { params: { query: { all: true } } });
  const records = $api.useInfiniteQuery(
    "get",
    "/api/v1/audit",
    { params: { query: { limit: 50, staff_id: state.staff || undefined } } },
    { ...keyset, placeholderData: keepPreviousData },
  );
  const filters: Filter[] = [
    {
      key: "staff",
      label: t("staff.who"),
      kind: "choice",
      options: people.data?.items.map((p) => ({ value: p.id, label: `${p.name} (${p.login})` })) ?? [],
    },
  ];
  const columns: Column<Row>[] = [
    {
      key: "at",
      title: t("staff.at"),
      render: (r) => <When at={r.at} style="second" />,
      value: (r) => r.at,
      width: 170,
    },
    { key: "login", title: t("staff.who"), render: (r) => r.login, value: (r) => r.login, width: 120 },
    {
      key: "action",
      title: t("staff.action"),
      render: (r) => <code>{r.action}</code>,
      value: (r) => r.action,
      width: 200,
    },
    {
      key: "target",
      title: t("staff.target"),
      render: (r) => <code>{r.target}</code>,
      value: (r) => r.target,
      width: 280,
    },
    {
      key: "status",
      title: t("staff.result"),
      render: (r) =>
        r.status < 400 ? (
          <Status tone="good">{t("staff.done")}</Status>
        ) : (
          <Status tone="attention">{t("staff.refused", { status: r.status })}</Status>
        ),
      value: (r) => r.status,
      width: 130,
    },
    { key: "remote", title: t("staff.remote"), render: (r) => r.remote, value: (r) => r.remote, width: 140 },
    {
      key: "request_id",
      title: t("staff.request"),
      render: (r) => <code>{r.request_id}</code>,
      value: (r) => r.request_id,
      hidden: true,
      width: 260,
    },
  ];
  return (
    <DataTable
      id="audit"
      query={records}
      columns={columns}
      rowKey={(r) => r.id}
      filters={filters}
      state={state}
      onState={setState}
      empty={<Empty title={t("staff.audit_empty")}>{t("staff.audit_lead")}</Empty>}
    />
  );
}
