import { $api, keyset, type Schema } from "@huoshui/api";
import {
  type Column,
  DataTable,
  Empty,
  type Filter,
  formatMoney,
  Money,
  None,
  Status,
  useConfirmDanger,
  useReader,
  When,
} from "@huoshui/ui";
import { keepPreviousData, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { App, Button, Input } from "antd";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useUrlState } from "../../shell/url";
import { Frame } from "./Frame";

type Row = Schema<"PaymentRefund">;

const stuck = (r: Row) => r.state === "abnormal" || r.state === "closed" || r.state === "refused";

/** Refunds, and what to do about those that WeChat cannot make. */
export default function RefundsPage() {
  const { t } = useTranslation();
  const { language } = useReader();
  const can = useCan();
  const ask = useConfirmDanger();
  const client = useQueryClient();
  const { message } = App.useApp();
  const [state, setState] = useUrlState({ trouble: "" });
  const list = $api.useInfiniteQuery(
    "get",
    "/api/v1/finance/refunds",
    { params: { query: { limit: 50, trouble: state.trouble === "true" } } },
    { ...keyset, placeholderData: keepPreviousData },
  );
  const done = (text: string) => async () => {
    message.success(text);
    await client.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).startsWith("/api/v1/finance") });
  };
  const retry = $api.useMutation("post", "/api/v1/finance/refunds/{id}/retry", {
    meta: { quiet: true },
    onSuccess: done(t("finance.retried")),
  });
  const paidOut = $api.useMutation("post", "/api/v1/finance/refunds/{id}/paid-out", {
    meta: { quiet: true },
    onSuccess: done(t("finance.paid_out_done")),
  });
  const payOut = (r: Row) => {
    let note = "";
    ask({
      title: t("finance.paid_out_title", { amount: formatMoney(r.amount_fen, language) }),
      consequence: (
        <>
          <p>{t("finance.paid_out_text")}</p>
          <Input
            aria-label={t("finance.paid_out_note")}
            placeholder={t("finance.paid_out_note")}
            maxLength={500}
            onChange={(e) => {
              note = e.target.value;
            }}
          />
        </>
      ),
      action: t("finance.paid_out_do"),
      final: true,
      run: () => paidOut.mutateAsync({ params: { path: { id: r.id } }, body: { note } }),
    });
  };
  const filters: Filter[] = [{ key: "trouble", label: t("finance.only_trouble"), kind: "flag" }];
  const columns: Column<Row>[] = [
    {
      key: "created_at",
      title: t("finance.created_at"),
      render: (r) => <When at={r.created_at} style="second" />,
      value: (r) => r.created_at,
      width: 170,
    },
    {
      key: "amount_fen",
      title: t("finance.amount"),
      render: (r) => <Money fen={r.amount_fen} />,
      value: (r) => r.amount_fen / 100,
      align: "right",
      width: 120,
    },
    {
      key: "state",
      title: t("finance.state"),
      render: (r) => (
        <Status tone={stuck(r) ? "attention" : r.state === "success" ? "good" : "calm"} why={r.trouble || undefined}>
          {t(`finance.refund_state.${r.state}`)}
        </Status>
      ),
      value: (r) => t(`finance.refund_state.${r.state}`),
      width: 120,
    },
    {
      key: "order",
      title: t("finance.order"),
      render: (r) => (
        <Link to={"/finance/orders" as never} search={{ id: r.order } as never}>
          {r.order}
        </Link>
      ),
      value: (r) => r.order,
      width: 280,
    },
    { key: "reason", title: t("finance.why"), render: (r) => r.reason || <None />, value: (r) => r.reason, width: 160 },
    {
      key: "done_at",
      title: t("finance.done_at"),
      render: (r) => (r.done_at ? <When at={r.done_at} style="second" /> : <None />),
      value: (r) => r.done_at,
      width: 170,
    },
    {
      key: "do",
      title: t("finance.reconcile.do"),
      render: (r) =>
        stuck(r) && can("finance.write") ? (
          <>
            {r.state === "abnormal" ? null : (
              <Button size="small" onClick={() => retry.mutate({ params: { path: { id: r.id } } })}>
                {t("finance.retry")}
              </Button>
            )}{" "}
            <Button size="small" onClick={() => payOut(r)}>
              {t("finance.paid_out")}
            </Button>
          </>
        ) : (
          <None />
        ),
      width: 240,
    },
  ];
  return (
    <Frame tab="refunds">
      <DataTable
        id="refunds"
        query={list}
        columns={columns}
        rowKey={(r) => r.id}
        filters={filters}
        state={state}
        onState={setState}
        empty={<Empty title={t("finance.no_refunds")}>{t("finance.no_refunds_text")}</Empty>}
      />
    </Frame>
  );
}
