import type { Schema } from "@huoshui/api";
import { When } from "@huoshui/ui";
import { useTranslation } from "react-i18next";

/** How somebody arrived: what the link said of itself, else the site that led here, and when; the rest is told on asking. */
export function Arrival({ touch }: { touch: Schema<"EventTouch"> }) {
  const { t } = useTranslation();
  const said = [touch.source, touch.medium, touch.campaign].filter(Boolean).join(" / ");
  const more = [
    [t("customers.arrival_content"), touch.content],
    [t("customers.arrival_term"), touch.term],
    [t("customers.arrival_referrer"), touch.referrer],
    [t("customers.arrival_landing"), touch.landing],
  ].filter(([, value]) => value);
  return (
    <span title={more.map(([name, value]) => `${name} ${value}`).join("\n") || undefined}>
      {said || hostOf(touch.referrer ?? "")} <When at={touch.at} ago />
    </span>
  );
}

function hostOf(address: string): string {
  try {
    return new URL(address).host;
  } catch {
    return address;
  }
}
