import type { Schema } from "@huoshui/api";
import { formatMoneyShort, None, Status, type Tone, useReader } from "@huoshui/ui";
import { useTranslation } from "react-i18next";

type Line = Schema<"EffectLine">;

/** The name of a line in the reader's language. */
export function lineName(line: Line, language: string, none: string): string {
  return (language === "en" && line.name_en) || line.name || none;
}

/** Ends that hold every interval of the lines, the same on both sides of zero. */
export function scaleOf(lines: readonly Line[]): readonly [number, number] {
  const size = lines.reduce((most, l) => {
    const c = l.result.conversion;
    return c ? Math.max(most, Math.min(0.5, Math.abs(c.low)), Math.min(0.5, Math.abs(c.high))) : most;
  }, 0.005);
  return [-size * 1.1, size * 1.1];
}

const tones: Record<string, Tone> = { keep: "good", stop: "danger", continue: "calm", check: "attention" };

/** What to do next, and why on hover. */
export function Advice(props: { line: Line }) {
  const { t } = useTranslation();
  const { advice, advice_reason: reason, verdict } = props.line.result;
  const word = advice === "continue" && verdict === "works" ? "watch" : advice;
  return (
    <Status tone={tones[advice] ?? "calm"} why={t(`ui.effect.reason.${reason}`)}>
      {t(`ui.effect.advice.${word}`)}
    </Status>
  );
}

/** An estimate over its interval; pale while the interval holds the value that means "nothing", so that noise is no news. */
function Estimate(props: { of: Schema<"ExperimentInterval">; nothing: number; write: (value: number) => string }) {
  const { estimate, low, high } = props.of;
  const open = low <= props.nothing && props.nothing <= high;
  return (
    <span className="bd-estimate hs-num" data-open={open || undefined}>
      <span>{props.write(estimate)}</span>
      <small>
        {props.write(low)} – {props.write(high)}
      </small>
    </span>
  );
}

/** What the strategy brought beyond what would have come anyway, with its interval. */
export function Incremental(props: { line: Line }) {
  const { language } = useReader();
  const of = props.line.result.incremental_fen;
  if (!of) {
    return <None />;
  }
  return <Estimate of={of} nothing={0} write={(fen) => formatMoneyShort(Math.round(fen), language)} />;
}

/** Return on what was spent, with its interval. */
export function Roi(props: { line: Line }) {
  const { language } = useReader();
  const roi = props.line.result.roi;
  if (!roi) {
    return <None />;
  }
  return <Estimate of={roi} nothing={0} write={(ratio) => times(ratio, language)} />;
}

/** A ratio as a multiple: 1.23 is "1.2×". */
export function times(ratio: number, language: string): string {
  const size = Math.abs(ratio);
  return `${new Intl.NumberFormat(language === "en" ? "en" : "zh-CN", { maximumFractionDigits: size < 10 ? 1 : 0 }).format(ratio)}×`;
}
