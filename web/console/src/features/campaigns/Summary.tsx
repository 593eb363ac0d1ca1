import { $api } from "@huoshui/api";
import { Count, Facts, Loaded, Money, Percent, StatCard, When } from "@huoshui/ui";
import { useTranslation } from "react-i18next";
import { Reasons } from "./Reasons";
import { type Count as Counted, channelText, Target, total } from "./words";

/** A campaign in a drawer: its plan, its numbers, and why messages did not go. */
export function Summary(props: { id: string; segments: ReadonlyMap<string, string> }) {
  const { t } = useTranslation();
  const progress = $api.useQuery(
    "get",
    "/api/v1/campaigns/{id}",
    { params: { path: { id: props.id } } },
    { refetchInterval: 2000 },
  );
  return (
    <Loaded query={progress}>
      {({ campaign, counts, cost_fen }) => (
        <>
          <Facts
            columns={2}
            items={[
              {
                label: t("campaigns.audience"),
                value: <Target target={campaign.plan.audience} segments={props.segments} />,
              },
              { label: t("campaigns.order"), value: campaign.plan.channels.map((c) => channelText(t, c)).join(" → ") },
              { label: t("campaigns.reach"), value: <Count n={campaign.reach} />, why: t("campaigns.reach_why") },
              { label: t("campaigns.holdout"), value: <Count n={campaign.holdout} />, why: t("campaigns.holdout_why") },
              { label: t("campaigns.started"), value: <When at={campaign.started_at ?? campaign.scheduled_at} /> },
              { label: t("campaigns.cost"), value: <Money fen={cost_fen} />, why: t("campaigns.cost_why") },
            ]}
          />
          <Numbers counts={counts} />
          <Reasons counts={counts} />
        </>
      )}
    </Loaded>
  );
}

/** The four numbers that matter of a campaign under way. */
export function Numbers(props: { counts: readonly Counted[] }) {
  const { t } = useTranslation();
  const { counts } = props;
  const sent = total(counts, "sent");
  const share = (n: number) => <Percent share={sent > 0 ? n / sent : undefined} />;
  return (
    <div className="campaigns-numbers">
      <StatCard label={t("campaigns.sent")} value={<Count n={sent} />} definition={t("campaigns.sent_why")} />
      <StatCard
        label={t("campaigns.opened")}
        value={share(total(counts, "opened"))}
        definition={t("campaigns.opened_why")}
        note={<Count n={total(counts, "opened")} />}
      />
      <StatCard
        label={t("campaigns.clicked")}
        value={share(total(counts, "clicked"))}
        definition={t("campaigns.clicked_why")}
        note={<Count n={total(counts, "clicked")} />}
      />
      <StatCard
        label={t("campaigns.refused")}
        value={<Count n={total(counts, "refused")} />}
        definition={t("campaigns.refused_why")}
      />
    </div>
  );
}
