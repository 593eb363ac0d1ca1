import { type InputHTMLAttributes, type ReactNode, useId } from "react";
import { pick } from "../i18n";
import * as both from "../words/common";
import { Icon } from "./Screen";

const words = pick(both);

/** One question of a form: its words above the field, what is wrong with the answer below it. */
export function Field({
  label,
  wrong,
  side,
  ...rest
}: InputHTMLAttributes<HTMLInputElement> & { label: string; wrong?: string; side?: ReactNode }) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <div className="field-row">
        <input
          {...rest}
          id={id}
          aria-invalid={wrong ? true : undefined}
          aria-describedby={wrong ? `${id}-wrong` : undefined}
        />
        {side}
      </div>
      {wrong && (
        <p className="trouble" id={`${id}-wrong`} role="alert">
          {wrong}
        </p>
      )}
    </div>
  );
}

/** How many, by one less or one more. */
export function Stepper(props: {
  value: number;
  least?: number;
  most: number;
  name: string;
  change: (n: number) => void;
}) {
  const least = props.least ?? 1;
  return (
    <fieldset className="stepper">
      <legend className="hidden">
        {words.quantity} {props.name}
      </legend>
      <button
        type="button"
        aria-label={words.minus}
        disabled={props.value <= least}
        onClick={() => props.change(props.value - 1)}
      >
        <Icon name="minus" />
      </button>
      <output aria-live="polite">{props.value}</output>
      <button
        type="button"
        aria-label={words.plus}
        disabled={props.value >= props.most}
        onClick={() => props.change(props.value + 1)}
      >
        <Icon name="plus" />
      </button>
    </fieldset>
  );
}

/** A tick; its name is told, its words are beside it. */
export function Tick(props: {
  name: string;
  on: boolean;
  disabled?: boolean;
  change: (on: boolean) => void;
  children?: ReactNode;
}) {
  return (
    <label className="tick">
      <input
        type="checkbox"
        checked={props.on}
        disabled={props.disabled}
        aria-label={props.name}
        onChange={(e) => props.change(e.target.checked)}
      />
      <i aria-hidden="true">
        <Icon name="check" />
      </i>
      {props.children}
    </label>
  );
}
