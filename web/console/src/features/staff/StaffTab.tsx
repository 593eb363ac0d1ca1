import { PlusOutlined } from "@ant-design/icons";
import { $api, type Schema } from "@huoshui/api";
import { type Column, DataTable, RowDrawer, Status, When, wholeList } from "@huoshui/ui";
import { keepPreviousData } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Button, Checkbox } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useUrlState } from "../../shell/url";
import { Account, AccountState } from "./Account";
import { AddStaff } from "./AddStaff";

type Row = Schema<"StaffAccount">;

/** The list of accounts; a row opens in a drawer that the URL remembers. */
export default function StaffTab() {
  const { t } = useTranslation();
  const can = useCan();
  const navigate = useNavigate();
  const [state, setState] = useUrlState({ q: "", all: false, open: "" });
  const [adding, setAdding] = useState(false);
  const list = $api.useQuery(
    "get",
    "/api/v1/staff",
    { params: { query: { q: state.q || undefined, all: state.all || undefined } } },
    { placeholderData: keepPreviousData },
  );
  const rows = list.data?.items;
  const opened = rows?.find((row) => row.id === state.open);
  const columns: Column<Row>[] = [
    { key: "login", title: t("staff.login"), render: (r) => r.login, value: (r) => r.login, width: 160 },
    { key: "name", title: t("staff.name"), render: (r) => r.name, value: (r) => r.name, width: 140 },
    {
      key: "role",
      title: t("staff.role"),
      definition: t("staff.role_why"),
      render: (r) => t(`staff.roles.${r.role}`),
      value: (r) => r.role,
      width: 140,
    },
    { key: "team", title: t("staff.team"), render: (r) => r.team || "—", value: (r) => r.team, width: 140 },
    { key: "state", title: t("staff.state"), render: (r) => <AccountState account={r} />, width: 140 },
    {
      key: "signed_in_at",
      title: t("staff.signed_in"),
      render: (r) =>
        r.signed_in_at ? <When at={r.signed_in_at} ago /> : <Status tone="calm">{t("staff.never")}</Status>,
      value: (r) => r.signed_in_at,
      width: 140,
    },
    {
      key: "email",
      title: t("staff.email"),
      render: (r) => r.email || "—",
      value: (r) => r.email,
      hidden: true,
      width: 200,
    },
  ];
  return (
    <>
      <DataTable
        id="staff"
        query={wholeList({ ...list, data: rows })}
        columns={columns}
        rowKey={(r) => r.id}
        state={state}
        onState={setState}
        search={t("staff.search")}
        onOpen={(r) => setState({ open: r.id })}
        openKey={state.open}
        toolbar={
          <>
            <Checkbox checked={state.all} onChange={(e) => setState({ all: e.target.checked })}>
              {t("staff.show_closed")}
            </Checkbox>
            {can("staff.write") ? (
              <Button size="small" type="primary" icon={<PlusOutlined />} onClick={() => setAdding(true)}>
                {t("staff.add")}
              </Button>
            ) : null}
          </>
        }
      />
      <RowDrawer
        open={!!opened}
        title={opened?.name ?? ""}
        subtitle={opened?.login}
        onClose={() => setState({ open: "" })}
        onOpenPage={() => void navigate({ to: `/staff/${state.open}` })}
      >
        {opened ? <Account account={opened} /> : null}
      </RowDrawer>
      <AddStaff open={adding} onClose={() => setAdding(false)} />
    </>
  );
}
