import { $api } from "@huoshui/api";
import {
  Empty,
  ErrorNote,
  formatCount,
  formatPercent,
  formatWhen,
  Loading,
  Page,
  Status,
  useReader,
} from "@huoshui/ui";
import { keepPreviousData } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Alert, Button, Select, Tabs } from "antd";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useUrlState } from "../../shell/url";
import { LayerPeople } from "./LayerPeople";
import "./layers.css";
import { MatrixTab } from "./MatrixTab";
import { MigrationTab } from "./MigrationTab";
import { OverviewTab } from "./OverviewTab";
import { type Overview, of, total } from "./words";

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
          {state.day === "" ? <OldData overview={data} /> : null}
          <Tabs
            activeKey={state.tab}
            onChange={(tab) => setState({ tab })}
            items={(["overview", "rfm", "migration"] as const).map((key) => ({ key, label: t(`layers.tab.${key}`) }))}
          />
          {state.tab === "rfm" ? (
            <MatrixTab
              day={data.snapshot.day}
              spentDays={data.snapshot.definition.layers.vip.window_days}
              onDrill={open}
            />
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

/** Says why nearly everybody is lost where the orders end long ago, and what to do about it. */
function OldData(props: { overview: Overview }) {
  const { t } = useTranslation();
  const reader = useReader();
  const can = useCan();
  const { layers, snapshot } = props.overview;
  const lost = of(layers, "lost").people / Math.max(1, total(layers, "people"));
  const sales = $api.useQuery(
    "get",
    "/api/v1/sales",
    { params: { query: { days: 30 } } },
    { enabled: lost > 0.9 && can("effect.read") },
  );
  const last = sales.data?.last_order_at;
  const days = last ? Math.floor((Date.parse(snapshot.as_of) - Date.parse(last)) / 86_400_000) : 0;
  if (!last || days < 60) {
    return null;
  }
  return (
    <Alert
      type="info"
      showIcon
      style={{ marginBottom: 12 }}
      title={t("layers.old_title", {
        share: formatPercent(lost, reader.language, 0),
        day: formatWhen(last, reader, "date"),
        days: formatCount(days, reader.language),
      })}
      description={t("layers.old_text")}
      action={
        can("imports.write") ? (
          <Link to={"/imports" as never}>
            <Button size="small">{t("layers.old_do")}</Button>
          </Link>
        ) : undefined
      }
    />
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
