import { $api } from "@huoshui/api";
import { Empty, ErrorNote, Loading, Page, Status } from "@huoshui/ui";
import { keepPreviousData } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button, Select, Tabs } from "antd";
import { useTranslation } from "react-i18next";
import { useUrlState } from "../../shell/url";
import { LayerPeople } from "./LayerPeople";
import "./layers.css";
import { MatrixTab } from "./MatrixTab";
import { MigrationTab } from "./MigrationTab";
import { OverviewTab } from "./OverviewTab";

/** Where everybody stands: five layers, the RFM matrix, and who moved. */
export default function LayersPage() {
  const { t } = useTranslation();
  const [state, setState] = useUrlState({ tab: "overview", day: "", drill: "", drill_day: "" });
  const overview = $api.useQuery(
    "get",
    "/api/v1/layers",
    { params: { query: { day: state.day || undefined } } },
    { placeholderData: keepPreviousData, retry: false },
  );
  const days = $api.useQuery("get", "/api/v1/layers/days");
  const open = (drill: string, day?: string) => setState({ drill, drill_day: day ?? "" });

  if (overview.data?.snapshot.day === "") {
    return (
      <Page title={t("layers.title")} actions={<DefinitionLink />}>
        <Empty
          title={t("layers.none_title")}
          action={
            <Link to={"/imports" as never}>
              <Button type="primary">{t("layers.none_action")}</Button>
            </Link>
          }
        >
          {t("layers.none_text")}
        </Empty>
      </Page>
    );
  }
  const data = overview.data;
  return (
    <Page
      title={t("layers.title")}
      titleExtra={
        data?.snapshot.reconstructed ? (
          <Status tone="attention" why={t("layers.reconstructed_why")}>
            {t("layers.reconstructed")}
          </Status>
        ) : null
      }
      lead={t("layers.lead")}
      actions={
        <>
          <Select
            aria-label={t("layers.day")}
            value={data?.snapshot.day}
            onChange={(day) => setState({ day: day === days.data?.items[0]?.day ? "" : day, drill: "" })}
            showSearch
            popupMatchSelectWidth={false}
            options={days.data?.items.map((d, i) => ({
              value: d.day,
              label:
                d.day +
                (i === 0 ? ` · ${t("layers.day_newest")}` : d.reconstructed ? ` · ${t("layers.reconstructed")}` : ""),
            }))}
            style={{ minWidth: 168 }}
          />
          <DefinitionLink />
        </>
      }
    >
      {data ? (
        <div>
          <Tabs
            activeKey={state.tab}
            onChange={(tab) => setState({ tab })}
            items={(["overview", "rfm", "migration"] as const).map((key) => ({ key, label: t(`layers.tab.${key}`) }))}
          />
          {state.tab === "rfm" ? (
            <MatrixTab day={data.snapshot.day} onDrill={open} />
          ) : state.tab === "migration" ? (
            <MigrationTab to={data.snapshot.day} days={days.data?.items ?? []} onDrill={open} />
          ) : (
            <OverviewTab overview={data} onDrill={open} />
          )}
          <LayerPeople
            drill={state.drill}
            day={state.drill_day || data.snapshot.day}
            definition={data.snapshot.definition}
            result={data.snapshot.result}
            onClose={() => setState({ drill: "", drill_day: "" })}
          />
        </div>
      ) : overview.error ? (
        <ErrorNote error={overview.error} onRetry={() => void overview.refetch()} />
      ) : (
        <Loading height={480} />
      )}
    </Page>
  );
}

function DefinitionLink() {
  const { t } = useTranslation();
  return (
    <Link to={"/layers/definition" as never}>
      <Button>{t("layers.edit")}</Button>
    </Link>
  );
}
