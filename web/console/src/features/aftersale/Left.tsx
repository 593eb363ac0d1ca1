import type { Schema } from "@huoshui/api";
import { None, present, useAhead } from "@huoshui/ui";
import { Tooltip } from "antd";
import { useTranslation } from "react-i18next";

/** How long until a case goes on by itself, or goods should be here. */
export function Left({ of }: { of: Pick<Schema<"AftersaleCase">, "state" | "due_at"> }) {
  const { t } = useTranslation();
  useAhead();
  if (!of.due_at) {
    return <None />;
  }
  const minutes = Math.floor((new Date(of.due_at).getTime() - present()) / 60_000);
  const text =
    minutes < 0
      ? t("aftersale.overdue")
      : minutes >= 48 * 60
        ? t("aftersale.in_days", { n: Math.floor(minutes / 1440) })
        : minutes >= 60
          ? t("aftersale.in_hours", { n: Math.floor(minutes / 60) })
          : t("aftersale.in_minutes", { n: minutes });
  return (
    <Tooltip title={t(`aftersale.left_to.${of.state}`, { defaultValue: "" })}>
      <span className="hs-num hs-aftersale-left" data-soon={minutes < 12 * 60 || undefined}>
        {text}
      </span>
    </Tooltip>
  );
}
