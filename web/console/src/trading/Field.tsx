import { Why } from "@huoshui/ui";
import { InputNumber } from "antd";
import type { ReactNode } from "react";
import "./trading.css";

/** A labelled field of a form. */
export function Field(props: { label: string; why?: string; top?: boolean; children: ReactNode }) {
  return (
    <div className="hs-trade-field" data-top={props.top || undefined}>
      <span className="hs-trade-label">
        {props.label}
        {props.why ? <Why>{props.why}</Why> : null}
      </span>
      <div className="hs-trade-inputs">{props.children}</div>
    </div>
  );
}

/** An amount of yuan, kept as fen; empty is 0 and shown as `empty`. */
export function Yuan(props: {
  label: string;
  fen: number;
  onChange: (fen: number) => void;
  empty?: string;
  small?: boolean;
}) {
  return (
    <InputNumber
      aria-label={props.label}
      prefix="¥"
      size={props.small ? "small" : undefined}
      min={0}
      max={100_000_000}
      precision={2}
      controls={false}
      placeholder={props.empty}
      value={props.fen ? props.fen / 100 : null}
      onChange={(n) => props.onChange(Math.round((n ?? 0) * 100))}
    />
  );
}

/** A whole number; empty is 0. */
export function Whole(props: {
  label: string;
  n: number;
  onChange: (n: number) => void;
  min?: number;
  max?: number;
  suffix?: string;
  empty?: string;
  small?: boolean;
}) {
  return (
    <InputNumber
      aria-label={props.label}
      size={props.small ? "small" : undefined}
      min={props.min ?? 0}
      max={props.max ?? 1_000_000_000}
      precision={0}
      suffix={props.suffix}
      placeholder={props.empty}
      value={props.empty && !props.n ? null : props.n}
      onChange={(n) => props.onChange(n ?? props.min ?? 0)}
    />
  );
}
