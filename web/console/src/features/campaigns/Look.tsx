import { $api, type Schema } from "@huoshui/api";
import { ErrorNote, Panel } from "@huoshui/ui";
import { Link } from "@tanstack/react-router";
import { Segmented } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { channelText, type Plan } from "./words";

type Rendered = Schema<"CampaignLook">;

/** What a plan says, as a real person of its audience would get it on each channel. */
export function Preview(props: { plan: Plan; ready: boolean }) {
  const { t } = useTranslation();
  const [wanted, setWanted] = useState("");
  const looks = $api.useQuery(
    "post",
    "/api/v1/campaigns/preview",
    { body: { plan: props.plan } },
    { enabled: props.ready },
  );
  const all = looks.data?.items ?? [];
  const look = all.find((l) => l.channel === wanted) ?? all[0];
  return (
    <Panel
      title={t("campaigns.preview")}
      actions={
        all.length > 1 ? (
          <Segmented
            size="small"
            value={look?.channel}
            onChange={(v) => setWanted(String(v))}
            options={all.map((l) => ({ value: l.channel, label: channelText(t, l.channel) }))}
          />
        ) : null
      }
    >
      {props.ready && looks.error ? <ErrorNote small error={looks.error} /> : null}
      {look ? (
        <>
          <p className="hs-secondary">
            <Link to={`/customers/${look.person}` as never}>
              {t("campaigns.preview_for", { name: look.name || t("campaigns.preview_nameless") })}
            </Link>
          </p>
          <Look look={look} />
        </>
      ) : props.ready && looks.isFetching ? null : (
        <p className="hs-secondary">{t("campaigns.preview_none")}</p>
      )}
    </Panel>
  );
}

/** One message as its channel shows it. */
export function Look(props: { look: Rendered }) {
  const { t } = useTranslation();
  const { look } = props;
  if (look.channel === "email") {
    return (
      <div className="campaigns-look">
        <div className="campaigns-mail">
          <header>
            <small>{t("campaigns.subject")}</small>
            {look.subject}
          </header>
          <iframe title={look.subject} sandbox="" srcDoc={look.html} />
        </div>
      </div>
    );
  }
  return (
    <div className="campaigns-look">
      <div className="campaigns-notice">
        <b>{look.subject}</b>
        <p>{look.text}</p>
        {look.action && look.channel === "phone" ? (
          <span className="campaigns-notice-action">{look.action} ›</span>
        ) : null}
      </div>
    </div>
  );
}
