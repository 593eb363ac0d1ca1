import { $api, keyset, type Schema } from "@huoshui/api";
import {
  type Column,
  Count,
  DataTable,
  Empty,
  ErrorNote,
  Facts,
  type Filter,
  formatCount,
  Interval,
  Loaded,
  Loading,
  Money,
  None,
  Page,
  Panel,
  Percent,
  ProgressRun,
  RowDrawer,
  StatCard,
  useConfirmDanger,
  useReader,
  When,
} from "@huoshui/ui";
import { keepPreviousData, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { Alert, App, Button } from "antd";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useUrlState } from "../../shell/url";
import { Preview } from "./Look";
import { Reasons } from "./Reasons";
import { useSegments } from "./segments";
import { bare, hasAudience } from "./WizardPage";
import {
  CampaignState,
  channelText,
  inLanguage,
  noteText,
  type Plan,
  reasonText,
  type Step,
  Target,
  total,
} from "./words";
import "./campaigns.css";

type Progress = Schema<"CampaignProgress">;
type Message = Schema<"CampaignEntry">;

const live = new Set(["scheduled", "freezing", "sending"]);

/** One campaign: how far it is while it is sent, and what became of it afterwards. */
export default function CampaignPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const { t } = useTranslation();
  const progress = $api.useQuery(
    "get",
    "/api/v1/campaigns/{id}",
    { params: { path: { id } } },
    { refetchInterval: (q) => (live.has(q.state.data?.campaign.state ?? "") ? 1000 : 10_000) },
  );
  return (
    <Loaded query={progress} loading={<Page title={t("campaigns.one")}>{<Loading blocks={5} />}</Page>}>
      {(p) => <Campaign progress={p} />}
    </Loaded>
  );
}

function Campaign(props: { progress: Progress }) {
  const { t } = useTranslation();
  const { campaign, counts, waiting, cost_fen } = props.progress;
  const { names } = useSegments();
  const [state, setState] = useUrlState({ state: "", channel: "", reason: "", says: "" });
  return (
    <Page
      title={campaign.name}
      titleExtra={<CampaignState state={campaign.state} note={campaign.note} />}
      crumbs={<Link to={"/campaigns" as never}>{t("campaigns.title")}</Link>}
      actions={<Actions progress={props.progress} onSays={() => setState({ says: "1" })} />}
    >
      {Object.entries(waiting).map(([channel, why]) => (
        <Alert
          key={channel}
          className="campaigns-alert"
          type="warning"
          showIcon
          title={t("campaigns.waiting", { channel: channelText(t, channel) })}
          description={why}
        />
      ))}
      {campaign.note ? (
        <Alert className="campaigns-alert" type="warning" showIcon title={noteText(t, campaign.note)} />
      ) : null}
      <Running progress={props.progress} />
      {campaign.frozen ? (
        <div className="hs-cards" style={{ ["--hs-card-min" as string]: "150px" }}>
          <StatCard
            label={t("campaigns.audience")}
            definition={t("campaigns.audience_why")}
            value={<Count n={campaign.audience} />}
            note={<Target target={campaign.plan.audience} segments={names} />}
          />
          <StatCard
            label={t("campaigns.reach")}
            definition={t("campaigns.reach_why")}
            value={<Count n={campaign.reach} />}
          />
          <StatCard
            label={t("campaigns.holdout")}
            definition={t("campaigns.holdout_why")}
            value={<Count n={campaign.holdout} />}
            note={`${campaign.plan.holdout_pct}%`}
          />
          <StatCard
            label={t("campaigns.sent")}
            definition={t("campaigns.sent_why")}
            value={<Count n={total(counts, "sent")} />}
            onClick={() => setState({ state: "sent", reason: "", channel: "" })}
          />
          <StatCard
            label={t("campaigns.unreached")}
            definition={t("campaigns.unreached_why")}
            value={<Count n={unreached(props.progress)} />}
            onClick={() => setState({ state: "refused", reason: "", channel: "" })}
          />
          <StatCard label={t("campaigns.cost")} definition={t("campaigns.cost_why")} value={<Money fen={cost_fen} />} />
        </div>
      ) : (
        <Expected campaign={campaign} segments={names} />
      )}
      {campaign.frozen ? <Effect id={campaign.id} /> : null}
      {campaign.frozen ? (
        <div className="campaigns-two">
          <Funnel progress={props.progress} />
          <Reasons
            counts={counts}
            onOpen={(c) =>
              setState({
                reason: c.reason ?? "",
                channel: c.channel,
                state: c.step === "held" ? "queued" : c.step === "undone" ? "sent" : c.step,
              })
            }
          />
        </div>
      ) : (
        <Facts
          columns={3}
          items={[
            { label: t("campaigns.audience"), value: <Target target={campaign.plan.audience} segments={names} /> },
            {
              label: t("campaigns.order"),
              value: campaign.plan.channels.map((c) => channelText(t, c)).join(" → ") || "—",
            },
            { label: t("campaigns.started"), value: <When at={campaign.scheduled_at} /> },
          ]}
        />
      )}
      {campaign.frozen ? (
        <Log id={campaign.id} state={state} onState={setState} busy={live.has(campaign.state)} />
      ) : null}
      <RowDrawer open={!!state.says} title={t("campaigns.says")} onClose={() => setState({ says: "" })} width={640}>
        {state.says ? <Said plan={campaign.plan} /> : null}
      </RowDrawer>
    </Page>
  );
}

