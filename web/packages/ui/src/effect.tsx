import { useTranslation } from "react-i18next";
import { formatSigned, type Language } from "./format";
import { Interval, type Verdict } from "./interval";
import { useReader } from "./provider";

/** An estimate and its interval. */
interface Range {
  estimate: number;
  low: number;
  high: number;
}

/** What the API says of an effect, as far as it is drawn. */
export interface Effect {
  verdict: string;
  reason: string;
  needed: number;
  conversion?: Range;
}

/** A verdict of the API in the words of an Interval. */
export function verdictOf(verdict: string): Verdict {
  return ({ works: "works", hurts: "harms", no_effect_seen: "none" } as Record<string, Verdict>)[verdict] ?? "unknown";
}

/** A difference of shares in percentage points with its sign: 0.0123 is "+1.23". */
export function percentagePoints(share: number, language: Language): string {
  return formatSigned(share * 100, language, 2);
}

/**
 * The difference of conversion between everybody assigned to be reached and the holdout, on a line with zero and in
 * words. `scale` fixes the ends, in shares, so that lines of one table can be compared; `wide` adds the reason.
 */
export function EffectInterval(props: { effect: Effect; scale?: readonly [number, number]; wide?: boolean }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const { conversion, verdict, reason, needed } = props.effect;
  const asks = verdict === "unknown" && needed > 0 && reason !== "window_open" && reason !== "split_mismatch";
  const format = (v: number) => t("ui.effect.pp", { n: percentagePoints(v, language) });
  return (
    <Interval
      point={conversion?.estimate}
      low={conversion?.low}
      high={conversion?.high}
      format={format}
      scale={props.scale}
      verdict={verdictOf(verdict)}
      needed={asks ? needed : undefined}
      note={
        props.wide
          ? t(`ui.effect.reason.${reason}`)
          : asks
            ? undefined
            : t(`ui.effect.short.${reason}`, { defaultValue: "" })
      }
      wide={props.wide}
    />
  );
}
