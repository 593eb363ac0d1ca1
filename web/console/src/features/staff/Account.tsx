import { $api, type Schema } from "@huoshui/api";
import { Facts, formatWhen, Loaded, Panel, Status, useConfirmDanger, useReader, When } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { App, Button, Form, Input, Select, Tag } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan, useStaff } from "../../shell/session";
import { Issued } from "./Issued";

type StaffAccount = Schema<"StaffAccount">;

/** Whether the account can sign in, in a word. */
export function AccountState(props: { account: StaffAccount }) {
  const { t } = useTranslation();
  const reader = useReader();
  const { account } = props;
  if (!account.active) {
    return <Status tone="calm">{t("staff.closed")}</Status>;
  }
  if (account.locked_until && new Date(account.locked_until).getTime() > Date.now()) {
    return (
      <Status tone="danger">{t("staff.locked", { until: formatWhen(account.locked_until, reader, "time") })}</Status>
    );
  }
  if (account.must_change) {
    return (
      <Status tone="attention" why={t("staff.one_time_why")}>
        {t("staff.one_time")}
      </Status>
    );
  }
  return <Status tone="good">{t("staff.active")}</Status>;
}

/** Lists again whatever shows accounts. */
export function useStaffChanged(): () => Promise<void> {
  const client = useQueryClient();
  return async () => {
    await Promise.all([
      client.invalidateQueries({ queryKey: ["get", "/api/v1/staff"] }),
      client.invalidateQueries({ queryKey: ["get", "/api/v1/staff/{id}"] }),
    ]);
  };
}

/** One account: what it is, changing it, its password, closing it, and what its owner did. */
export function Account(props: { account: StaffAccount }) {
  const { t } = useTranslation();
  const { account } = props;
  const can = useCan();
  const me = useStaff();
  const { message } = App.useApp();
  const confirm = useConfirmDanger();
  const changed = useStaffChanged();
  const [editing, setEditing] = useState(false);
  const [issued, setIssued] = useState<Schema<"StaffIssued">>();
  const change = $api.useMutation("put", "/api/v1/staff/{id}", { onSuccess: changed });
  const reset = $api.useMutation("post", "/api/v1/staff/{id}/password", { onSuccess: changed });
  const params = { path: { id: account.id } };
  const mine = me.id === account.id;
  return (
    <div style={{ display: "flex", flexDirection: "column", gap: 24 }}>
      {editing ? (
        <Edit
          account={account}
          saving={change.isPending}
          onCancel={() => setEditing(false)}
          onSave={(body) =>
            change.mutate(
              { params, body },
              {
                onSuccess: () => {
                  setEditing(false);
                  message.success(t("staff.saved"));
                },
              },
            )
          }
        />
      ) : (
        <>
          <Facts
            items={[
              { label: t("staff.state"), value: <AccountState account={account} /> },
              { label: t("staff.role"), value: t(`staff.roles.${account.role}`), why: t("staff.role_why") },
              { label: t("staff.team"), value: account.team || "—" },
              { label: t("staff.email"), value: account.email || "—" },
              { label: t("staff.signed_in"), value: <When at={account.signed_in_at} /> },
              { label: t("staff.created"), value: <When at={account.created_at} /> },
            ]}
          />
          {can("staff.write") ? (
            <div style={{ display: "flex", gap: 8, flexWrap: "wrap" }}>
              <Button onClick={() => setEditing(true)}>{t("staff.edit")}</Button>
              {mine ? null : (
                <Button
                  onClick={() =>
                    confirm({
                      title: t("staff.reset_title", { name: account.name }),
                      consequence: t("staff.reset_text", { name: account.name }),
                      action: t("staff.reset"),
                      run: async () => setIssued(await reset.mutateAsync({ params })),
                    })
                  }
                >
                  {t("staff.reset")}
                </Button>
              )}
              {mine ? null : account.active ? (
                <Button
                  danger
                  onClick={() =>
                    confirm({
                      title: t("staff.close_title", { name: account.name }),
                      consequence: t("staff.close_text", { name: account.name }),
                      action: t("staff.close"),
                      run: () => change.mutateAsync({ params, body: { active: false } }),
                    })
                  }
                >
                  {t("staff.close")}
                </Button>
              ) : (
                <Button loading={change.isPending} onClick={() => change.mutate({ params, body: { active: true } })}>
                  {t("staff.reopen")}
                </Button>
              )}
            </div>
          ) : null}
        </>
      )}
      <RoleCan role={account.role} />
      {can("audit.read") ? <Recent account={account} /> : null}
      <Issued issued={issued} onClose={() => setIssued(undefined)} />
    </div>
  );
}

