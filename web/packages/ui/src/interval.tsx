import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { formatCount } from "./format";
import { useReader } from "./provider";

/** What an interval lets one say. */
export type Verdict = "works" | "harms" | "none" | "unknown";

/**
 * What a 95 % interval of a difference lets one say: it works (or harms) when the interval is wholly on one side of
 * zero; it does not work when the interval is wholly within what would not matter; otherwise one cannot tell yet.
 */
export function verdict(low: number, high: number, matters?: number): Verdict {
  if (!Number.isFinite(low) || !Number.isFinite(high)) {
    return "unknown";
  }
  if (low > 0) {
    return "works";
  }
  if (high < 0) {
    return "harms";
  }
  return matters !== undefined && matters > 0 && high < matters && low > -matters ? "none" : "unknown";
}

/** Where a value lies between two ends, as a share from 0 to 1, held inside. */
export function position(value: number, from: number, to: number): number {
  return to <= from ? 0.5 : Math.min(1, Math.max(0, (value - from) / (to - from)));
}

/**
 * An effect as a point and its interval on a line with zero, and in words. `format` writes a value (percentage points,
 * yuan); `scale` fixes the ends so that several intervals can be compared; `needed` is how many more people it takes.
 */
export function Interval(props: {
  point: number | null | undefined;
  low: number | null | undefined;
  high: number | null | undefined;
  format: (value: number) => string;
  scale?: readonly [number, number];
  verdict?: Verdict;
  matters?: number;
  needed?: number;
  note?: ReactNode;
  wide?: boolean;
}) {
  const { t } = useTranslation();
  const { language } = useReader();
  const { point, low, high } = props;
  const known = typeof point === "number" && typeof low === "number" && typeof high === "number";
  const say = props.verdict ?? (known ? verdict(low, high, props.matters) : "unknown");
  const size = known ? Math.max(Math.abs(low), Math.abs(high), Number.MIN_VALUE) * 1.15 : 1;
  const [from, to] = props.scale ?? [-size, size];
  const at = (v: number) => `${(position(v, from, to) * 100).toFixed(2)}%`;
  const words = known
    ? `${t(`ui.interval.${say}`)}: ${props.format(point)}. ${t("ui.interval.range", { low: props.format(low), high: props.format(high) })}`
    : t("ui.interval.unknown");
  return (
    <div className="hs-interval" data-verdict={say} data-wide={props.wide || undefined}>
      <div className="hs-interval-words">
        <b>{t(`ui.interval.${say}`)}</b>
        {known ? <span className="hs-num">{props.format(point)}</span> : null}
      </div>
      {known ? (
        <div className="hs-interval-line" role="img" aria-label={words} title={words}>
          <span className="hs-interval-zero" style={{ left: at(0) }} />
          <span className="hs-interval-bar" style={{ left: at(low), right: `calc(100% - ${at(high)})` }} />
          <span className="hs-interval-point" style={{ left: at(point) }} />
        </div>
      ) : null}
      {known && props.wide ? (
        <div className="hs-interval-ends hs-num">
          {t("ui.interval.range", { low: props.format(low), high: props.format(high) })}
        </div>
      ) : null}
      {say === "unknown" && props.needed && props.needed > 0 ? (
        <div className="hs-interval-ends">{t("ui.interval.need", { n: formatCount(props.needed, language) })}</div>
      ) : null}
      {props.note ? <div className="hs-interval-ends">{props.note}</div> : null}
    </div>
  );
}
