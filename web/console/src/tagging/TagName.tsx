import { hueOf } from "./words";
import "./tagging.css";

/** A tag with its colour; the name says it, the colour only helps. */
export function TagName(props: { name: string; colour: string }) {
  return (
    <span className="tagging-tag">
      <span className="tagging-dot" style={{ background: hueOf(props.colour) }} aria-hidden />
      {props.name}
    </span>
  );
}
