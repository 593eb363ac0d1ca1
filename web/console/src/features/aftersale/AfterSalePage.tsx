import { $api, keyset, type Schema } from "@huoshui/api";
import {
  type Column,
  DataTable,
  Empty,
  type Filter,
  formatCount,
  Money,
  None,
  Page,
  RowDrawer,
  Status,
  useReader,
  When,
} from "@huoshui/ui";
import { keepPreviousData } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Segmented } from "antd";
import { useTranslation } from "react-i18next";
import { useUrlState } from "../../shell/url";
import { CaseView } from "./CaseView";
import { Left } from "./Left";
import "./aftersale.css";

type Row = Schema<"AftersaleCase">;

const open = ["requested", "asked", "awaiting", "sent", "replacing"] as const;
const ended = ["refunded", "replaced", "refused", "cancelled", "closed"] as const;
const kinds = ["refund", "return", "exchange"] as const;

/** The queue of after-sale: by state, the oldest of what is open first. */
export default function AfterSalePage() {
  const { t } = useTranslation();
  const { language } = useReader();
  const [state, setState] = useUrlState({ state: "requested", kind: "", q: "", id: "" });
  const isOpen = (open as readonly string[]).includes(state.state);
  const list = $api.useInfiniteQuery(
    "get",
    "/api/v1/after-sale",
    {
      params: {
        query: {
          limit: 50,
          sort: isOpen ? "old" : "new",
          ...(state.state === "all" ? {} : { state: state.state as Row["state"] }),
          ...(state.kind ? { kind: state.kind as Row["kind"] } : {}),
          ...(state.q ? { q: state.q } : {}),
        },
      },
    },
    { ...keyset, placeholderData: keepPreviousData, refetchInterval: 30_000 },
  );
  const counts = (list.data?.pages[0] as Schema<"AfterSalePage"> | undefined)?.counts ?? {};
  const columns: Column<Row>[] = [
    {
      key: "number",
      title: t("aftersale.number"),
      render: (r) => <span className="hs-num">{r.number}</span>,
      value: (r) => r.number,
      width: 190,
    },
    {
      key: "state",
      title: t("aftersale.state"),
      render: (r) => (
        <Status tone={toneOf(r)} why={r.trouble ? t("aftersale.trouble") : undefined}>
          {t(`aftersale.states.${r.state}`)}
        </Status>
      ),
      value: (r) => t(`aftersale.states.${r.state}`),
      width: 120,
    },
    {
      key: "left",
      title: t("aftersale.left"),
      render: (r) => <Left of={r} />,
      width: 120,
    },
    {
      key: "kind",
      title: t("aftersale.kind"),
      render: (r) => t(`aftersale.kinds.${r.kind}`),
      value: (r) => t(`aftersale.kinds.${r.kind}`),
      width: 100,
    },
    {
      key: "goods",
      title: t("aftersale.goods"),
      render: (r) => r.lines.map((l) => `${l.name} × ${l.quantity}`).join("、"),
      value: (r) => r.lines.map((l) => `${l.name} × ${l.quantity}`).join("、"),
      ellipsis: true,
      width: 260,
    },
    {
      key: "reason",
      title: t("aftersale.reason"),
      render: (r) => t(`aftersale.reasons.${r.reason}`),
      value: (r) => t(`aftersale.reasons.${r.reason}`),
      width: 130,
    },
    {
      key: "refund_fen",
      title: t("aftersale.money"),
      render: (r) => (r.state === "refunded" ? <Money fen={r.refund_fen} /> : <None />),
      value: (r) => r.refund_fen / 100,
      align: "right",
      width: 110,
    },
    {
      key: "made_at",
      title: t("aftersale.asked_at"),
      render: (r) => <When at={r.made_at} />,
      value: (r) => r.made_at,
      width: 150,
    },
  ];
  const filters: Filter[] = [
    {
      key: "kind",
      label: t("aftersale.kind"),
      kind: "choice",
      options: kinds.map((k) => ({ value: k, label: t(`aftersale.kinds.${k}`) })),
    },
  ];
  const word = (s: string) => {
    const n = counts[s] ?? 0;
    return n > 0 ? `${t(`aftersale.states.${s}`)} ${formatCount(n, language)}` : t(`aftersale.states.${s}`);
  };
  return (
    <Page
      title={t("aftersale.title")}
      lead={t("aftersale.lead")}
      actions={<Link to={"/after-sale/rules" as never}>{t("aftersale.rules_link")}</Link>}
    >
      <div className="hs-aftersale-tabs">
        <Segmented
          value={state.state}
          onChange={(v) => setState({ state: v, id: "" })}
          options={[
            ...open.map((s) => ({ value: s as string, label: word(s) })),
            { value: "all", label: t("aftersale.all") },
            ...ended.map((s) => ({ value: s as string, label: word(s) })),
          ]}
        />
      </div>
      <DataTable
        id="after-sale"
        query={list}
        columns={columns}
        rowKey={(r) => r.id}
        filters={filters}
        state={state}
        onState={setState}
        search={t("aftersale.search")}
        onOpen={(r) => setState({ id: r.id }, { push: true })}
        openKey={state.id}
        empty={<Empty title={t("aftersale.empty")}>{t("aftersale.empty_text")}</Empty>}
      />
      <RowDrawer open={state.id !== ""} title={t("aftersale.title")} width={640} onClose={() => setState({ id: "" })}>
        {state.id ? <CaseView id={state.id} key={state.id} /> : null}
      </RowDrawer>
    </Page>
  );
}

/** How a case's state is marked. */
export function toneOf(c: Pick<Row, "state" | "trouble">) {
  if (c.trouble) {
    return "danger";
  }
  switch (c.state) {
    case "requested":
    case "sent":
    case "replacing":
      return "attention";
    case "refunded":
    case "replaced":
      return "good";
    case "asked":
    case "awaiting":
      return "running";
    default:
      return "calm";
  }
}
