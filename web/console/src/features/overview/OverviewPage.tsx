import { $api } from "@huoshui/api";
import { Cards, Empty, formatWhen, Loaded, Loading, Page, useReader } from "@huoshui/ui";
import { Link } from "@tanstack/react-router";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { useBusiness } from "../../shell/business";
import { useCan } from "../../shell/session";
import { useUrlState } from "../../shell/url";
import { Earned } from "./Earned";
import { Layers } from "./Layers";
import { Needs } from "./Needs";
import "./overview.css";
import { Running } from "./Running";
import { Sales, SalesCards } from "./Sales";

/** Today: what changed, what needs a person, what earned. */
export default function OverviewPage() {
  const { t } = useTranslation();
  const reader = useReader();
  const can = useCan();
  const business = useBusiness();
  const [state, setState] = useUrlState({ until: "" });
  const sales = $api.useQuery(
    "get",
    "/api/v1/sales",
    { params: { query: { days: 30, until: state.until || undefined } } },
    { enabled: can("effect.read"), refetchInterval: 60_000 },
  );
  const layers = $api.useQuery("get", "/api/v1/layers", {}, { enabled: can("layers.read"), retry: false });
  const noLayers = layers.data?.snapshot.day === "";
  const fresh = noLayers && sales.data !== undefined && !sales.data.last_order_at;
  return (
    <Page
      title={t("overview.title")}
      lead={
        business
          ? t("overview.today", {
              day: formatWhen(business.now, reader, "date"),
              time: formatWhen(business.now, reader, "time"),
            })
          : undefined
      }
      actions={
        <>
          {can("imports.write") ? (
            <Link to="/imports">
              <Button>{t("overview.import")}</Button>
            </Link>
          ) : null}
          {can("campaigns.write") ? (
            <Link to="/campaigns/new">
              <Button type="primary">{t("overview.campaign")}</Button>
            </Link>
          ) : null}
        </>
      }
    >
      {fresh ? (
        <Empty
          title={t("overview.first.title")}
          action={
            can("imports.write") ? (
              <Link to="/imports">
                <Button type="primary">{t("overview.import")}</Button>
              </Link>
            ) : undefined
          }
          link={<span className="hs-secondary">{t("overview.first.demo")}</span>}
        >
          {t("overview.first.text")}
        </Empty>
      ) : (
        <>
          {can("effect.read") ? (
            <Loaded query={sales} loading={<Loading blocks={4} />}>
              {(data) => (
                <Cards>
                  <SalesCards sales={data} />
                </Cards>
              )}
            </Loaded>
          ) : null}
          <div className="ov-grid">
            <div className="ov-main">
              {can("effect.read") ? (
                <Sales query={sales} until={state.until} onUntil={(until) => setState({ until })} />
              ) : null}
              {can("layers.read") ? <Layers query={layers} none={noLayers} /> : null}
              {can("effect.read") ? <Earned /> : null}
            </div>
            <div className="ov-side">
              <Needs />
              <Running />
            </div>
          </div>
        </>
      )}
    </Page>
  );
}