function Edit(props: {
  account: StaffAccount;
  saving: boolean;
  onSave: (body: Schema<"StaffChange">) => void;
  onCancel: () => void;
}) {
  const { t } = useTranslation();
  const { name, role, team, email } = props.account;
  return (
    <Form layout="vertical" requiredMark={false} initialValues={{ name, role, team, email }} onFinish={props.onSave}>
      <StaffFields />
      <div style={{ display: "flex", gap: 8 }}>
        <Button type="primary" htmlType="submit" loading={props.saving}>
          {t("staff.save")}
        </Button>
        <Button onClick={props.onCancel}>{t("ui.cancel")}</Button>
      </div>
    </Form>
  );
}

/** The fields of an account that can be changed. */
export function StaffFields() {
  const { t } = useTranslation();
  const roles = $api.useQuery("get", "/api/v1/roles", {}, { staleTime: Number.POSITIVE_INFINITY });
  return (
    <>
      <Form.Item name="name" label={t("staff.name")} rules={[{ required: true, message: t("staff.needed") }]}>
        <Input maxLength={60} />
      </Form.Item>
      <Form.Item name="role" label={t("staff.role")} rules={[{ required: true, message: t("staff.needed") }]}>
        <Select
          loading={roles.isPending}
          options={roles.data?.items.map((r) => ({ value: r.role, label: t(`staff.roles.${r.role}`) }))}
        />
      </Form.Item>
      <Form.Item name="team" label={t("staff.team")} extra={t("staff.team_hint")}>
        <Input maxLength={40} />
      </Form.Item>
      <Form.Item name="email" label={t("staff.email")}>
        <Input type="email" maxLength={200} />
      </Form.Item>
    </>
  );
}

function RoleCan(props: { role: string }) {
  const { t } = useTranslation();
  const roles = $api.useQuery("get", "/api/v1/roles", {}, { staleTime: Number.POSITIVE_INFINITY });
  return (
    <section>
      <h3 className="hs-secondary" style={{ marginBottom: 8 }}>
        {t("staff.permissions")}
      </h3>
      <Loaded query={roles}>
        {(page) => (
          <div style={{ display: "flex", flexWrap: "wrap", gap: 4 }}>
            {page.items
              .find((r) => r.role === props.role)
              ?.permissions.map((p) => (
                <Tag key={p}>{t(`staff.can.${p.replace(".", "_")}`, { defaultValue: p })}</Tag>
              ))}
          </div>
        )}
      </Loaded>
    </section>
  );
}

function Recent(props: { account: StaffAccount }) {
  const { t } = useTranslation();
  const records = $api.useQuery("get", "/api/v1/audit", {
    params: { query: { staff_id: props.account.id, limit: 8 } },
  });
  return (
    <Panel
      title={t("staff.recent")}
      actions={
        <Link to="/settings/audit" search={{ staff: props.account.id } as never}>
          {t("staff.all_audit")}
        </Link>
      }
    >
      <Loaded query={records}>
        {(page) =>
          page.items.length === 0 ? (
            <p className="hs-secondary">{t("staff.audit_empty")}</p>
          ) : (
            <ul>
              {page.items.map((r) => (
                <li key={r.id} style={{ display: "flex", justifyContent: "space-between", gap: 12, padding: "4px 0" }}>
                  <code>{r.action}</code>
                  <When at={r.at} ago />
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Panel>
  );
}
