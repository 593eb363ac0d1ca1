import { Page } from "@huoshui/ui";
import { useNavigate } from "@tanstack/react-router";
import { Input, Tabs } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import "./finance.css";

const addresses = {
  books: "/finance",
  orders: "/finance/orders",
  refunds: "/finance/refunds",
  benefits: "/finance/benefits",
  closes: "/finance/closes",
  wallets: "/finance/wallets",
  rules: "/finance/rules",
} as const;

/** The frame of the pages of the books: one title, a tab each. */
export function Frame(props: { tab: keyof typeof addresses; actions?: ReactNode; children: ReactNode }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  return (
    <Page title={t("finance.title")} lead={t(`finance.lead.${props.tab}`)} actions={props.actions}>
      <div>
        <Tabs
          activeKey={props.tab}
          onChange={(tab) => void navigate({ to: addresses[tab as keyof typeof addresses] as never })}
          items={(Object.keys(addresses) as (keyof typeof addresses)[]).map((key) => ({
            key,
            label: t(`finance.tab.${key}`),
          }))}
        />
        <div className="hs-finance">{props.children}</div>
      </div>
    </Page>
  );
}

/** Two days, the first and the last. */
export function Days(props: {
  from: string;
  to: string;
  onDays: (days: { from: string; to: string }) => void;
  children?: ReactNode;
}) {
  const { t } = useTranslation();
  const { from, to } = props;
  return (
    <div className="hs-finance-bar">
      <label htmlFor="finance-from">{t("finance.from")}</label>
      <Input
        id="finance-from"
        type="date"
        value={from}
        max={to}
        onChange={(e) => e.target.value && props.onDays({ from: e.target.value, to })}
      />
      <label htmlFor="finance-to">{t("finance.to")}</label>
      <Input
        id="finance-to"
        type="date"
        value={to}
        min={from}
        onChange={(e) => e.target.value && props.onDays({ from, to: e.target.value })}
      />
      {props.children}
    </div>
  );
}

/** What an entry is booked for, in the reader's words. */
export function useReason(): (reason: string) => string {
  const { t } = useTranslation();
  return (reason) => t(`finance.reasons.${reason.replace(".", "/")}`, { defaultValue: reason });
}

/** An account's name. */
export function useAccount(): (account: string) => string {
  const { t } = useTranslation();
  return (account) => t(`finance.accounts.${account}`, { defaultValue: account });
}

/** The day before a day, both YYYY-MM-DD. */
export function before(day: string): string {
  const at = new Date(`${day}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() - 1);
  return Number.isNaN(at.getTime()) ? "" : at.toISOString().slice(0, 10);
}
