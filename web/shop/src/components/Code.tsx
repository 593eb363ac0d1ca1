import { useMemo } from "react";
import { modules } from "../qr";

/** A QR code that phones can scan. */
export default function Code({ text, name }: { text: string; name: string }) {
  const path = useMemo(
    () =>
      modules(text)
        .flatMap((row, y) => row.map((dark, x) => (dark ? `M${x + 4} ${y + 4}h1v1h-1z` : "")))
        .join(""),
    [text],
  );
  const size = useMemo(() => modules(text).length + 8, [text]);
  return (
    <svg viewBox={`0 0 ${size} ${size}`} role="img" aria-label={name} shapeRendering="crispEdges">
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
