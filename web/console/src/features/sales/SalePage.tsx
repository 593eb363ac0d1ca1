import { $api } from "@huoshui/api";
import { Loaded, Page, Status } from "@huoshui/ui";
import { Link, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { SaleActions, SaleView } from "./SaleView";
import { stateKey, tones } from "./words";

/** One order as a page. */
export default function SalePage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const { t } = useTranslation();
  const one = $api.useQuery("get", "/api/v1/store/orders/{id}", { params: { path: { id } } });
  return (
    <Loaded query={one}>
      {(f) => (
        <Page
          title={f.number}
          titleExtra={<Status tone={tones[f.state]}>{t(stateKey(f))}</Status>}
          crumbs={<Link to={"/orders" as never}>{t("sales.title")}</Link>}
          actions={<SaleActions of={f} />}
          narrow
        >
          <SaleView id={id} />
        </Page>
      )}
    </Loaded>
  );
}