/** What is expected of a campaign that has not begun, as of now: the audience is frozen only when it begins. */
function Expected(props: { campaign: Schema<"Campaign">; segments: ReadonlyMap<string, string> }) {
  const { t } = useTranslation();
  const { campaign, segments } = props;
  const asks = hasAudience(campaign.plan) && campaign.state !== "cancelled";
  const forecast = $api.useQuery(
    "post",
    "/api/v1/campaigns/forecast",
    { body: { plan: bare(campaign.plan), campaign: campaign.id, at: campaign.scheduled_at } },
    { enabled: asks, staleTime: 60_000, retry: false },
  );
  const f = forecast.data;
  if (!asks) {
    return null;
  }
  if (forecast.error) {
    return <ErrorNote small error={forecast.error} onRetry={() => void forecast.refetch()} />;
  }
  const figure = (n: number | undefined, about = false) => (f ? <Count n={n} about={about} /> : <None />);
  return (
    <section aria-busy={forecast.isFetching}>
      <p className="hs-secondary campaigns-expected">{t("campaigns.expected")}</p>
      <div className="hs-cards" style={{ ["--hs-card-min" as string]: "150px" }}>
        <StatCard
          label={t("campaigns.expected_of.audience")}
          definition={t("campaigns.audience_why")}
          value={figure(f?.audience)}
          note={<Target target={campaign.plan.audience} segments={segments} />}
        />
        <StatCard
          label={t("campaigns.expected_of.reach")}
          definition={t("campaigns.reach_why")}
          value={figure(f?.reach)}
        />
        <StatCard
          label={t("campaigns.expected_of.holdout")}
          definition={t("campaigns.holdout_why")}
          value={figure(f?.holdout)}
          note={`${campaign.plan.holdout_pct}%`}
        />
        <StatCard
          label={t("campaigns.expected_of.send")}
          value={figure(f ? f.allowed + f.held : undefined, f?.is_estimate)}
        />
        <StatCard label={t("campaigns.expected_of.refused")} value={figure(f?.refused, f?.is_estimate)} />
        <StatCard
          label={t("campaigns.expected_of.cost")}
          definition={t("campaigns.cost_why")}
          value={f ? <Money fen={f.cost_fen} /> : <None />}
        />
      </div>
    </section>
  );
}

/** People to be reached whom no channel could be used for. */
function unreached(p: Progress): number {
  return p.campaign.planned ? Math.max(0, p.campaign.reach - total(p.counts, "sent") - p.remaining) : 0;
}

/** What was said, and by which strategy. */
function Said(props: { plan: Plan }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const strategies = $api.useQuery("get", "/api/v1/strategies", { params: { query: { limit: 200 } } });
  const strategy = strategies.data?.items.find((s) => s.id === props.plan.strategy);
  return (
    <>
      <Facts
        columns={2}
        items={[
          {
            label: t("campaigns.strategy"),
            value: strategy ? (
              <Link to={`/strategies/${strategy.id}` as never}>{inLanguage(strategy.name, language)}</Link>
            ) : (
              t("campaigns.no_strategy")
            ),
          },
          { label: t("campaigns.order"), value: props.plan.channels.map((c) => channelText(t, c)).join(" → ") },
          { label: t("campaigns.benefit"), value: props.plan.offer?.benefit || <None /> },
          { label: t("campaigns.deadline"), value: <When at={props.plan.deadline} /> },
        ]}
      />
      <Preview plan={bare(props.plan)} ready />
    </>
  );
}

