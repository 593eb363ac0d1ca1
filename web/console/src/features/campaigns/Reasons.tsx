import { Count, Panel } from "@huoshui/ui";
import { useTranslation } from "react-i18next";
import { type Count as Counted, channelText, reasonText } from "./words";

const steps = new Set(["refused", "held", "failed", "undone"]);

/** Why messages did not go, or wait: one line per reason, longest first. A click leads to the messages. */
export function Reasons(props: { counts: readonly Counted[]; onOpen?: (c: Counted) => void }) {
  const { t } = useTranslation();
  const rows = props.counts.filter((c) => steps.has(c.step) && c.n > 0).sort((a, b) => b.n - a.n);
  const most = rows[0]?.n ?? 1;
  return (
    <Panel title={t("campaigns.why_not")} definition={t("campaigns.why_not_text")}>
      {rows.length === 0 ? <p className="hs-secondary">{t("campaigns.why_not_empty")}</p> : null}
      <ul className="campaigns-reasons">
        {rows.map((c) => (
          <li key={`${c.channel}${c.step}${c.reason}`}>
            <button type="button" disabled={!props.onOpen} onClick={() => props.onOpen?.(c)}>
              <span className="campaigns-reason">
                {reasonText(t, c.reason) || t(`campaigns.${c.step}`)}
                <small>
                  {channelText(t, c.channel)} · {t(`campaigns.${c.step}`)}
                </small>
              </span>
              <span className="campaigns-reason-bar" data-step={c.step} style={{ width: `${(c.n / most) * 100}%` }} />
              <Count n={c.n} />
            </button>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
