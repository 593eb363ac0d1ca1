import { $api } from "@huoshui/api";
import { Loaded, Page, Panel } from "@huoshui/ui";
import { Link, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Account } from "./Account";

/** One account as a page of its own. */
export default function AccountPage() {
  const { t } = useTranslation();
  const { id } = useParams({ strict: false }) as { id: string };
  const account = $api.useQuery("get", "/api/v1/staff/{id}", { params: { path: { id } } });
  return (
    <Page
      title={account.data?.name ?? t("staff.one")}
      narrow
      crumbs={<Link to="/settings/staff">{t("staff.title")}</Link>}
    >
      <Panel>
        <Loaded query={account}>{(data) => <Account account={data} />}</Loaded>
      </Panel>
    </Page>
  );
}
