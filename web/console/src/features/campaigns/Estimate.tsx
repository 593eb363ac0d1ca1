import type { Schema } from "@huoshui/api";
import { Count, formatCount, Money, Panel, useReader, When } from "@huoshui/ui";
import { Link } from "@tanstack/react-router";
import { Alert } from "antd";
import { useTranslation } from "react-i18next";
import { channelText, reasonText } from "./words";

export type Forecast = Schema<"CampaignForecast">;

/** What would happen to everybody in the audience, as a bar and as numbers; it follows every change of the plan. */
export function Estimate(props: { forecast: Forecast | undefined; stale: boolean; asked: boolean; most?: number }) {
  const { t } = useTranslation();
  const { palette, language } = useReader();
  const f = props.forecast;
  if (!f) {
    return (
      <Panel title={t("campaigns.estimate")} definition={t("campaigns.estimate_text")}>
        <p className="hs-secondary">{t("campaigns.estimate_wait")}</p>
      </Panel>
    );
  }
  const parts = !props.asked
    ? [
        { key: "reach", n: f.reach, label: t("campaigns.reach"), color: palette.water },
        { key: "holdout", n: f.holdout, label: t("campaigns.holdout"), color: palette.hairline },
      ]
    : [
        { key: "allowed", n: f.allowed, label: t("campaigns.will_send"), color: palette.water },
        { key: "held", n: f.held, label: t("campaigns.will_hold"), color: palette.amber },
        { key: "refused", n: f.refused, label: t("campaigns.will_refuse"), color: palette.ink3 },
        { key: "holdout", n: f.holdout, label: t("campaigns.holdout"), color: palette.hairline },
      ];
  return (
    <Panel title={t("campaigns.estimate")} definition={t("campaigns.estimate_text")}>
      <div className="campaigns-estimate" style={props.stale ? { opacity: 0.6 } : undefined} aria-busy={props.stale}>
        <span className="campaigns-estimate-big">
          <Count n={f.audience} />
          <small>{t("campaigns.audience")}</small>
        </span>
        {f.audience === 0 ? <p className="hs-secondary">{t("campaigns.nobody")}</p> : null}
        <div className="campaigns-split" aria-hidden="true">
          {parts.map((p) => (p.n > 0 ? <span key={p.key} style={{ flex: p.n, background: p.color }} /> : null))}
        </div>
        <dl>
          {parts.map((p) => (
            <Line key={p.key} color={p.color} label={p.label}>
              <Count n={p.n} about={f.is_estimate && p.key !== "holdout"} />
            </Line>
          ))}
          {props.asked ? (
            <Line label={t("campaigns.will_cost")}>
              <Money fen={f.cost_fen} />
            </Line>
          ) : null}
        </dl>
        {f.held > 0 && f.held_until ? (
          <p className="hs-secondary">
            <FirstHold at={f.held_until} />
          </p>
        ) : null}
        {f.spared > 0 ? (
          <p className="hs-secondary campaigns-after">
            {t("campaigns.spared", { n: formatCount(f.spared, language) })}
          </p>
        ) : null}
        {props.asked ? (
          <Why forecast={f} most={props.most ?? 4} />
        ) : (
          <p className="hs-secondary campaigns-after">{t("campaigns.estimate_later")}</p>
        )}
        {f.is_estimate ? <p className="hs-secondary">{t("campaigns.estimate_about", { n: f.sampled })}</p> : null}
        {props.asked && f.missing_channels.length > 0 ? (
          <Alert
            type="warning"
            showIcon
            style={{ marginTop: 12 }}
            title={t("campaigns.missing", {
              names: f.missing_channels.map((c) => channelText(t, c)).join(t("campaigns.comma")),
            })}
            action={<Link to={"/settings/channels" as never}>{t("campaigns.set_up")}</Link>}
          />
        ) : null}
      </div>
    </Panel>
  );
}

function FirstHold(props: { at: string }) {
  const { t } = useTranslation();
  const [before, after] = t("campaigns.first_hold", { at: "|" }).split("|");
  return (
    <>
      {before}
      <When at={props.at} />
      {after}
    </>
  );
}

function Line(props: { label: string; color?: string; children: React.ReactNode }) {
  return (
    <>
      <dt>
        {props.color ? <span className="campaigns-dot" style={{ background: props.color }} /> : null}
        {props.label}
      </dt>
      <dd>{props.children}</dd>
    </>
  );
}

/** The commonest reasons of refusals and holds. */
function Why(props: { forecast: Forecast; most: number }) {
  const { t } = useTranslation();
  const reasons = props.forecast.reasons.slice(0, props.most);
  if (reasons.length === 0) {
    return null;
  }
  return (
    <ul className="campaigns-why">
      {reasons.map((r) => (
        <li key={`${r.channel}${r.step}${r.reason}`}>
          <span>
            {channelText(t, r.channel)} · {reasonText(t, r.reason)}
          </span>
          <Count n={r.n} about={props.forecast.is_estimate} />
        </li>
      ))}
    </ul>
  );
}
