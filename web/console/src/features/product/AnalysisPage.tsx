import { Page, useReader, Why } from "@huoshui/ui";
import { Button, DatePicker, Dropdown, Tabs } from "antd";
import dayjs from "dayjs";
import { useTranslation } from "react-i18next";
import { useUrlState } from "../../shell/url";
import { Journeys } from "./Journeys";
import { Pairs } from "./Pairs";
import { GroupPeople } from "./People";
import { ProductDrawer } from "./ProductDrawer";
import { Repeats } from "./Repeats";
import { Roles } from "./Roles";
import { Swings } from "./Swings";
import "./product.css";

const tabs = { swings: Swings, repeats: Repeats, pairs: Pairs, journeys: Journeys, roles: Roles } as const;
type Tab = keyof typeof tabs;

/** What every tab gets: the days asked for, and ways to people and to one product. */
export interface TabProps {
  days: { from?: string; to?: string };
  by: string;
  onBy: (by: string) => void;
  onPeople: (group: Record<string, string>) => void;
  onProduct: (id: string) => void;
}

/** Analytics of what sells, a question a tab; days, tab and drill stand in the address. */
export default function AnalysisPage() {
  const { t } = useTranslation();
  const { language } = useReader();
  const [state, setState] = useUrlState({ tab: "swings", from: "", to: "", by: "product", people: "", product: "" });
  const tab: Tab = state.tab in tabs ? (state.tab as Tab) : "swings";
  const Shown = tabs[tab];
  const days = { from: state.from || undefined, to: state.to || undefined };
  const file = (format: string) => {
    const query = new URLSearchParams({ report: tab, format, by: state.by });
    for (const [k, v] of Object.entries(days)) {
      if (v) {
        query.set(k, v);
      }
    }
    return `/api/v1/product-analytics/export?${query}`;
  };
  return (
    <Page
      title={t("product.title")}
      titleExtra={<Why>{t("product.how")}</Why>}
      lead={t(`product.lead.${tab}`)}
      actions={
        <>
          <DatePicker.RangePicker
            aria-label={t("product.days")}
            value={state.from && state.to ? [dayjs(state.from), dayjs(state.to)] : null}
            placeholder={[t(`product.default_days.${tab}`), ""]}
            disabledDate={(d) => d.isAfter(dayjs(), "day")}
            onChange={(range) =>
              setState({
                from: range?.[0]?.format("YYYY-MM-DD") ?? "",
                to: range?.[1]?.format("YYYY-MM-DD") ?? "",
                people: "",
              })
            }
          />
          <Dropdown
            menu={{
              items: ["xlsx", "csv"].map((f) => ({
                key: f,
                label: (
                  <a href={file(f)} download>
                    {f === "xlsx" ? "Excel" : "CSV"}
                  </a>
                ),
              })),
            }}
          >
            <Button>{t("product.export")}</Button>
          </Dropdown>
        </>
      }
    >
      <Tabs
        activeKey={tab}
        onChange={(key) => setState({ tab: key, people: "", product: "" })}
        items={(Object.keys(tabs) as Tab[]).map((key) => ({ key, label: t(`product.tab.${key}`) }))}
      />
      <Shown
        key={language}
        days={days}
        by={state.by}
        onBy={(by) => setState({ by })}
        onPeople={(group) =>
          setState({
            people: new URLSearchParams({
              ...(days.from ? { from: days.from } : {}),
              ...(days.to ? { to: days.to } : {}),
              ...group,
            }).toString(),
          })
        }
        onProduct={(id) => setState({ product: id, people: "" })}
      />
      <ProductDrawer
        id={state.product}
        days={days}
        onClose={() => setState({ product: "" })}
        onPeople={(group) => setState({ people: new URLSearchParams(group).toString() })}
        onProduct={(id) => setState({ product: id })}
      />
      <GroupPeople group={state.people} onClose={() => setState({ people: "" })} />
    </Page>
  );
}
