import { $api } from "@huoshui/api";
import { formatCount, Page, useReader } from "@huoshui/ui";
import { useNavigate } from "@tanstack/react-router";
import { Tabs } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import "./identity.css";

const addresses = {
  coverage: "/identity",
  conflicts: "/identity/conflicts",
  merges: "/identity/merges",
  blocked: "/identity/blocked",
  rules: "/identity/rules",
} as const;

/** How well customers are known, asked once for all pages of identity. */
export function useCoverage() {
  return $api.useQuery("get", "/api/v1/identity/coverage", {}, { staleTime: 10_000 });
}

/** The frame of the pages of identity: one title, a tab each, with how many wait. */
export function Frame(props: { tab: keyof typeof addresses; actions?: ReactNode; children: ReactNode }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const navigate = useNavigate();
  const open = useCoverage().data?.open_conflicts ?? 0;
  return (
    <Page title={t("identity.title")} lead={t(`identity.lead.${props.tab}`)} actions={props.actions}>
      <div>
        <Tabs
          activeKey={props.tab}
          onChange={(tab) => void navigate({ to: addresses[tab as keyof typeof addresses] as never })}
          items={(Object.keys(addresses) as (keyof typeof addresses)[]).map((key) => ({
            key,
            label: (
              <>
                {t(`identity.tab.${key}`)}
                {key === "conflicts" && open > 0 ? (
                  <span className="hs-identity-badge hs-num">{formatCount(open, language)}</span>
                ) : null}
              </>
            ),
          }))}
        />
        {props.children}
      </div>
    </Page>
  );
}
