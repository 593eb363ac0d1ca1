import { Tooltip } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { present, useAhead } from "./clock";
import {
  formatAgo,
  formatCount,
  formatMoney,
  formatMoneyShort,
  formatPercent,
  formatShort,
  formatWhen,
  type WhenStyle,
} from "./format";
import { useReader } from "./provider";
import type { LayerCode } from "./tokens";

/** The dash that stands for "no value". */
export function None() {
  return <span className="hs-none">—</span>;
}

/** An amount of fen; `short` writes 万 above ¥100,000 and shows the exact amount on hover. */
export function Money(props: { fen: number | null | undefined; short?: boolean; signed?: boolean }) {
  const { language } = useReader();
  if (props.fen === null || props.fen === undefined) {
    return <None />;
  }
  const plus = props.signed && props.fen > 0 ? "+" : "";
  const exact = plus + formatMoney(props.fen, language);
  if (!props.short) {
    return <span className="hs-num">{exact}</span>;
  }
  return (
    <span className="hs-num" title={exact}>
      {plus + formatMoneyShort(props.fen, language)}
    </span>
  );
}

/** A whole number; `short` writes 万 above 100,000; `about` says that it is an estimate. */
export function Count(props: { n: number | null | undefined; short?: boolean; about?: boolean; signed?: boolean }) {
  const { language } = useReader();
  if (props.n === null || props.n === undefined) {
    return <None />;
  }
  const plus = props.signed && props.n > 0 ? "+" : "";
  const text = props.short ? formatShort(props.n, language) : formatCount(props.n, language);
  return (
    <span className="hs-num" title={props.short ? formatCount(props.n, language) : undefined}>
      {props.about ? "≈ " : ""}
      {plus}
      {text}
    </span>
  );
}

/** A share between 0 and 1 as a percentage. */
export function Percent(props: { share: number | null | undefined; digits?: number; column?: boolean }) {
  const { language } = useReader();
  if (props.share === null || props.share === undefined || !Number.isFinite(props.share)) {
    return <None />;
  }
  return <span className="hs-num">{formatPercent(props.share, language, props.digits, props.column)}</span>;
}

/** An instant in the business zone; `ago` tells it in words, with the instant on hover. */
export function When(props: { at: string | null | undefined; style?: WhenStyle; ago?: boolean }) {
  const reader = useReader();
  useAhead();
  if (!props.at) {
    return <None />;
  }
  const exact = formatWhen(props.at, reader, props.style);
  if (!props.ago) {
    return (
      <time className="hs-num" dateTime={props.at}>
        {exact}
      </time>
    );
  }
  return (
    <time className="hs-num" dateTime={props.at} title={`${formatWhen(props.at, reader, "second")} ${reader.zone}`}>
      {formatAgo(props.at, reader.language, present())}
    </time>
  );
}

/** The layer of a person, in its fixed hue and its word; `reason` says why on hover. */
export function LayerTag(props: { layer: LayerCode | string | null | undefined; reason?: ReactNode }) {
  const { t } = useTranslation();
  if (!props.layer) {
    return <None />;
  }
  const tag = (
    <span className="hs-layer" data-layer={props.layer}>
      {t(`ui.layer.${props.layer}`, { defaultValue: props.layer })}
    </span>
  );
  return props.reason ? <Tooltip title={props.reason}>{tag}</Tooltip> : tag;
}

/** The tones a status can have; always beside a word, never alone. */
export type Tone = "calm" | "good" | "attention" | "danger" | "running";

/** A state in a word, with a mark of its tone. */
export function Status(props: { tone: Tone; children: ReactNode; why?: ReactNode }) {
  const mark = (
    <span className="hs-status" data-tone={props.tone}>
      {props.children}
    </span>
  );
  return props.why ? <Tooltip title={props.why}>{mark}</Tooltip> : mark;
}
