import { Checkbox, Select } from "antd";
import { useTranslation } from "react-i18next";
import { BoundsField, WhereFields, WindowField } from "./fields";
import type { Bounds, Spec } from "./tree";

export const sessionMeasures = ["count", "pages", "minutes", "average_pages", "average_minutes", "since_last"] as const;

/** Visits of the brand's own pages: when, what they began with, how long and how deep they were, and how many of them. */
export function Sessions({ spec, onChange }: { spec: Spec; onChange: (spec: Spec) => void }) {
  const { t } = useTranslation();
  const measure = spec.measure ?? "count";
  const narrowed = (field: "pages" | "minutes", fresh: Bounds) => {
    const bounds = spec[field];
    return (
      <span className="segments-where">
        <Checkbox
          checked={bounds !== undefined}
          onChange={(e) => onChange({ ...spec, [field]: e.target.checked ? fresh : undefined })}
        >
          {t(`segments.session.each_${field}`)}
        </Checkbox>
        {bounds ? (
          <BoundsField
            label={t(`segments.session.each_${field}`)}
            bounds={bounds}
            unit={t(`segments.session.unit_${field}`)}
            onChange={(b) => onChange({ ...spec, [field]: b })}
          />
        ) : null}
      </span>
    );
  };
  return (
    <>
      <WindowField
        ever
        window={spec.window ?? {}}
        onChange={(w) => onChange({ ...spec, window: Object.keys(w).length > 0 ? w : undefined })}
      />
      <Select
        size="small"
        aria-label={t("segments.measure.label")}
        value={measure}
        popupMatchSelectWidth={false}
        onChange={(next) => onChange({ ...spec, measure: next })}
        options={sessionMeasures.map((m) => ({ value: m, label: t(`segments.session.${m}`) }))}
      />
      <BoundsField
        label={t("segments.measure.label")}
        bounds={{ min: spec.min, max: spec.max }}
        unit={t(`segments.session.unit_${measure}`)}
        never={measure === "count"}
        onChange={(b) => {
          const { min: _min, max: _max, ...rest } = spec;
          onChange({ ...rest, ...b });
        }}
      />
      {narrowed("pages", { min: 3 })}
      {narrowed("minutes", { min: 1 })}
      <Select
        size="small"
        aria-label={t("segments.session.bounce")}
        value={spec.bounce === undefined ? "any" : String(spec.bounce)}
        popupMatchSelectWidth={false}
        onChange={(v) => onChange({ ...spec, bounce: v === "any" ? undefined : v === "true" })}
        options={["any", "true", "false"].map((v) => ({ value: v, label: t(`segments.session.bounce_${v}`) }))}
      />
      <span className="hs-secondary">{t("segments.session.entry")}</span>
      <WhereFields fact="page.viewed" where={spec.entry} onChange={(entry) => onChange({ ...spec, entry })} />
    </>
  );
}
