import "./trading.css";

/** A small picture by its id, or an empty place of the same size. */
export function Picture(props: { id: string | undefined; size?: number; alt?: string }) {
  const size = props.size ?? 40;
  return props.id ? (
    <img
      className="hs-trade-picture"
      src={`/media/${encodeURIComponent(props.id)}?w=160`}
      width={size}
      height={size}
      loading="lazy"
      alt={props.alt ?? ""}
    />
  ) : (
    <span className="hs-trade-picture" style={{ width: size, height: size }} aria-hidden />
  );
}