function Actions(props: { progress: Progress; onSays: () => void }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const { campaign, counts, remaining } = props.progress;
  const can = useCan();
  const client = useQueryClient();
  const navigate = useNavigate();
  const confirm = useConfirmDanger();
  const { message } = App.useApp();
  const path = { params: { path: { id: campaign.id } } };
  const done = { onSuccess: () => client.invalidateQueries({ queryKey: ["get", "/api/v1/campaigns/{id}"] }) };
  const pause = $api.useMutation("post", "/api/v1/campaigns/{id}/pause", done);
  const resume = $api.useMutation("post", "/api/v1/campaigns/{id}/resume", done);
  const cancel = $api.useMutation("post", "/api/v1/campaigns/{id}/cancel", { ...done, meta: { quiet: true } });
  const unschedule = $api.useMutation("post", "/api/v1/campaigns/{id}/unschedule", done);
  const discard = $api.useMutation("delete", "/api/v1/campaigns/{id}", { meta: { quiet: true } });
  const send = can("campaigns.send");
  const write = can("campaigns.write");
  const running = campaign.state === "sending" || campaign.state === "freezing";
  const stop = () =>
    confirm({
      title: t("campaigns.cancel_title", { name: campaign.name }),
      consequence: t("campaigns.cancel_text", {
        sent: formatCount(total(counts, "sent"), language),
        left: formatCount(
          campaign.planned ? remaining : Math.max(remaining, campaign.audience - total(counts, "sent")),
          language,
        ),
      }),
      action: t("campaigns.cancel"),
      final: true,
      run: () => cancel.mutateAsync(path),
    });
  const remove = () =>
    confirm({
      title: t("campaigns.discard_title", { name: campaign.name }),
      consequence: t("campaigns.discard_text"),
      action: t("campaigns.discard"),
      final: true,
      run: async () => {
        await discard.mutateAsync(path);
        message.success(t("campaigns.discarded"));
        await navigate({ to: "/campaigns" as never });
      },
    });
  return (
    <>
      {campaign.plan.says ? <Button onClick={props.onSays}>{t("campaigns.says")}</Button> : null}
      {campaign.state === "draft" && write ? (
        <>
          <Button danger onClick={remove}>
            {t("campaigns.discard")}
          </Button>
          <Button type="primary" onClick={() => navigate({ to: `/campaigns/${campaign.id}/edit` as never })}>
            {t("campaigns.edit_do")}
          </Button>
        </>
      ) : null}
      {campaign.state === "scheduled" && send ? (
        <Button loading={unschedule.isPending} onClick={() => unschedule.mutate(path)}>
          {t("campaigns.unschedule")}
        </Button>
      ) : null}
      {(running || campaign.state === "paused" || campaign.state === "scheduled") && send ? (
        <Button danger onClick={stop}>
          {t("campaigns.cancel")}
        </Button>
      ) : null}
      {running && send ? (
        <Button loading={pause.isPending} onClick={() => pause.mutate(path)}>
          {t("campaigns.pause")}
        </Button>
      ) : null}
      {campaign.state === "paused" && send ? (
        <Button type="primary" loading={resume.isPending} onClick={() => resume.mutate(path)}>
          {t("campaigns.resume")}
        </Button>
      ) : null}
    </>
  );
}

/** Messages that came to an end in a second, over the last few answers; undefined before there are two. */
function useRate(done: number, moving: boolean): number | undefined {
  const seen = useRef<{ at: number; done: number }[]>([]);
  const [rate, setRate] = useState<number>();
  useEffect(() => {
    if (!moving) {
      seen.current = [];
      setRate(undefined);
      return;
    }
    const now = performance.now();
    seen.current = [...seen.current.filter((s) => now - s.at < 8000), { at: now, done }];
    const first = seen.current[0];
    if (first && now - first.at > 900) {
      setRate(((done - first.done) / (now - first.at)) * 1000);
    }
  }, [done, moving]);
  return rate;
}

