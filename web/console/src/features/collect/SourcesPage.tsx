import { PlusOutlined } from "@ant-design/icons";
import { $api } from "@huoshui/api";
import { type Column, Count, DataTable, Empty, None, Status, When, wholeList } from "@huoshui/ui";
import { Link, useNavigate } from "@tanstack/react-router";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useUrlState } from "../../shell/url";
import { Frame } from "./Frame";
import { happened, type Source, sumOutcomes, useSources } from "./words";

/** Every source, what came from it in a week, and the way to a new one. */
export default function SourcesPage() {
  const { t } = useTranslation();
  const can = useCan();
  const navigate = useNavigate();
  const [state, setState] = useUrlState({ q: "" });
  const list = useSources(true);
  const status = $api.useQuery(
    "get",
    "/api/v1/collect/status",
    { params: { query: { days: 7 } } },
    { refetchInterval: 5_000 },
  );
  const outcomes = status.data?.outcomes ?? [];
  const wanted = state.q.trim().toLowerCase();
  const rows = list.data?.items.filter((s) => s.name.toLowerCase().includes(wanted));
  const week = (s: Source) => sumOutcomes(outcomes, s.id);
  const columns: Column<Source>[] = [
    {
      key: "name",
      title: t("collect.name"),
      width: 220,
      render: (s) => (
        <Link to={`/collect/sources/${s.id}` as never} className="hs-collect-name">
          {s.name}
        </Link>
      ),
      value: (s) => s.name,
    },
    {
      key: "kind",
      title: t("collect.kind"),
      width: 128,
      render: (s) => t(`collect.kinds.${s.kind}`),
      value: (s) => s.kind,
    },
    {
      key: "protocols",
      title: t("collect.protocols"),
      width: 152,
      render: (s) => s.protocols.map((p) => t(`collect.protocol.${p}`)).join(" · "),
      value: (s) => s.protocols.join(" "),
    },
    {
      key: "state",
      title: t("collect.state"),
      width: 104,
      render: (s) => <SourceState source={s} />,
      value: (s) => (s.paused ? "paused" : "on"),
    },
    {
      key: "accepted",
      title: t("collect.accepted"),
      definition: t("collect.accepted_why"),
      align: "right",
      width: 120,
      render: (s) => <Count n={week(s).accepted} />,
      value: (s) => week(s).accepted,
    },
    {
      key: "dead",
      title: t("collect.dead"),
      definition: t("collect.dead_why"),
      align: "right",
      width: 96,
      render: (s) =>
        week(s).dead > 0 ? (
          <Link to={"/collect/letters" as never} search={{ source: s.id } as never}>
            <Count n={week(s).dead} />
          </Link>
        ) : (
          <Count n={0} />
        ),
      value: (s) => week(s).dead,
    },
    {
      key: "refused",
      title: t("collect.refused"),
      definition: t("collect.refused_why"),
      align: "right",
      width: 104,
      render: (s) => <Count n={s.refused} />,
      value: (s) => s.refused,
    },
    {
      key: "last",
      title: t("collect.last"),
      width: 136,
      render: (s) => {
        const day = outcomes.find((o) => o.source === s.id && o.n > 0)?.day;
        return happened(s.last_at) ? (
          <When at={s.last_at} ago />
        ) : day ? (
          <span className="hs-num">{day}</span>
        ) : (
          <None />
        );
      },
      value: (s) => (happened(s.last_at) ? s.last_at : ""),
    },
  ];
  const make = can("collect.write") ? (
    <Link to={"/collect/sources/new" as never}>
      <Button type="primary" icon={<PlusOutlined />}>
        {t("collect.new")}
      </Button>
    </Link>
  ) : null;
  return (
    <Frame tab="sources" actions={list.data?.items.length ? make : null}>
      <DataTable
        id="sources"
        query={wholeList({ ...list, data: rows })}
        columns={columns}
        rowKey={(s) => s.id}
        state={state}
        onState={setState}
        search={t("collect.search_sources")}
        onOpen={(s) => void navigate({ to: `/collect/sources/${s.id}` as never })}
        empty={
          <Empty title={t("collect.empty")} action={make}>
            {t("collect.empty_text")}
          </Empty>
        }
      />
    </Frame>
  );
}

/** Whether a source's events are kept. */
export function SourceState(props: { source: Source }) {
  const { t } = useTranslation();
  return props.source.paused ? (
    <Status tone="attention" why={t("collect.paused_why")}>
      {t("collect.paused")}
    </Status>
  ) : (
    <Status tone="good">{t("collect.on")}</Status>
  );
}
