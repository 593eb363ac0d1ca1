import { Page } from "@huoshui/ui";
import { useNavigate } from "@tanstack/react-router";
import { Tabs } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import "./collect.css";

const addresses = {
  sources: "/collect",
  live: "/collect/live",
  dictionary: "/collect/dictionary",
  letters: "/collect/letters",
} as const;

/** The frame of the four pages of collection: one title, a tab each. */
export function Frame(props: { tab: keyof typeof addresses; actions?: ReactNode; children: ReactNode }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  return (
    <Page title={t("collect.title")} lead={t(`collect.lead.${props.tab}`)} actions={props.actions}>
      <div>
        <Tabs
          activeKey={props.tab}
          onChange={(tab) => void navigate({ to: addresses[tab as keyof typeof addresses] as never })}
          items={(Object.keys(addresses) as (keyof typeof addresses)[]).map((key) => ({
            key,
            label: t(`collect.tab.${key}`),
          }))}
        />
        {props.children}
      </div>
    </Page>
  );
}
