import { $api } from "@huoshui/api";
import {
  ErrorNote,
  formatCount,
  formatMoney,
  formatWhen,
  Loaded,
  Loading,
  Page,
  useAhead,
  useConfirmDanger,
  useReader,
} from "@huoshui/ui";
import { keepPreviousData, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { App, Button, Steps } from "antd";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useUrlState } from "../../shell/url";
import { Estimate } from "./Estimate";
import { AudienceStep, ChannelStep, CheckStep, ContentStep } from "./steps";
import { advisedAt } from "./when";
import type { Campaign, Plan } from "./words";
import "./campaigns.css";

/** What the wizard holds until it is saved: the name, the plan, and when to begin ("" at once, undefined as advised). */
interface Held {
  name: string;
  plan: Plan;
  at: string | undefined;
}

/** What the wizard shows: when to begin ("" at once), and when the strategy would. */
export interface Draft extends Held {
  at: string;
  advised: string;
}

const stepKeys = ["audience", "content", "channels", "check"] as const;

/** A new campaign, or a draft that is gone on with. */
export default function WizardPage() {
  const { id } = useParams({ strict: false }) as { id?: string };
  const { t } = useTranslation();
  const draft = $api.useQuery(
    "get",
    "/api/v1/campaigns/{id}",
    { params: { path: { id: id ?? "" } } },
    { enabled: !!id, staleTime: Number.POSITIVE_INFINITY },
  );
  const [from] = useUrlState({ audience: "", strategy: "" });
  if (!id) {
    return <Wizard first={{ name: "", plan: startPlan(from.audience, from.strategy), at: undefined }} />;
  }
  return (
    <Loaded query={draft} loading={<Page title={t("campaigns.edit")}>{<Loading />}</Page>}>
      {(p) => <Wizard saved={p.campaign} first={{ name: p.campaign.name, plan: p.campaign.plan, at: undefined }} />}
    </Loaded>
  );
}

/** The plan one begins with; audience is "layer:vip", "segment:seg_…" or "everyone". */
export function startPlan(audience: string, strategy: string): Plan {
  const [kind = "", target = ""] = audience.split(/:(.*)/s);
  const known = ["segment", "tag", "layer", "stage", "warning", "class"].includes(kind) && target !== "";
  return {
    audience: known
      ? { kind: kind as Plan["audience"]["kind"], id: target }
      : { kind: kind === "everyone" ? "everyone" : "layer" },
    exclude_segments: [],
    channels: [],
    holdout_pct: 10,
    strategy: strategy || undefined,
  };
}

/** Whether the audience says who. */
export function hasAudience(plan: Plan): boolean {
  return plan.audience.kind === "everyone" || !!plan.audience.id;
}

/** Whether there is something to say. */
export function hasContent(plan: Plan): boolean {
  return !!plan.strategy || !!plan.content;
}

