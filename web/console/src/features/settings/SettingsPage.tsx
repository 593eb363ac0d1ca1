import { Empty, Loading, Page } from "@huoshui/ui";
import { useNavigate, useParams } from "@tanstack/react-router";
import { Tabs } from "antd";
import { type ComponentType, lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import type { SettingsTab } from "../../shell/feature";
import { useCan } from "../../shell/session";
import { features } from "..";

const contents = new Map<SettingsTab, ComponentType>();

function content(tab: SettingsTab): ComponentType {
  let known = contents.get(tab);
  if (!known) {
    known = lazy(tab.load);
    contents.set(tab, known);
  }
  return known;
}

/** Settings: one tab per feature that has any, each at its own address. */
export default function SettingsPage() {
  const { t } = useTranslation();
  const can = useCan();
  const navigate = useNavigate();
  const params = useParams({ strict: false }) as { tab?: string };
  const tabs = features
    .flatMap((f) => f.settings ?? [])
    .filter((tab) => can(tab.permission))
    .sort((a, b) => a.order - b.order);
  const open = tabs.find((tab) => tab.key === params.tab) ?? tabs[0];
  const Content = open ? content(open) : undefined;
  return (
    <Page title={t("settings.title")}>
      {open && Content ? (
        <div>
          <Tabs
            activeKey={open.key}
            items={tabs.map((tab) => ({ key: tab.key, label: t(tab.title) }))}
            onChange={(key) => void navigate({ to: `/settings/${key}` })}
          />
          <Suspense fallback={<Loading height={240} />}>
            <Content key={open.key} />
          </Suspense>
        </div>
      ) : (
        <Empty title={t("settings.none")} />
      )}
    </Page>
  );
}
