import { type ReactNode, useId } from "react";

/** A field of a form: its name above, one sentence below. */
export function Field(props: { label: string; hint?: string; children: (id: string) => ReactNode }) {
  const id = useId();
  return (
    <div className="hs-collect-field">
      <label htmlFor={id}>{props.label}</label>
      {props.children(id)}
      {props.hint ? <span className="hs-secondary">{props.hint}</span> : null}
    </div>
  );
}
