import { $api, type Schema } from "@huoshui/api";
import { EffectInterval, Facts, Loaded, Money, Panel, Status, useConfirmDanger, useReader, When } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { App, Button, Space } from "antd";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { Sample } from "./Sample";
import { daysText, draftOf, type Strategy, say } from "./words";

/** Everything about one strategy: the idea, what is said and given, how it gets there, what must not happen. */
export function StrategyFacts(props: { id: string; line?: Schema<"EffectLine"> }) {
  const query = $api.useQuery("get", "/api/v1/strategies/{id}", { params: { path: { id: props.id } } });
  return <Loaded query={query}>{(s) => <Shown detail={s} line={props.line} />}</Loaded>;
}

function Shown(props: { detail: Schema<"StrategyDetail">; line?: Schema<"EffectLine"> }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const s = props.detail;
  const days = (n: number) => (n > 0 ? t("strategies.days", { n }) : "—");
  return (
    <div className="st-facts">
      {s.gaps.length > 0 ? (
        <div className="st-gaps" role="note">
          <b>{t("strategies.gap.title")}</b>
          <ul>
            {s.gaps.map((g) => (
              <li key={g.code + (g.channel ?? "")}>
                {t(`strategies.gap.${g.code}`, { channel: g.channel ? t(`strategies.channels.${g.channel}`) : "" })}
              </li>
            ))}
          </ul>
        </div>
      ) : null}
      <p className="st-why">{say(s.why, language)}</p>
      {props.line ? (
        <Panel
          title={t("strategies.effect")}
          actions={<Link to={`/board/strategies/${s.id}` as never}>{t("strategies.effect_open")}</Link>}
        >
          <EffectInterval effect={props.line.result} wide />
        </Panel>
      ) : null}
      <Facts
        items={[
          { label: t("strategies.field.goal"), value: t(`strategies.goals.${s.goal}`) },
          { label: t("strategies.field.team"), value: t(`strategies.teams.${s.owner_team}`) },
          {
            label: t("strategies.field.benefit_shown"),
            value: say(s.benefit, language) || "—",
            why: t("strategies.field.benefit_why"),
          },
          { label: t("strategies.field.coupon"), value: s.coupon || "—", why: t("strategies.field.coupon_why") },
          {
            label: t("strategies.field.channels"),
            value: s.channels.map((c) => t(`strategies.channels.${c}`)).join(" → "),
            why: t("strategies.field.channels_why"),
          },
          {
            label: t("strategies.field.timing"),
            value: `${daysText(t, s.timing.weekdays, language)} ${s.timing.at}`,
            why: t("strategies.field.at_why"),
          },
          {
            label: t("strategies.field.repeat"),
            value: s.timing.repeat_days > 0 ? t("strategies.again", { n: s.timing.repeat_days }) : t("strategies.once"),
            why: t("strategies.field.repeat_why"),
          },
          {
            label: t("strategies.field.window"),
            value: t("strategies.days", { n: s.timing.window_days }),
            why: t("strategies.field.window_why"),
          },
          {
            label: t("strategies.field.holdout"),
            value: `${s.guardrails.holdout_pct}%`,
            why: t("strategies.field.holdout_why"),
          },
          { label: t("strategies.field.rest"), value: days(s.guardrails.rest_days) },
          { label: t("strategies.field.skip"), value: days(s.guardrails.skip_bought_days) },
          {
            label: t("strategies.field.stop"),
            value:
              s.guardrails.stop_unsubscribe_pct > 0 ? `${s.guardrails.stop_unsubscribe_pct}%` : t("strategies.never"),
          },
          {
            label: t("strategies.field.cap"),
            value: s.guardrails.cost_cap_fen > 0 ? <Money fen={s.guardrails.cost_cap_fen} /> : t("strategies.no_cap"),
          },
          {
            label: t("strategies.field.version"),
            value: t("strategies.history_line", { n: s.version }),
          },
          { label: t("strategies.field.changed"), value: <When at={s.changed_at} ago /> },
        ]}
      />
      <Panel
        title={t("strategies.field.content")}
        actions={<Link to={`/content/${s.content.id}` as never}>{say(s.content.name, language)}</Link>}
      >
        <Sample draft={draftOf(s as unknown as Strategy)} />
      </Panel>
    </div>
  );
}

/** What can be done with a strategy. */
export function StrategyActions(props: { strategy: Strategy }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const { message } = App.useApp();
  const can = useCan();
  const navigate = useNavigate();
  const client = useQueryClient();
  const confirm = useConfirmDanger();
  const s = props.strategy;
  const refresh = () => client.invalidateQueries({ queryKey: ["get", "/api/v1/strategies"] });
  const clone = $api.useMutation("post", "/api/v1/strategies/{id}/clone");
  const archive = $api.useMutation("post", "/api/v1/strategies/{id}/archive");
  const restore = $api.useMutation("post", "/api/v1/strategies/{id}/restore");
  const path = { params: { path: { id: s.id } } };
  if (s.archived_at) {
    return can("strategies.write") ? (
      <Button
        onClick={async () => {
          await restore.mutateAsync(path);
          await refresh();
          message.success(t("strategies.restored"));
        }}
      >
        {t("strategies.restore")}
      </Button>
    ) : null;
  }
  return (
    <Space wrap>
      {can("campaigns.write") ? (
        <Button
          type="primary"
          onClick={() =>
            void navigate({
              to: "/campaigns/new" as never,
              search: { audience: `layer:${s.layer}`, strategy: s.id } as never,
            })
          }
        >
          {t("strategies.use")}
        </Button>
      ) : null}
      {can("strategies.write") ? (
        <>
          <Button onClick={() => void navigate({ to: `/strategies/${s.id}/edit` as never })}>
            {t("strategies.edit")}
          </Button>
          <Button
            loading={clone.isPending}
            onClick={async () => {
              const made = await clone.mutateAsync(path);
              await refresh();
              message.success(t("strategies.cloned"));
              void navigate({ to: `/strategies/${made.id}/edit` as never });
            }}
          >
            {t("strategies.clone")}
          </Button>
          <Button
            type="text"
            onClick={() =>
              confirm({
                title: t("strategies.archive_q", { name: say(s.name, language) }),
                consequence: t("strategies.archive_text"),
                action: t("strategies.archive"),
                red: false,
                run: async () => {
                  await archive.mutateAsync(path);
                  await refresh();
                  message.success(t("strategies.done_archive"));
                },
              })
            }
          >
            {t("strategies.archive")}
          </Button>
        </>
      ) : null}
      {s.shipped ? <Status tone="calm">{t("strategies.shipped")}</Status> : null}
    </Space>
  );
}
