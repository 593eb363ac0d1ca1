import { PlusOutlined } from "@ant-design/icons";
import { $api, keyset } from "@huoshui/api";
import { type Column, Count, DataTable, Empty, type Filter, None, Page, present, Status, When } from "@huoshui/ui";
import { keepPreviousData } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useUrlState } from "../../shell/url";
import { NewModal } from "./NewModal";
import { type Launch, stateTones } from "./words";

/** The stage that an instant lies in, as a key of launches.stage. */
export function stageAt(l: Launch, now: number): string | undefined {
  return l.stages.find((s) => Date.parse(s.begins_at) <= now && now < Date.parse(s.ends_at))?.kind;
}

/** All waves of selling, newest first. */
export default function LaunchesPage() {
  const { t } = useTranslation();
  const can = useCan();
  const navigate = useNavigate();
  const [state, setState] = useUrlState({ q: "", state: "" });
  const [making, setMaking] = useState(false);
  const list = $api.useInfiniteQuery(
    "get",
    "/api/v1/launches",
    {
      params: {
        query: { limit: 50, q: state.q || undefined, state: (state.state || undefined) as "draft" | undefined },
      },
    },
    { ...keyset, placeholderData: keepPreviousData, refetchInterval: 15_000 },
  );
  const filters: Filter[] = [
    {
      key: "state",
      label: t("launches.state"),
      kind: "choice",
      options: (["draft", "scheduled", "running", "paused", "finished", "cancelled"] as const).map((value) => ({
        value,
        label: t(`launches.states.${value}`),
      })),
    },
  ];
  const columns: Column<Launch>[] = [
    { key: "name", title: t("launches.name"), width: 260, render: (l) => l.name, value: (l) => l.name },
    {
      key: "state",
      title: t("launches.state"),
      width: 110,
      render: (l) => <Status tone={stateTones[l.state]}>{t(`launches.states.${l.state}`)}</Status>,
      value: (l) => t(`launches.states.${l.state}`),
    },
    {
      key: "stage",
      title: t("launches.timeline"),
      width: 110,
      render: (l) => {
        const at = l.state === "running" || l.state === "paused" ? stageAt(l, present()) : undefined;
        return at ? t(`launches.stage.${at}`) : <None />;
      },
      value: (l) => stageAt(l, present()) ?? "",
    },
    {
      key: "goods",
      title: t("launches.goods"),
      width: 80,
      align: "right",
      render: (l) => <Count n={l.goods.length} />,
      value: (l) => l.goods.length,
    },
    {
      key: "wave",
      title: t("launches.waves"),
      width: 90,
      align: "right",
      render: (l) => t("launches.wave", { n: l.wave }),
      value: (l) => l.wave,
    },
    {
      key: "begins",
      title: t("launches.stage.build_up"),
      width: 150,
      render: (l) => <When at={l.begins_at} />,
      value: (l) => l.begins_at,
    },
    {
      key: "sale",
      title: t("launches.sale_at"),
      width: 150,
      render: (l) => <When at={l.sale_at} />,
      value: (l) => l.sale_at,
    },
  ];
  const make = can("campaigns.write") ? (
    <Button type="primary" icon={<PlusOutlined />} onClick={() => setMaking(true)}>
      {t("launches.new")}
    </Button>
  ) : null;
  return (
    <Page title={t("launches.title")} lead={t("launches.lead")} actions={make}>
      <DataTable
        id="launches"
        query={list}
        columns={columns}
        filters={filters}
        rowKey={(l) => l.id}
        state={state}
        onState={setState}
        search={t("launches.search")}
        onOpen={(l) => void navigate({ to: `/launches/${l.id}${l.state === "draft" ? "/edit" : ""}` as never })}
        empty={
          <Empty title={t("launches.empty")} action={make}>
            {t("launches.empty_text")}
          </Empty>
        }
      />
      {making ? <NewModal onClose={() => setMaking(false)} /> : null}
    </Page>
  );
}
