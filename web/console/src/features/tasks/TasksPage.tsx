import { PrinterOutlined } from "@ant-design/icons";
import { $api, keyset, type Schema } from "@huoshui/api";
import {
  type Column,
  DataTable,
  Empty,
  type Filter,
  formatCount,
  LayerTag,
  Page,
  RowDrawer,
  Status,
  type Tone,
  useReader,
  When,
} from "@huoshui/ui";
import { keepPreviousData, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { App, Button, Dropdown, Segmented } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useUrlState } from "../../shell/url";
import { Outcome } from "./Outcome";
import "./tasks.css";

type Row = Schema<"TaskRow">;

const tones: Record<string, Tone> = { open: "running", done: "good", failed: "attention" };
const teams = ["community", "conversion", "vip_service", "senior_manager"] as const;

/** The task list: mine, the team's, everybody's. */
export default function TasksPage() {
  const { t } = useTranslation();
  const { language } = useReader();
  const { message } = App.useApp();
  const can = useCan();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [state, setState] = useUrlState({
    q: "",
    state: "open",
    assignee: "",
    team: "",
    overdue: "",
    campaign: "",
    open: "",
  });
  const [chosen, setChosen] = useState<string[]>([]);
  const query = {
    q: state.q || undefined,
    state: (state.state || undefined) as "open" | "done" | "failed" | undefined,
    assignee: state.assignee || undefined,
    team: state.team || undefined,
    campaign: state.campaign || undefined,
    overdue: state.overdue === "true" || undefined,
  };
  const list = $api.useInfiniteQuery(
    "get",
    "/api/v1/tasks",
    { params: { query: { ...query, limit: 50 } } },
    { ...keyset, placeholderData: keepPreviousData },
  );
  const members = $api.useQuery("get", "/api/v1/tasks/members");
  const summary = $api.useQuery("get", "/api/v1/tasks/summary", {
    params: { query: { team: query.team, campaign: query.campaign } },
  });
  const assign = $api.useMutation("post", "/api/v1/tasks/assign");
  const rows = list.data?.pages.flatMap((p) => p.items) ?? [];
  const opened = rows.find((r) => r.id === state.open);
  const refresh = async () => {
    for (const path of ["/api/v1/tasks", "/api/v1/tasks/summary"]) {
      await client.invalidateQueries({ queryKey: ["get", path] });
    }
  };
  const sum = (summary.data?.items ?? []).reduce(
    (a, c) => ({
      open: a.open + c.open,
      overdue: a.overdue + c.overdue,
      done: a.done + c.done,
      failed: a.failed + c.failed,
    }),
    { open: 0, overdue: 0, done: 0, failed: 0 },
  );
  const columns: Column<Row>[] = [
    { key: "title", title: t("tasks.col.title"), width: 320, render: (r) => r.title, value: (r) => r.title },
    {
      key: "person",
      title: t("tasks.col.person"),
      width: 120,
      render: (r) => r.person.name || "—",
      value: (r) => r.person.name,
    },
    {
      key: "layer",
      title: t("tasks.col.layer"),
      width: 84,
      render: (r) => <LayerTag layer={r.person.layer} />,
      value: (r) => r.person.layer,
    },
    {
      key: "phone",
      title: t("tasks.col.phone"),
      width: 132,
      render: (r) => <span className="hs-num">{r.person.phone || "—"}</span>,
      value: (r) => r.person.phone,
    },
    {
      key: "due",
      title: t("tasks.col.due"),
      width: 140,
      render: (r) =>
        r.overdue ? (
          <Status tone="danger" why={t("tasks.overdue")}>
            <When at={r.due_at} style="date" />
          </Status>
        ) : (
          <When at={r.due_at} style="date" />
        ),
      value: (r) => r.due_at,
    },
    {
      key: "assignee",
      title: t("tasks.col.assignee"),
      width: 148,
      render: (r) => r.assignee_name || <span className="hs-secondary">{t("tasks.nobody")}</span>,
      value: (r) => r.assignee_name,
    },
    {
      key: "state",
      title: t("tasks.col.state"),
      width: 150,
      render: (r) => (
        <Status tone={tones[r.state] ?? "calm"}>
          {t(`tasks.states.${r.state}`)}
          {r.reason ? ` · ${t(`tasks.reasons.${r.reason}`, { defaultValue: r.reason })}` : ""}
        </Status>
      ),
      value: (r) => r.state,
    },
    {
      key: "closed",
      title: t("tasks.col.closed"),
      width: 140,
      hidden: true,
      render: (r) => <When at={r.closed_at} />,
      value: (r) => r.closed_at,
    },
  ];
  const filters: Filter[] = [
    {
      key: "assignee",
      label: t("tasks.assignee"),
      kind: "choice",
      options: [
        { value: "me", label: t("tasks.me") },
        { value: "-", label: t("tasks.nobody") },
        ...(members.data?.items ?? []).map((m) => ({ value: m.id, label: m.name })),
      ],
    },
    {
      key: "team",
      label: t("tasks.team"),
      kind: "choice",
      options: teams.map((x) => ({ value: x, label: t(`tasks.teams.${x}`) })),
    },
    { key: "overdue", label: t("tasks.overdue"), kind: "flag" },
  ];
  const address = new URLSearchParams(
    Object.entries(query).flatMap(([k, v]) => (v === undefined ? [] : [[k, String(v)]])),
  ).toString();
  return (
    <Page
      title={t("tasks.title")}
      lead={t("tasks.lead")}
      actions={
        <Button
          icon={<PrinterOutlined />}
          onClick={() => void navigate({ to: "/tasks/print" as never, search: query as never })}
        >
          {t("tasks.print")}
        </Button>
      }
    >
      <div className="tk-bar">
        <Segmented
          value={state.state}
          onChange={(s) => setState({ state: s })}
          options={(["open", "done", "failed"] as const).map((s) => ({
            value: s,
            label: `${t(`tasks.states.${s}`)} ${formatCount(sum[s], language)}`,
          }))}
        />
        {sum.overdue > 0 ? (
          <Button type="link" size="small" onClick={() => setState({ state: "open", overdue: "true" })}>
            {t("tasks.overdue")} {formatCount(sum.overdue, language)}
          </Button>
        ) : null}
      </div>
      <DataTable<Row, typeof state>
        id="tasks"
        query={list}
        columns={columns}
        filters={filters}
        search={t("tasks.search")}
        rowKey={(r) => r.id}
        state={state}
        onState={setState}
        onOpen={(r) => setState({ open: r.id })}
        openKey={state.open}
        exportURL={`/api/v1/tasks/export?${address}`}
        selection={can("tasks.write") && state.state === "open" ? { keys: chosen, onChange: setChosen } : undefined}
        toolbar={
          chosen.length > 0 ? (
            <Dropdown
              menu={{
                items: (members.data?.items ?? []).map((m) => ({
                  key: m.id,
                  label: t("tasks.assign_do", { name: m.name }),
                })),
                onClick: async ({ key }) => {
                  const done = await assign.mutateAsync({ body: { tasks: chosen, assignee: key } });
                  setChosen([]);
                  await refresh();
                  message.success(t("tasks.assigned", { n: done.changed }));
                },
              }}
            >
              <Button size="small" type="primary" loading={assign.isPending}>
                {t("tasks.assign")} · {t("tasks.selected", { n: chosen.length })}
              </Button>
            </Dropdown>
          ) : null
        }
        empty={
          <Empty
            title={t("tasks.empty")}
            action={
              can("campaigns.write") ? (
                <Link to={"/campaigns/new" as never}>
                  <Button type="primary">{t("tasks.empty_do")}</Button>
                </Link>
              ) : undefined
            }
          >
            {t("tasks.empty_text")}
          </Empty>
        }
      />
      <RowDrawer
        open={!!opened}
        title={opened?.title ?? ""}
        subtitle={opened ? `${opened.person.name} · ${opened.person.phone}` : ""}
        onClose={() => setState({ open: "" })}
        footer={
          opened?.state === "open" && can("tasks.work") ? (
            <Outcome key={opened.id} task={opened} onClosed={refresh} />
          ) : null
        }
      >
        {opened ? (
          <div className="tk-drawer">
            <div className="tk-facts">
              <LayerTag layer={opened.person.layer} />
              <Status tone={tones[opened.state] ?? "calm"}>{t(`tasks.states.${opened.state}`)}</Status>
              <span className="hs-secondary">
                {t("tasks.col.due")} <When at={opened.due_at} />
              </span>
              <span className="hs-secondary">{opened.assignee_name || t("tasks.nobody")}</span>
            </div>
            <h3>{t("tasks.say")}</h3>
            <p className="tk-text">{opened.text}</p>
            {opened.note || opened.reason ? (
              <>
                <h3>{t("tasks.note")}</h3>
                <p className="tk-text">
                  {[
                    opened.reason ? t(`tasks.reasons.${opened.reason}`, { defaultValue: opened.reason }) : "",
                    opened.note,
                  ]
                    .filter(Boolean)
                    .join(" · ")}
                </p>
              </>
            ) : null}
            <div className="tk-links">
              {opened.person.id ? (
                <Link to={`/customers/${opened.person.id}` as never}>{t("tasks.profile")}</Link>
              ) : null}
              {opened.campaign_id && can("campaigns.read") ? (
                <Link to={`/campaigns/${opened.campaign_id}` as never}>{t("tasks.campaign")}</Link>
              ) : null}
            </div>
          </div>
        ) : null}
      </RowDrawer>
    </Page>
  );
}
