import { Button, Progress } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { formatDuration, formatShort } from "./format";
import { useReader } from "./provider";

/** Seconds left at the present rate; undefined when that cannot be told. */
export function secondsLeft(done: number, total: number, rate: number): number | undefined {
  if (rate <= 0 || total <= 0 || done > total) {
    return undefined;
  }
  return (total - done) / rate;
}

/**
 * Long work as it goes: its stage in words, how far, how fast, how long still, and a way to stop. It goes on when the
 * reader leaves the page; the owner of the data asks again every second or so.
 */
export function ProgressRun(props: {
  stage: ReactNode;
  done: number;
  total?: number;
  /** Things per second. */
  rate?: number;
  /** Seconds since it began. */
  elapsed?: number;
  state?: "running" | "paused" | "done" | "failed" | "cancelling";
  unit?: string;
  onCancel?: () => void;
  actions?: ReactNode;
  children?: ReactNode;
}) {
  const { t } = useTranslation();
  const { language, palette } = useReader();
  const state = props.state ?? "running";
  const total = props.total ?? 0;
  const percent = total > 0 ? Math.min(100, (props.done / total) * 100) : 0;
  const left = state === "running" && props.rate ? secondsLeft(props.done, total, props.rate) : undefined;
  return (
    <div className="hs-run" aria-live="polite">
      <div className="hs-run-head">
        <b>{props.stage}</b>
        <span className="hs-run-actions">
          {props.actions}
          {props.onCancel && (state === "running" || state === "paused" || state === "cancelling") ? (
            <Button size="small" onClick={props.onCancel} loading={state === "cancelling"}>
              {state === "cancelling" ? t("ui.run.cancelling") : t("ui.run.cancel")}
            </Button>
          ) : null}
        </span>
      </div>
      <Progress
        percent={Math.round(percent * 10) / 10}
        showInfo={total > 0}
        size={["100%", 6]}
        strokeColor={state === "failed" ? palette.red : state === "paused" ? palette.amber : palette.water}
        status={state === "running" && total === 0 ? "active" : "normal"}
      />
      <div className="hs-run-facts hs-num">
        <span>
          {total > 0
            ? t("ui.run.of", { done: formatShort(props.done, language), total: formatShort(total, language) })
            : formatShort(props.done, language)}
          {props.unit ? ` ${props.unit}` : ""}
        </span>
        {state === "running" && props.rate ? (
          <span>{t("ui.run.rate", { n: formatShort(Math.round(props.rate), language) })}</span>
        ) : null}
        {left !== undefined ? <span>{t("ui.run.left", { time: formatDuration(left, language) })}</span> : null}
        {props.elapsed !== undefined ? (
          <span>{t("ui.run.elapsed", { time: formatDuration(props.elapsed, language) })}</span>
        ) : null}
        {state === "running" ? <span className="hs-secondary">{t("ui.run.leave")}</span> : null}
      </div>
      {props.children}
    </div>
  );
}