function Wizard(props: { first: Held; saved?: Campaign }) {
  const { t } = useTranslation();
  const reader = useReader();
  const navigate = useNavigate();
  const client = useQueryClient();
  const { message } = App.useApp();
  const confirm = useConfirmDanger();
  const can = useCan();
  const [{ step }, setUrl] = useUrlState({ step: 0 });
  const [held, setDraft] = useState(props.first);
  const [savedID, setSavedID] = useState(props.saved?.id ?? "");
  const plan = held.plan;
  const strategies = $api.useQuery("get", "/api/v1/strategies", { params: { query: { limit: 200 } } });
  const timing = strategies.data?.items.find((s) => s.id === plan.strategy)?.timing;
  const ahead = useAhead();
  const advised = timing ? advisedAt(timing, reader.zone, Date.now() + ahead) : "";
  const draft: Draft = { ...held, at: held.at ?? advised, advised };
  const change = (patch: Partial<Plan>) => setDraft((d) => ({ ...d, plan: { ...d.plan, ...patch } }));

  const settled = useSettled(JSON.stringify({ plan, at: draft.at }), 350);
  const asked = JSON.parse(settled) as { plan: Plan; at: string };
  const forecast = $api.useQuery(
    "post",
    "/api/v1/campaigns/forecast",
    { body: { plan: bare(asked.plan), campaign: savedID || undefined, at: asked.at || undefined } },
    { enabled: hasAudience(asked.plan), placeholderData: keepPreviousData },
  );
  const create = $api.useMutation("post", "/api/v1/campaigns");
  const edit = $api.useMutation("put", "/api/v1/campaigns/{id}");
  const launch = $api.useMutation("post", "/api/v1/campaigns/{id}/launch", { meta: { quiet: true } });

  const save = async (): Promise<string> => {
    const body = { name: draft.name.trim(), plan: bare(plan) };
    const kept = savedID
      ? await edit.mutateAsync({ params: { path: { id: savedID } }, body })
      : await create.mutateAsync({ body });
    setSavedID(kept.id);
    await client.invalidateQueries({ queryKey: ["get", "/api/v1/campaigns"] });
    return kept.id;
  };
  const saveDraft = async () => {
    const id = await save();
    message.success(t("campaigns.saved"));
    if (!props.saved) {
      await navigate({ to: `/campaigns/${id}/edit` as never, search: { step } as never, replace: true });
    }
  };
  const start = () => {
    const f = forecast.data;
    const nobody = f !== undefined && !f.is_estimate && f.allowed + f.held === 0;
    const numbers = f
      ? (nobody ? `${t("campaigns.launch_nobody")} ` : "") +
        t("campaigns.launch_text", {
          reach: formatCount(f.reach, reader.language),
          refused: formatCount(f.refused, reader.language),
          held: formatCount(f.held, reader.language),
          holdout: formatCount(f.holdout, reader.language),
          cost: formatMoney(f.cost_fen, reader.language),
        })
      : "";
    confirm({
      title: t(draft.at ? "campaigns.launch_title_at" : "campaigns.launch_title", { name: draft.name }),
      consequence: draft.at
        ? `${t("campaigns.launch_text_at", { at: formatWhen(draft.at, reader) })} ${numbers}`
        : numbers,
      action: t(draft.at ? "campaigns.launch_at" : "campaigns.launch_now"),
      red: nobody,
      run: async () => {
        const id = await save();
        await launch.mutateAsync({ params: { path: { id } }, body: { at: draft.at || undefined } });
        message.success(t(draft.at ? "campaigns.scheduled_done" : "campaigns.launched"));
        await navigate({ to: `/campaigns/${id}` as never });
      },
    });
  };

  const reachable = [true, hasAudience(plan), hasAudience(plan) && hasContent(plan)];
  reachable.push((reachable[2] ?? false) && plan.channels.length > 0);
  const at = Math.max(0, Math.min(step, reachable.lastIndexOf(true)));
  const named = draft.name.trim() !== "";
  const body = [
    <AudienceStep key="a" plan={plan} onChange={change} />,
    <ContentStep key="c" plan={plan} onChange={change} />,
    <ChannelStep key="h" draft={draft} onChange={change} onAt={(v) => setDraft((d) => ({ ...d, at: v }))} />,
    <CheckStep key="k" draft={draft} forecast={forecast.data} onName={(name) => setDraft((d) => ({ ...d, name }))} />,
  ][at];
  return (
    <Page
      title={props.saved ? t("campaigns.edit") : t("campaigns.new")}
      crumbs={<Link to={"/campaigns" as never}>{t("campaigns.title")}</Link>}
      aside={
        <Estimate
          forecast={hasAudience(plan) ? forecast.data : undefined}
          stale={forecast.isFetching}
          asked={plan.channels.length > 0}
        />
      }
    >
      <Steps
        className="campaigns-steps"
        size="small"
        current={at}
        onChange={(next) => setUrl({ step: next })}
        items={stepKeys.map((key, i) => ({
          title: t(`campaigns.steps.${key}`),
          content: t(`campaigns.steps_text.${key}`),
          disabled: !reachable[i],
        }))}
      />
      {body}
      {forecast.error && hasAudience(plan) ? <ErrorNote small error={forecast.error} /> : null}
      <div className="campaigns-foot">
        <Button disabled={at === 0} onClick={() => setUrl({ step: at - 1 })}>
          {t("campaigns.back")}
        </Button>
        <span className="campaigns-row">
          <Button
            disabled={!named}
            title={named ? undefined : t("campaigns.name_needed")}
            loading={create.isPending || edit.isPending}
            onClick={() => void saveDraft().catch(() => undefined)}
          >
            {t("campaigns.save_draft")}
          </Button>
          {at < 3 ? (
            <Button type="primary" disabled={!reachable[at + 1]} onClick={() => setUrl({ step: at + 1 })}>
              {t("campaigns.next")}
            </Button>
          ) : can("campaigns.send") ? (
            <Button
              type="primary"
              disabled={!named || !forecast.data || forecast.data.audience === 0}
              title={named ? undefined : t("campaigns.name_needed")}
              onClick={start}
            >
              {t(draft.at ? "campaigns.launch_at" : "campaigns.launch_now")}
            </Button>
          ) : null}
        </span>
      </div>
    </Page>
  );
}

/** The plan without what only the server sets. */
export function bare(plan: Plan): Plan {
  const { says: _says, salt: _salt, ...rest } = plan;
  return rest as Plan;
}

/** The value once it has not changed for some milliseconds. */
function useSettled(value: string, ms: number): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}
