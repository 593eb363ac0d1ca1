import { HistoryOutlined } from "@ant-design/icons";
import { $api } from "@huoshui/api";
import {
  type Column,
  Count,
  DataTable,
  Empty,
  type Filter,
  None,
  present,
  RowDrawer,
  Spark,
  Status,
  useReader,
  When,
  wholeList,
} from "@huoshui/ui";
import { Link } from "@tanstack/react-router";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { useUrlState } from "../../shell/url";
import { EventCard } from "./EventCard";
import { Frame } from "./Frame";
import { Versions } from "./Versions";
import { course, type Named, special, useSourceName, useSources } from "./words";

const days = 30;

/** The name of an entry of the dictionary in words. */
export function useEventName(): (name: string) => string {
  const { t } = useTranslation();
  return (name) => {
    const key = special(name);
    return key ? t(`collect.special.${key}`) : name;
  };
}

/** Every event that sources sent, how often, what it means, and what the rules make of it. */
export default function DictionaryPage() {
  const { t } = useTranslation();
  const reader = useReader();
  const eventName = useEventName();
  const sourceName = useSourceName();
  const sources = useSources();
  const [state, setState] = useUrlState({ q: "", source: "", open: "", versions: false, sort: "-n" });
  const list = $api.useQuery(
    "get",
    "/api/v1/collect/dictionary",
    { params: { query: { source: state.source || undefined, days } } },
    { refetchInterval: 10_000 },
  );
  const today = new Intl.DateTimeFormat("en-CA", { timeZone: reader.zone }).format(present());
  const wanted = state.q.trim().toLowerCase();
  const key = (n: Named) => `${n.source}|${n.name}`;
  const rows = sorted(
    list.data?.items.filter((n) =>
      [n.name, eventName(n.name), n.description, n.owner].some((text) => text?.toLowerCase().includes(wanted)),
    ),
    state.sort,
  );
  const opened = list.data?.items.find((n) => key(n) === state.open);
  const columns: Column<Named>[] = [
    {
      key: "name",
      title: t("collect.event"),
      width: 220,
      render: (n) => (
        <span className="hs-dict-name">
          <b>{eventName(n.name)}</b>
          {n.description ? <span className="hs-secondary">{n.description}</span> : null}
        </span>
      ),
      value: (n) => n.name,
    },
    {
      key: "state",
      title: t("collect.state"),
      width: 120,
      render: (n) =>
        n.blocked ? (
          <Status tone="attention">{t("collect.status.blocked")}</Status>
        ) : n.fact ? (
          <Status tone="good">{t("collect.kept")}</Status>
        ) : (
          <Status tone="calm" why={t("collect.no_fact_why")}>
            {t("collect.no_fact")}
          </Status>
        ),
      value: (n) => (n.blocked ? "blocked" : "kept"),
    },
    {
      key: "course",
      title: t("collect.course", { n: days }),
      definition: t("collect.course_why", { n: days }),
      width: 120,
      ellipsis: false,
      render: (n) => <Spark values={course(n.days, today, days)} />,
    },
    {
      key: "n",
      title: t("collect.total"),
      align: "right",
      width: 96,
      sort: true,
      render: (n) => <Count n={n.n} />,
      value: (n) => n.n,
    },
    {
      key: "source",
      title: t("collect.source"),
      width: 128,
      render: (n) => sourceName(n.source),
      value: (n) => sourceName(n.source),
    },
    {
      key: "fact",
      title: t("collect.fact"),
      definition: t("collect.fact_why"),
      width: 184,
      render: (n) => (n.fact ? <code>{n.fact}</code> : <None />),
      value: (n) => n.fact,
    },
    { key: "owner", title: t("collect.owner"), width: 80, render: (n) => n.owner || <None />, value: (n) => n.owner },
    {
      key: "first",
      title: t("collect.first"),
      width: 108,
      sort: true,
      render: (n) => <When at={n.first_at} style="date" />,
      value: (n) => n.first_at,
    },
    {
      key: "last",
      title: t("collect.last"),
      width: 108,
      sort: true,
      render: (n) => <When at={n.last_at} ago />,
      value: (n) => n.last_at,
    },
  ];
  const filters: Filter[] = [
    {
      key: "source",
      label: t("collect.source"),
      kind: "choice",
      options: sources.data?.items.map((s) => ({ value: s.id, label: s.name })) ?? [],
    },
  ];
  return (
    <Frame
      tab="dictionary"
      actions={
        <Button icon={<HistoryOutlined />} onClick={() => setState({ versions: true, open: "" })}>
          {t("collect.versions.title")}
        </Button>
      }
    >
      <DataTable
        id="dictionary"
        query={wholeList({ ...list, data: rows })}
        columns={columns}
        filters={filters}
        rowKey={key}
        state={state}
        onState={setState}
        search={t("collect.search_events")}
        onOpen={(n) => setState({ open: key(n), versions: false })}
        openKey={state.open}
        empty={
          <Empty
            title={t("collect.dictionary_empty")}
            action={
              <Link to={"/collect/live" as never}>
                <Button type="primary">{t("collect.to_live")}</Button>
              </Link>
            }
          >
            {t("collect.dictionary_empty_text")}
          </Empty>
        }
      />
      <RowDrawer
        open={!!opened}
        width={640}
        title={opened ? eventName(opened.name) : ""}
        subtitle={opened ? sourceName(opened.source) : undefined}
        onClose={() => setState({ open: "" })}
      >
        {opened ? <EventCard key={key(opened)} event={opened} course={course(opened.days, today, days)} /> : null}
      </RowDrawer>
      <Versions open={state.versions} onClose={() => setState({ versions: false })} />
    </Frame>
  );
}

function sorted(rows: Named[] | undefined, sort: string): Named[] | undefined {
  const down = sort.startsWith("-");
  const by = {
    n: (n: Named) => n.n,
    first: (n: Named) => Date.parse(n.first_at),
    last: (n: Named) => Date.parse(n.last_at),
  }[sort.replace("-", "")];
  return by && rows ? [...rows].sort((a, b) => (down ? by(b) - by(a) : by(a) - by(b))) : rows;
}