/** Long work as it goes; nothing once it is over, or before it began. */
function Running(props: { progress: Progress }) {
  const { t } = useTranslation();
  const reader = useReader();
  const { campaign, counts, remaining } = props.progress;
  const planned = total(counts, "planned");
  const ended = planned - remaining;
  const moving = campaign.state === "sending";
  const rate = useRate(ended, moving);
  if (!["freezing", "sending", "paused"].includes(campaign.state)) {
    return null;
  }
  const held = total(counts, "held");
  const stage =
    campaign.state === "paused"
      ? t("campaigns.paused_note")
      : campaign.state === "freezing" || !campaign.frozen
        ? t("campaigns.run_freezing")
        : !campaign.planned
          ? t("campaigns.run_planning")
          : held > 0 && held === remaining
            ? t("campaigns.run_waiting", { n: formatCount(held, reader.language) })
            : t("campaigns.run_sending");
  return (
    <ProgressRun
      stage={stage}
      done={ended}
      total={Math.max(
        planned,
        campaign.planned ? 0 : Math.round(campaign.audience * (1 - campaign.plan.holdout_pct / 100)),
      )}
      rate={rate}
      state={campaign.state === "paused" ? "paused" : "running"}
      unit={t("campaigns.messages")}
    />
  );
}

const funnel: readonly Step[] = ["planned", "sent", "delivered", "opened", "clicked", "unsubscribed"];

