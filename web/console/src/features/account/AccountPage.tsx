import { Facts, Page, Panel } from "@huoshui/ui";
import { App, Tag } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useStaff } from "../../shell/session";
import { PasswordForm } from "../../shell/sign-in-form";

/** Who I am here, what I may do, and my password. */
export default function AccountPage() {
  const { t } = useTranslation();
  const me = useStaff();
  const { message } = App.useApp();
  const [round, setRound] = useState(0);
  return (
    <Page title={t("account.title")} narrow>
      <Panel title={t("account.who")}>
        <Facts
          columns={3}
          items={[
            { label: t("account.login"), value: me.login },
            { label: t("account.name"), value: me.name || "—" },
            { label: t("account.role"), value: t(`staff.roles.${me.role}`, { defaultValue: me.role }) },
            { label: t("account.team"), value: me.team || "—" },
          ]}
        />
      </Panel>
      <Panel title={t("account.change")}>
        <div style={{ maxWidth: 344 }}>
          <PasswordForm
            key={round}
            submit={t("account.change_do")}
            onChanged={() => {
              message.success(t("account.changed"));
              setRound(round + 1);
            }}
          />
        </div>
      </Panel>
      <Panel title={t("account.permissions")} definition={t("account.permissions_why")}>
        <div style={{ display: "flex", flexWrap: "wrap", gap: 4 }}>
          {me.permissions.map((p) => (
            <Tag key={p}>{t(`staff.can.${p.replace(".", "_")}`, { defaultValue: p })}</Tag>
          ))}
        </div>
      </Panel>
    </Page>
  );
}
