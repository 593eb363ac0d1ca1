import { DownloadOutlined } from "@ant-design/icons";
import type { Schema } from "@huoshui/api";
import { Cards, Count, ErrorNote, formatCount, formatDuration, Money, Panel, StatCard, useReader } from "@huoshui/ui";
import { Link } from "@tanstack/react-router";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import type { Counts, Import } from "./words";

/** What became of the file: the sum, what it brought, why lines did not go, and the file to correct them in. */
export function Result(props: { imp: Import }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const { imp } = props;
  const r = imp.result;
  const seconds = (Date.parse(imp.finished_at) - Date.parse(imp.started_at)) / 1000;
  return (
    <>
      {imp.status === "failed" ? (
        <ErrorNote
          error={new Error(t("imports.failed_text", { error: imp.error }))}
          title={t("imports.states.failed")}
        />
      ) : null}
      <p className="hs-secondary">
        {imp.status === "canceled"
          ? t("imports.canceled_text")
          : imp.status === "done"
            ? r.lines_accepted === 0 && r.lines_duplicate > 0
              ? t("imports.nothing_new")
              : t("imports.done_text")
            : null}
        {seconds > 0 ? ` ${t("imports.took")} ${formatDuration(seconds, language)}` : null}
      </p>
      <Sum counts={r} />
      <Brought counts={r} target={imp.target} />
      {r.lines_rejected > 0 ? (
        <Panel
          title={t("imports.rejects_title")}
          actions={
            imp.status === "done" ? (
              <Button icon={<DownloadOutlined />} href={`/api/v1/imports/${imp.id}/rejects`}>
                {t("imports.rejects_download", { n: formatCount(r.lines_rejected, language) })}
              </Button>
            ) : null
          }
        >
          <Reasons counts={r} />
        </Panel>
      ) : null}
      <div className="hs-import-actions">
        <Link to="/layers">
          <Button type="primary">{t("imports.see_layers")}</Button>
        </Link>
        <Link to="/customers">
          <Button>{t("imports.see_customers")}</Button>
        </Link>
        <Link to="/imports">
          <Button type="text">{t("imports.again")}</Button>
        </Link>
      </div>
    </>
  );
}

/** The four numbers that always add up, and the picture of it. */
function Sum(props: { counts: Counts }) {
  const { t } = useTranslation();
  const c = props.counts;
  const parts = [
    ["accepted", c.lines_accepted],
    ["duplicate", c.lines_duplicate],
    ["rejected", c.lines_rejected],
  ] as const;
  return (
    <Panel>
      <div className="hs-sum">
        <div className="hs-sum-part">
          <span className="hs-secondary">{t("imports.read")}</span>
          <b>
            <Count n={c.lines_read} />
          </b>
        </div>
        <span className="hs-sum-sign">=</span>
        {parts.map(([key, n], i) => (
          <div className="hs-sum-group" key={key}>
            {i > 0 ? <span className="hs-sum-sign">+</span> : null}
            <div className="hs-sum-part" data-part={n > 0 ? key : undefined} title={t(`imports.${key}_why`)}>
              <span className="hs-secondary">{t(`imports.${key}`)}</span>
              <b>
                <Count n={n} />
              </b>
            </div>
          </div>
        ))}
      </div>
      <div className="hs-sum-bar" aria-hidden>
        {parts.map(([key, n]) => (n > 0 ? <span key={key} data-part={key} style={{ flexGrow: n }} /> : null))}
      </div>
    </Panel>
  );
}

function Brought(props: { counts: Counts; target: Import["target"] }) {
  const { t } = useTranslation();
  const c = props.counts;
  return (
    <Cards min={160}>
      <StatCard label={t("imports.customers")} value={<Count n={c.customers} />} />
      {props.target === "orders" ? (
        <>
          <StatCard label={t("imports.orders")} value={<Count n={c.orders} />} />
          <StatCard
            label={t("imports.amount")}
            definition={t("imports.amount_why")}
            value={<Money fen={c.amount_fen} short />}
          />
          <StatCard label={t("imports.refunds")} value={<Count n={c.refunds} />} />
          <StatCard label={t("imports.refunded")} value={<Money fen={c.refunded_fen} short />} />
        </>
      ) : null}
      {c.consents_given > 0 ? <StatCard label={t("imports.consents")} value={<Count n={c.consents_given} />} /> : null}
    </Cards>
  );
}

/** Rejected lines by reason, the commonest first. */
function Reasons(props: { counts: Counts }) {
  const { t } = useTranslation();
  const reasons = Object.entries(props.counts.rejected).sort((a, b) => b[1] - a[1]);
  const most = reasons[0]?.[1] ?? 1;
  return (
    <ul className="hs-reasons">
      {reasons.map(([reason, n]) => (
        <li key={reason}>
          <span>{t(`imports.reasons.${reason}`, { defaultValue: reason })}</span>
          <span className="hs-reasons-bar" aria-hidden>
            <span style={{ width: `${Math.max(0.5, (n / most) * 100)}%` }} />
          </span>
          <Count n={n} />
        </li>
      ))}
    </ul>
  );
}

/** What a run would do. */
export function DryResult(props: { dry: Schema<"ImportingDryRun">; header: readonly string[] }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const { counts } = props.dry;
  return (
    <>
      <h2 className="hs-import-heading">{t("imports.dry")}</h2>
      {props.dry.complete ? null : (
        <p className="hs-secondary">{t("imports.dry_partial", { n: formatCount(counts.lines_read, language) })}</p>
      )}
      {props.dry.refunds_seen > 0 ? (
        <p className="hs-secondary">{t("imports.dry_refunds", { n: formatCount(props.dry.refunds_seen, language) })}</p>
      ) : null}
      <Sum counts={counts} />
      {props.dry.samples.length > 0 ? (
        <Panel title={t("imports.samples")} flush>
          <div className="hs-mapping">
            <table>
              <thead>
                <tr>
                  <th>{t("imports.line")}</th>
                  <th>{t("imports.reason")}</th>
                  <th>{t("imports.column")}</th>
                  <th>{t("imports.content")}</th>
                </tr>
              </thead>
              <tbody>
                {props.dry.samples.map((s) => (
                  <tr key={s.line}>
                    <td className="hs-num">{formatCount(s.line, language)}</td>
                    <td>{t(`imports.reasons.${s.reason}`, { defaultValue: s.reason })}</td>
                    <td>{s.field ? t(`imports.field.${s.field}`, { defaultValue: s.field }) : "—"}</td>
                    <td className="hs-mapping-wide" title={s.cells.join(" | ")}>
                      {s.cells.filter(Boolean).join(" · ")}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </Panel>
      ) : null}
    </>
  );
}