/** Step by step, through each channel; a share is of what was sent. */
function Funnel(props: { progress: Progress }) {
  const { t } = useTranslation();
  const { counts, campaign } = props.progress;
  const channels = campaign.plan.channels.filter((c) => total(counts, "planned", c) > 0);
  const cell = (step: Step, channel?: string) => {
    const n = total(counts, step, channel);
    const base = total(counts, step === "sent" ? "planned" : "sent", channel);
    return (
      <>
        <Count n={n} />
        {step !== "planned" && base > 0 ? (
          <small>
            <Percent share={n / base} />
          </small>
        ) : null}
      </>
    );
  };
  return (
    <Panel title={t("campaigns.funnel")}>
      <table className="campaigns-funnel">
        <thead>
          <tr>
            <th scope="col">{t("campaigns.channel_label")}</th>
            {funnel.map((s) => (
              <th scope="col" key={s}>
                {t(`campaigns.${s}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {channels.map((c) => (
            <tr key={c}>
              <th scope="row">{channelText(t, c)}</th>
              {funnel.map((s) => (
                <td key={s}>{cell(s, c)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

/** What the campaign changed, from the strategy board: the whole of it is one click away. */
function Effect(props: { id: string }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const can = useCan();
  const report = $api.useQuery(
    "get",
    "/api/v1/board/campaigns/{id}",
    { params: { path: { id: props.id } } },
    { enabled: can("effect.read"), retry: false, refetchInterval: 30_000 },
  );
  const r = report.data;
  if (!r) {
    return can("effect.read") ? (
      <Panel title={t("campaigns.effect")} definition={t("campaigns.effect_text")}>
        <p className="hs-secondary">{t("campaigns.effect_wait")}</p>
      </Panel>
    ) : null;
  }
  const { conversion, revenue, needed } = r.result;
  const points = (v: number) => `${v > 0 ? "+" : ""}${(v * 100).toFixed(2)} ${t("campaigns.points")}`;
  const money = (fen: number) =>
    `${fen > 0 ? "+" : ""}¥${(fen / 100).toLocaleString(language === "zh" ? "zh-CN" : "en", { maximumFractionDigits: 2, minimumFractionDigits: 2 })}`;
  const word = { unknown: "unknown", works: "works", harms: "harms", none: "none" }[r.result.verdict] as
    | "unknown"
    | "works"
    | "harms"
    | "none"
    | undefined;
  return (
    <Panel
      title={t("campaigns.effect")}
      definition={t("campaigns.effect_text")}
      actions={<Link to={`/board/campaigns/${props.id}` as never}>{t("campaigns.effect_open")}</Link>}
    >
      <div className="campaigns-effects">
        <div>
          <span className="campaigns-label">
            {t("campaigns.conversion")} · {t("campaigns.window", { n: r.window_days })}
          </span>
          <Interval
            wide
            point={conversion?.estimate}
            low={conversion?.low}
            high={conversion?.high}
            verdict={word}
            needed={needed}
            format={points}
          />
        </div>
        <div>
          <span className="campaigns-label">{t("campaigns.revenue")}</span>
          <Interval wide point={revenue?.estimate} low={revenue?.low} high={revenue?.high} format={money} />
        </div>
      </div>
    </Panel>
  );
}

function Log(props: {
  id: string;
  state: { state: string; channel: string; reason: string };
  onState: (patch: Partial<{ state: string; channel: string; reason: string }>) => void;
  busy: boolean;
}) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { state } = props;
  const log = $api.useInfiniteQuery(
    "get",
    "/api/v1/campaigns/{id}/messages",
    {
      params: {
        path: { id: props.id },
        query: {
          limit: 50,
          state: (state.state || undefined) as Message["state"] | undefined,
          channel: state.channel || undefined,
          reason: state.reason || undefined,
        },
      },
    },
    { ...keyset, placeholderData: keepPreviousData, refetchInterval: props.busy ? 5000 : false },
  );
  const { busy } = props;
  const { refetch } = log;
  const was = useRef(busy);
  useEffect(() => {
    if (was.current && !busy) {
      void refetch(); // what happened since the last look
    }
    was.current = busy;
  }, [busy, refetch]);
  const filters: Filter[] = [
    {
      key: "state",
      label: t("campaigns.message_state"),
      kind: "choice",
      options: (["queued", "sending", "sent", "refused", "failed", "cancelled"] as const).map((value) => ({
        value,
        label: t(`campaigns.message_states.${value}`),
      })),
    },
    {
      key: "channel",
      label: t("campaigns.channel_label"),
      kind: "choice",
      options: ["phone", "email", "task", "webhook"].map((value) => ({ value, label: channelText(t, value) })),
    },
    {
      key: "reason",
      label: t("campaigns.reason_label"),
      kind: "choice",
      options: [
        "quiet_hours",
        "capped",
        "consent_withdrawn",
        "no_address",
        "suppressed",
        "excluded",
        "quota",
        "too_late",
      ].map((value) => ({ value, label: reasonText(t, value) })),
    },
  ];
  const columns: Column<Message>[] = [
    {
      key: "customer",
      title: t("campaigns.person"),
      render: (m) => m.person || `#${m.customer}`,
      value: (m) => m.customer,
      width: 180,
    },
    {
      key: "channel",
      title: t("campaigns.channel_label"),
      render: (m) => channelText(t, m.channel),
      value: (m) => m.channel,
      width: 110,
    },
    {
      key: "state",
      title: t("campaigns.message_state"),
      render: (m) => t(`campaigns.message_states.${m.state}`),
      value: (m) => m.state,
      width: 100,
    },
    {
      key: "reason",
      title: t("campaigns.reason_label"),
      render: (m) => (m.reason ? reasonText(t, m.reason) : <None />),
      value: (m) => m.reason,
      width: 200,
    },
    {
      key: "due",
      title: t("campaigns.due"),
      render: (m) => <When at={m.due_at} />,
      value: (m) => m.due_at,
      width: 150,
    },
    {
      key: "sent",
      title: t("campaigns.sent_at"),
      render: (m) => <When at={m.sent_at} />,
      value: (m) => m.sent_at,
      width: 150,
    },
    {
      key: "opened",
      title: t("campaigns.opened_at"),
      render: (m) => <When at={m.opened_at} />,
      value: (m) => m.opened_at,
      width: 150,
    },
    {
      key: "clicked",
      title: t("campaigns.clicked_at"),
      render: (m) => <When at={m.clicked_at} />,
      value: (m) => m.clicked_at,
      width: 150,
    },
  ];
  return (
    <section>
      <h2 className="campaigns-h2">{t("campaigns.log")}</h2>
      <DataTable
        id="campaign-log"
        query={log}
        columns={columns}
        filters={filters}
        rowKey={(m) => m.id}
        state={state}
        onState={props.onState}
        onOpen={(m) => navigate({ to: `/customers/${m.customer_id || m.customer}` as never })}
        empty={<Empty small title={t("campaigns.log_empty")} />}
      />
    </section>
  );
}
