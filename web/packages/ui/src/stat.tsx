import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { formatSigned } from "./format";
import { Why } from "./page";
import { useReader } from "./provider";

/**
 * One number that matters: value, unit, what it means (on hover), how it differs from before, its recent course, and
 * the people behind it (onClick). The change is words and a sign, never an arrow of good news.
 */
export function StatCard(props: {
  label: ReactNode;
  value: ReactNode;
  unit?: string;
  definition?: ReactNode;
  /** The difference to the period before; `text` replaces the plain number (money, percentage points). */
  change?: { value: number; period: string; text?: string };
  /** The recent course, oldest first, for the thin line. */
  trend?: readonly number[];
  /** A fixed hue, such as a layer's. */
  hue?: string;
  note?: ReactNode;
  onClick?: () => void;
}) {
  const { t } = useTranslation();
  const { language } = useReader();
  const body = (
    <>
      <span className="hs-stat-value">
        {props.value}
        {props.unit ? <span className="hs-stat-unit">{props.unit}</span> : null}
      </span>
      {props.trend && props.trend.length > 1 ? <Spark values={props.trend} hue={props.hue} /> : null}
    </>
  );
  return (
    <div
      className="hs-stat"
      style={props.hue ? { ["--hs-hue" as string]: props.hue } : undefined}
      data-hue={!!props.hue}
    >
      <div className="hs-stat-label">
        <span>{props.label}</span>
        {props.definition ? <Why>{props.definition}</Why> : null}
      </div>
      {props.onClick ? (
        <button type="button" className="hs-stat-main" onClick={props.onClick} title={t("ui.stat.people")}>
          {body}
        </button>
      ) : (
        <div className="hs-stat-main">{body}</div>
      )}
      {props.change || props.note ? (
        <div className="hs-stat-note">
          {props.change ? (
            <span className="hs-num">
              {t("ui.stat.versus", { period: props.change.period }).replace(/较 (?=\p{Script=Han})/u, "较")}{" "}
              <b>{props.change.text ?? formatSigned(props.change.value, language)}</b>
            </span>
          ) : null}
          {props.note}
        </div>
      ) : null}
    </div>
  );
}

/** A thin line of recent values, 96 by 28; decoration beside a number, hidden from readers of the screen. */
export function Spark(props: { values: readonly number[]; hue?: string }) {
  const width = 96;
  const height = 28;
  const path = sparkPath(props.values, width, height);
  return (
    <svg className="hs-spark" width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      <path d={path} fill="none" stroke={props.hue ?? "var(--hs-water)"} strokeWidth="1.5" strokeLinejoin="round" />
    </svg>
  );
}

/** The path of the values from the left edge to the right, the lowest at the bottom; a level line when all are equal. */
export function sparkPath(values: readonly number[], width: number, height: number): string {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const pad = 2;
  return values
    .map((v, i) => {
      const x = (i / Math.max(1, values.length - 1)) * (width - 2 * pad) + pad;
      const y = high === low ? height / 2 : height - pad - ((v - low) / (high - low)) * (height - 2 * pad);
      return `${i === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`;
    })
    .join("");
}

/** Cards in a row, as many as fit. */
export function Cards(props: { children: ReactNode; min?: number }) {
  return (
    <div className="hs-cards" style={props.min ? { ["--hs-card-min" as string]: `${props.min}px` } : undefined}>
      {props.children}
    </div>
  );
}

/** Names and values of one thing, in two columns. */
export function Facts(props: {
  items: readonly { label: ReactNode; value: ReactNode; why?: ReactNode }[];
  columns?: number;
}) {
  return (
    <dl className="hs-facts" style={props.columns ? { ["--hs-facts-columns" as string]: props.columns } : undefined}>
      {props.items.map((item, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the list of facts is fixed per page
        <div key={i}>
          <dt>
            {item.label}
            {item.why ? <Why>{item.why}</Why> : null}
          </dt>
          <dd>{item.value}</dd>
        </div>
      ))}
    </dl>
  );
}
