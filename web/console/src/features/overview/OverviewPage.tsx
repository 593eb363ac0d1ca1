import { Page } from "@huoshui/ui";
import { useTranslation } from "react-i18next";

/** Today: what changed, what needs a person, what earned. */
export default function OverviewPage() {
  const { t } = useTranslation();
  return <Page title={t("overview.title")} />;
}
