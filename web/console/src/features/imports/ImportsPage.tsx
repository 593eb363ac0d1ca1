import { $api, keyset } from "@huoshui/api";
import { type Column, Count, DataTable, Empty, Money, None, Page, Panel, Status, When } from "@huoshui/ui";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useUrlState } from "../../shell/url";
import { Upload } from "./Upload";
import { formatBytes, type Import, isRunning, tones } from "./words";
import "./imports.css";

/** Where files come in, and what became of those before. */
export default function ImportsPage() {
  const { t } = useTranslation();
  const can = useCan();
  const navigate = useNavigate();
  const [state, setState] = useUrlState({ sort: "" });
  const list = $api.useInfiniteQuery(
    "get",
    "/api/v1/imports",
    { params: { query: { limit: 50 } } },
    {
      ...keyset,
      refetchInterval: (q) => (q.state.data?.pages[0]?.items.some(isRunning) ? 1500 : false),
    },
  );
  const columns: Column<Import>[] = [
    { key: "file", title: t("imports.file"), width: 240, render: (i) => i.file_name, value: (i) => i.file_name },
    {
      key: "target",
      title: t("imports.kind"),
      width: 88,
      render: (i) => t(`imports.target.${i.target}`),
      value: (i) => i.target,
    },
    {
      key: "status",
      title: t("imports.status"),
      width: 112,
      render: (i) => <Status tone={tones[i.status]}>{t(`imports.states.${i.status}`)}</Status>,
      value: (i) => i.status,
    },
    ...(["read", "accepted", "duplicate", "rejected"] as const).map(
      (key): Column<Import> => ({
        key,
        title: t(`imports.${key}`),
        definition: t(`imports.${key}_why`),
        align: "right",
        width: 92,
        render: (i) => (i.status === "uploaded" ? <None /> : <Count n={i.result[`lines_${key}`]} />),
        value: (i) => i.result[`lines_${key}`],
      }),
    ),
    {
      key: "amount",
      title: t("imports.amount"),
      definition: t("imports.amount_why"),
      align: "right",
      width: 136,
      render: (i) => (i.result.amount_fen > 0 ? <Money fen={i.result.amount_fen} /> : <None />),
      value: (i) => i.result.amount_fen / 100,
    },
    {
      key: "size",
      title: t("imports.size"),
      align: "right",
      width: 80,
      render: (i) => formatBytes(i.file_bytes),
      value: (i) => i.file_bytes,
    },
    {
      key: "when",
      title: t("imports.when"),
      width: 148,
      render: (i) => <When at={i.created_at} />,
      value: (i) => i.created_at,
    },
  ];
  return (
    <Page title={t("imports.title")} lead={t("imports.lead")}>
      {can("imports.write") ? (
        <Panel>
          <Upload />
        </Panel>
      ) : null}
      <DataTable
        id="imports"
        query={list}
        columns={columns}
        rowKey={(i) => i.id}
        state={state}
        onState={setState}
        exportable={false}
        onOpen={(i) => void navigate({ to: `/imports/${i.id}` })}
        empty={<Empty title={t("imports.empty")}>{t("imports.empty_text")}</Empty>}
      />
    </Page>
  );
}
