import { None } from "@huoshui/ui";

/** Points of heat, with one decimal; none for who did nothing lately. */
export function Heat(props: { points: number | undefined }) {
  return props.points ? <span className="hs-num">{props.points.toFixed(1)}</span> : <None />;
}
