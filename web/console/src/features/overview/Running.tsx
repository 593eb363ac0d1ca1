import { $api } from "@huoshui/api";
import { formatCount, formatWhen, Panel, useReader, When } from "@huoshui/ui";
import { Link } from "@tanstack/react-router";
import { Progress } from "antd";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";

const live = new Set(["scheduled", "freezing", "sending", "paused"]);

/** Campaigns and imports that are under way, and the files that came last. */
export function Running() {
  const { t } = useTranslation();
  const reader = useReader();
  const { language } = reader;
  const can = useCan();
  const campaigns = $api.useQuery(
    "get",
    "/api/v1/campaigns",
    { params: { query: { limit: 30 } } },
    { enabled: can("campaigns.read"), refetchInterval: 5_000 },
  );
  const imports = $api.useQuery(
    "get",
    "/api/v1/imports",
    { params: { query: { limit: 5 } } },
    { enabled: can("imports.read"), refetchInterval: 5_000 },
  );
  const sending = campaigns.data?.items.filter(({ campaign }) => live.has(campaign.state)) ?? [];
  const reading = imports.data?.items.filter((i) => i.status === "running" || i.status === "queued") ?? [];
  const done = imports.data?.items.filter((i) => i.status === "done").slice(0, 3) ?? [];
  const sum = (counts: readonly { step: string; n: number }[], steps: readonly string[]) =>
    counts.filter((c) => steps.includes(c.step)).reduce((n, c) => n + c.n, 0);
  return (
    <>
      <Panel
        title={t("overview.running.title")}
        actions={can("campaigns.read") ? <Link to="/campaigns">{t("overview.running.all")}</Link> : undefined}
      >
        {sending.length + reading.length === 0 ? <p className="hs-secondary">{t("overview.running.none")}</p> : null}
        <ul className="ov-list">
          {sending.map(({ campaign, counts }) => {
            const handled = sum(counts, ["sent", "refused", "failed", "cancelled"]);
            return (
              <li key={campaign.id}>
                <Link to={`/campaigns/${campaign.id}`} className="ov-run">
                  <span className="ov-run-name">{campaign.name}</span>
                  {campaign.state === "sending" || campaign.state === "paused" ? (
                    <Progress
                      percent={campaign.reach > 0 ? Math.min(100, (handled / campaign.reach) * 100) : 0}
                      showInfo={false}
                      size={["100%", 4]}
                      aria-label={campaign.name}
                    />
                  ) : null}
                  <span className="hs-secondary hs-num">
                    {campaign.state === "scheduled" && campaign.scheduled_at
                      ? t("overview.running.scheduled", { at: formatWhen(campaign.scheduled_at, reader) })
                      : campaign.state === "freezing"
                        ? t("overview.running.freezing")
                        : t("overview.running.sent", {
                            sent: formatCount(sum(counts, ["sent"]), language),
                            reach: formatCount(campaign.reach, language),
                          })}
                    {campaign.state === "paused" ? ` · ${t("overview.running.paused")}` : ""}
                  </span>
                </Link>
              </li>
            );
          })}
          {reading.map((i) => (
            <li key={i.id}>
              <Link to={`/imports/${i.id}`} className="ov-run">
                <span className="ov-run-name">{t("overview.running.import", { file: i.file_name })}</span>
                <Progress
                  percent={i.total > 0 ? (i.done / i.total) * 100 : 0}
                  showInfo={false}
                  size={["100%", 4]}
                  aria-label={i.file_name}
                />
              </Link>
            </li>
          ))}
        </ul>
      </Panel>
      {can("imports.read") ? (
        <Panel
          title={t("overview.running.recent")}
          actions={<Link to="/imports">{t("overview.running.imports")}</Link>}
        >
          {done.length === 0 ? <p className="hs-secondary">{t("overview.running.recent_none")}</p> : null}
          <ul className="ov-list">
            {done.map((i) => (
              <li key={i.id}>
                <Link to={`/imports/${i.id}`} className="ov-run">
                  <span className="ov-run-name">{i.file_name}</span>
                  <span className="hs-secondary hs-num">
                    {t("overview.running.accepted", { n: formatCount(i.result.lines_accepted, language) })} ·{" "}
                    <When at={i.finished_at} ago />
                  </span>
                </Link>
              </li>
            ))}
          </ul>
        </Panel>
      ) : null}
    </>
  );
}
