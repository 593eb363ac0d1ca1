import { PlusOutlined } from "@ant-design/icons";
import { $api, keyset, type Schema } from "@huoshui/api";
import { type Column, Count, DataTable, Empty, type Filter, None, Page, Percent, RowDrawer, When } from "@huoshui/ui";
import { keepPreviousData } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Button, Progress } from "antd";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useUrlState } from "../../shell/url";
import { Summary } from "./Summary";
import { useSegments } from "./segments";
import { CampaignState, Target, total } from "./words";
import "./campaigns.css";

type Row = Schema<"CampaignRow">;

const live = new Set(["freezing", "sending"]);

/** All campaigns, newest first; those that are being sent move as one watches. */
export default function CampaignsPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const can = useCan();
  const [state, setState] = useUrlState({ q: "", state: "", open: "" });
  const { names: segments } = useSegments();
  const list = $api.useInfiniteQuery(
    "get",
    "/api/v1/campaigns",
    {
      params: {
        query: { limit: 50, q: state.q || undefined, state: (state.state || undefined) as "draft" | undefined },
      },
    },
    {
      ...keyset,
      placeholderData: keepPreviousData,
      refetchInterval: (query) =>
        query.state.data?.pages.some((p) => p.items.some((r) => live.has(r.campaign.state))) ? 1500 : 15_000,
    },
  );
  const open = list.data?.pages.flatMap((p) => p.items).find((r) => r.campaign.id === state.open);
  const filters: Filter[] = [
    {
      key: "state",
      label: t("campaigns.state"),
      kind: "choice",
      options: (["draft", "scheduled", "sending", "paused", "done", "cancelled"] as const).map((value) => ({
        value,
        label: t(`campaigns.states.${value}`),
      })),
    },
  ];
  const create = can("campaigns.write") ? (
    <Button type="primary" icon={<PlusOutlined />} onClick={() => navigate({ to: "/campaigns/new" as never })}>
      {t("campaigns.new")}
    </Button>
  ) : null;
  return (
    <Page title={t("campaigns.title")} lead={t("campaigns.lead")} actions={create}>
      <DataTable
        id="campaigns"
        query={list}
        columns={columns(t, segments)}
        filters={filters}
        rowKey={(r) => r.campaign.id}
        state={state}
        onState={setState}
        search={t("campaigns.search")}
        onOpen={(r) => setState({ open: r.campaign.id })}
        openKey={state.open}
        empty={
          <Empty title={t("campaigns.empty")} action={create}>
            {t("campaigns.empty_text")}
          </Empty>
        }
      />
      <RowDrawer
        open={!!open}
        title={open?.campaign.name}
        subtitle={open ? <CampaignState state={open.campaign.state} note={open.campaign.note} /> : null}
        onClose={() => setState({ open: "" })}
        onOpenPage={() => navigate({ to: `/campaigns/${state.open}` as never })}
      >
        {open ? <Summary id={open.campaign.id} segments={segments} /> : null}
      </RowDrawer>
    </Page>
  );
}

function columns(t: (key: string) => string, segments: ReadonlyMap<string, string>): Column<Row>[] {
  const share = (part: number, whole: number) => (whole > 0 ? part / whole : undefined);
  return [
    {
      key: "name",
      title: t("campaigns.name"),
      render: (r) => r.campaign.name,
      value: (r) => r.campaign.name,
      width: 240,
    },
    {
      key: "state",
      title: t("campaigns.state"),
      render: (r) => <CampaignState state={r.campaign.state} note={r.campaign.note} />,
      value: (r) => r.campaign.state,
      width: 110,
    },
    {
      key: "audience",
      title: t("campaigns.audience"),
      render: (r) => <Target target={r.campaign.plan.audience} segments={segments} />,
      value: (r) => r.campaign.plan.audience.id ?? r.campaign.plan.audience.kind,
      width: 130,
    },
    {
      key: "reach",
      title: t("campaigns.reach"),
      definition: t("campaigns.reach_why"),
      align: "right",
      render: (r) => (r.campaign.frozen ? <Count n={r.campaign.reach} /> : <None />),
      value: (r) => r.campaign.reach,
      width: 100,
    },
    {
      key: "progress",
      title: t("campaigns.progress"),
      render: (r) => <Bar row={r} />,
      value: (r) => total(r.counts, "sent"),
      width: 150,
    },
    {
      key: "refused",
      title: t("campaigns.refused"),
      definition: t("campaigns.refused_why"),
      align: "right",
      render: (r) => (r.campaign.frozen ? <Count n={total(r.counts, "refused")} /> : <None />),
      value: (r) => total(r.counts, "refused"),
      width: 100,
    },
    {
      key: "opened",
      title: t("campaigns.opened"),
      definition: t("campaigns.opened_why"),
      align: "right",
      render: (r) => <Percent share={share(total(r.counts, "opened"), total(r.counts, "sent"))} />,
      value: (r) => total(r.counts, "opened"),
      width: 90,
    },
    {
      key: "clicked",
      title: t("campaigns.clicked"),
      definition: t("campaigns.clicked_why"),
      align: "right",
      render: (r) => <Percent share={share(total(r.counts, "clicked"), total(r.counts, "sent"))} />,
      value: (r) => total(r.counts, "clicked"),
      width: 90,
    },
    {
      key: "started",
      title: t("campaigns.started"),
      render: (r) => <When at={r.campaign.started_at ?? r.campaign.scheduled_at} />,
      value: (r) => r.campaign.started_at ?? r.campaign.scheduled_at,
      width: 150,
    },
  ];
}

/** How much of what was planned has come to an end. */
function Bar(props: { row: Row }) {
  const { campaign, counts } = props.row;
  if (!campaign.frozen) {
    return <None />;
  }
  const planned = total(counts, "planned");
  const ended = total(counts, "sent") + total(counts, "refused") + total(counts, "failed") + total(counts, "cancelled");
  const percent = planned > 0 ? Math.floor((ended / planned) * 100) : campaign.state === "done" ? 100 : 0;
  return (
    <span className="campaigns-bar">
      <Progress percent={percent} showInfo={false} size={[72, 6]} aria-label={campaign.name} />
      <span className="hs-num">{percent}%</span>
    </span>
  );
}
