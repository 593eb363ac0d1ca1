import { useTranslation } from "react-i18next";

/** Says that a segment follows what people do at once. */
export function LiveMark() {
  const { t } = useTranslation();
  return (
    <span className="segments-live" title={t("segments.live_why")}>
      <span aria-hidden />
      {t("segments.live")}
    </span>
  );
}
