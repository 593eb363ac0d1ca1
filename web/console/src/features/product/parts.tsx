import type { Schema } from "@huoshui/api";
import { formatCount, formatPercent, useReader } from "@huoshui/ui";
import { Tooltip } from "antd";
import { useTranslation } from "react-i18next";

/** The name of a product, which opens what is known of it. */
export function ProductName(props: { of: Schema<"ProductRef">; onOpen: (id: string) => void }) {
  if (!props.of.id) {
    return <span className="hs-secondary">—</span>;
  }
  return (
    <button type="button" className="pa-name" title={props.of.name} onClick={() => props.onOpen(props.of.id)}>
      {props.of.name || props.of.id}
    </button>
  );
}

/** A share with its interval under it; what it is a share of, on hover. */
export function ShareCell(props: { of: Schema<"ProductShare"> }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const { n, of, rate, low, high } = props.of;
  if (of === 0) {
    return <span className="hs-none">—</span>;
  }
  const percent = (v: number) => formatPercent(v, language);
  return (
    <Tooltip title={t("product.share_of", { n: formatCount(n, language), of: formatCount(of, language) })}>
      <span className="pa-share hs-num">
        <span>{percent(rate)}</span>
        <small>
          {percent(low)} – {percent(high)}
        </small>
      </span>
    </Tooltip>
  );
}

/** A bar as long as its share. */
export function Bar(props: { share: number }) {
  return (
    <span className="pa-bar" aria-hidden="true">
      <span style={{ width: `${Math.max(1, Math.min(100, props.share * 100))}%` }} />
    </span>
  );
}
