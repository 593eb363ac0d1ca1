import { UploadOutlined } from "@ant-design/icons";
import { $api, keyset, type Schema } from "@huoshui/api";
import {
  type Column,
  Count,
  DataTable,
  Empty,
  type Filter,
  LayerTag,
  layerCodes,
  Money,
  None,
  Page,
  RowDrawer,
  When,
} from "@huoshui/ui";
import { keepPreviousData } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useUrlState } from "../../shell/url";
import { Heat } from "../../tagging/Heat";
import { Channel } from "./Channel";
import { Summary } from "./Summary";

type Row = Schema<"CustomerRow">;
type Sort = "recent" | "-recent" | "spent" | "-spent" | "registered" | "-registered";

const defaults = {
  q: "",
  sort: "-recent",
  layer: "",
  segment: "",
  tag: "",
  city: "",
  source: "",
  level: "",
  buyers: "",
  spent_min: "",
  spent_max: "",
  recent_min: "",
  recent_max: "",
  registered_min: "",
  registered_max: "",
  open: "",
};

/** Everybody: found by a word, narrowed by chips, sorted by what matters; a row opens in a drawer. */
export default function CustomersPage() {
  const { t } = useTranslation();
  const can = useCan();
  const navigate = useNavigate();
  const [state, setState] = useUrlState(defaults);
  const query = (({ open: _, ...rest }) => rest)(state);
  const list = $api.useInfiniteQuery(
    "get",
    "/api/v1/customers",
    {
      params: {
        query: {
          ...(Object.fromEntries(Object.entries(query).filter(([, v]) => v !== "")) as object),
          sort: (state.sort || "-recent") as Sort,
          limit: 50,
        },
      },
    },
    { ...keyset, placeholderData: keepPreviousData },
  );
  const facets = $api.useQuery("get", "/api/v1/customer-facets", {}, { staleTime: 60_000 });
  const segments = $api.useQuery(
    "get",
    "/api/v1/segments",
    { params: { query: { limit: 200 } } },
    { staleTime: 60_000, enabled: can("segments.read") },
  );
  const tags = $api.useQuery("get", "/api/v1/tags", {}, { staleTime: 60_000, enabled: can("tags.read") });
  const options = (values: readonly string[] | undefined, now: string) => {
    const known = (values ?? []).map((value) => ({
      value,
      label: t(`customers.channel.${value}`, { defaultValue: value }),
    }));
    return now && !known.some((o) => o.value === now) ? [{ value: now, label: now }, ...known] : known;
  };
  const every: Filter[] = [
    {
      key: "layer",
      label: t("customers.layer"),
      kind: "choice",
      options: layerCodes.map((code) => ({ value: code, label: t(`ui.layer.${code}`) })),
    },
    {
      key: "segment",
      label: t("customers.segment"),
      kind: "choice",
      options: (segments.data?.items ?? []).map((s) => ({ value: s.id, label: s.name })),
    },
    {
      key: "tag",
      label: t("tags.one"),
      kind: "choice",
      options: (tags.data?.items ?? []).map((tag) => ({ value: tag.id, label: tag.name })),
    },
    {
      key: "buyers",
      label: t("customers.buyers"),
      kind: "choice",
      options: [
        { value: "yes", label: t("customers.bought") },
        { value: "no", label: t("customers.never_bought") },
      ],
    },
    { key: "spent", label: t("customers.spent"), kind: "money" },
    { key: "recent", label: t("customers.recent"), kind: "date" },
    { key: "registered", label: t("customers.registered"), kind: "date" },
    { key: "city", label: t("customers.city"), kind: "choice", options: options(facets.data?.cities, state.city) },
    {
      key: "source",
      label: t("customers.source"),
      kind: "choice",
      options: options(facets.data?.sources, state.source),
    },
    { key: "level", label: t("customers.level"), kind: "choice", options: options(facets.data?.levels, state.level) },
  ];
  const filters = every.filter((f) => f.kind !== "choice" || f.options.length > 0);
  const columns: Column<Row>[] = [
    {
      key: "name",
      title: t("customers.name"),
      width: 248,
      render: (c) => (
        <span>
          {c.name || c.code || t("customers.nameless")}
          {c.name && c.code ? <small className="hs-secondary"> {c.code}</small> : null}
        </span>
      ),
      value: (c) => c.name || c.code,
    },
    {
      key: "layer",
      title: t("customers.layer"),
      definition: t("customers.layer_why"),
      width: 96,
      render: (c) => <LayerTag layer={c.layer} />,
      value: (c) => c.layer,
    },
    {
      key: "class",
      title: t("customers.class"),
      width: 120,
      render: (c) => (c.class ? t(`layers.class.${c.class}`, { defaultValue: c.class }) : <None />),
      value: (c) => c.class,
    },
    {
      key: "orders",
      title: t("customers.orders"),
      definition: t("customers.orders_why"),
      align: "right",
      width: 96,
      render: (c) => <Count n={c.orders} />,
      value: (c) => c.orders,
    },
    {
      key: "spent",
      title: t("customers.spent"),
      definition: t("customers.spent_why"),
      align: "right",
      width: 140,
      sort: true,
      render: (c) => <Money fen={c.spent_fen} />,
      value: (c) => c.spent_fen / 100,
    },
    {
      key: "recent",
      title: t("customers.recent"),
      width: 152,
      sort: true,
      render: (c) => (c.orders > 0 ? <When at={c.last_order_at} /> : <None />),
      value: (c) => (c.orders > 0 ? c.last_order_at : ""),
    },
    {
      key: "heat",
      title: t("tags.heat"),
      definition: t("tags.heat_why", { days: 7 }),
      align: "right",
      width: 96,
      render: (c) => <Heat points={c.heat} />,
      value: (c) => c.heat,
    },
    {
      key: "registered",
      title: t("customers.registered"),
      width: 152,
      sort: true,
      render: (c) => <When at={c.registered_at} />,
      value: (c) => c.registered_at,
    },
    {
      key: "city",
      title: t("customers.city"),
      width: 120,
      render: (c) => c.city || c.province || <None />,
      value: (c) => c.city,
    },
    {
      key: "source",
      title: t("customers.source"),
      width: 112,
      render: (c) => <Channel code={c.source} />,
      value: (c) => c.source,
    },
    {
      key: "level",
      title: t("customers.level"),
      width: 120,
      hidden: true,
      render: (c) => c.level || <None />,
      value: (c) => c.level,
    },
    {
      key: "phone",
      title: t("customers.phone"),
      width: 140,
      hidden: true,
      render: (c) => c.phone || <None />,
      value: (c) => c.phone,
    },
    {
      key: "email",
      title: t("customers.email"),
      width: 200,
      hidden: true,
      render: (c) => c.email || <None />,
      value: (c) => c.email,
    },
    {
      key: "refunded",
      title: t("customers.refunded"),
      align: "right",
      width: 140,
      hidden: true,
      render: (c) => <Money fen={c.refunded_fen} />,
      value: (c) => c.refunded_fen / 100,
    },
  ];
  const opened = list.data?.pages.flatMap((p) => p.items).find((c) => c.id === state.open);
  return (
    <Page
      title={t("customers.title")}
      actions={
        can("imports.write") ? (
          <Button icon={<UploadOutlined />} onClick={() => void navigate({ to: "/imports" })}>
            {t("customers.import")}
          </Button>
        ) : null
      }
    >
      <DataTable
        id="customers"
        query={list}
        columns={columns}
        filters={filters}
        rowKey={(c) => c.id}
        state={state}
        onState={setState}
        search={t("customers.search")}
        onOpen={(c) => setState({ open: c.id })}
        openKey={state.open}
        empty={
          <Empty
            title={t("customers.empty")}
            action={
              can("imports.write") ? (
                <Link to="/imports">
                  <Button type="primary">{t("customers.import")}</Button>
                </Link>
              ) : null
            }
          >
            {t("customers.empty_text")}
          </Empty>
        }
      />
      <RowDrawer
        open={!!state.open}
        title={opened ? opened.name || opened.code || t("customers.nameless") : t("customers.one")}
        subtitle={opened?.name ? opened.code : undefined}
        onClose={() => setState({ open: "" })}
        onOpenPage={() => void navigate({ to: `/customers/${state.open}` })}
      >
        {state.open ? <Summary id={state.open} /> : null}
      </RowDrawer>
    </Page>
  );
}
