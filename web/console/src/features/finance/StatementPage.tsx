import { $api, keyset, type Schema } from "@huoshui/api";
import { type Column, DataTable, Empty, type Filter, Money, None, Page, When } from "@huoshui/ui";
import { keepPreviousData } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useUrlState } from "../../shell/url";
import { useAccount, useReason } from "./Frame";
import "./finance.css";

type Row = Schema<"LedgerStatementLine">;

/** One account's statement, newest first, with the balance after each line. */
export default function StatementPage() {
  const { t } = useTranslation();
  const name = useAccount();
  const reason = useReason();
  const { account = "" } = useParams({ strict: false }) as { account?: string };
  const [state, setState] = useUrlState({ day_min: "", day_max: "" });
  const query = {
    limit: 50,
    from: state.day_min || undefined,
    to: state.day_max || undefined,
  };
  const lines = $api.useInfiniteQuery(
    "get",
    "/api/v1/finance/accounts/{account}",
    { params: { path: { account }, query } },
    { ...keyset, placeholderData: keepPreviousData },
  );
  const filters: Filter[] = [{ key: "day", label: t("finance.day"), kind: "date" }];
  const columns: Column<Row>[] = [
    { key: "day", title: t("finance.day"), render: (r) => r.day, value: (r) => r.day, width: 110 },
    {
      key: "reason",
      title: t("finance.reason"),
      render: (r) => reason(r.reason),
      value: (r) => reason(r.reason),
      width: 150,
    },
    {
      key: "counter",
      title: t("finance.counter"),
      render: (r) => <Link to={`/finance/accounts/${r.counter}` as never}>{name(r.counter)}</Link>,
      value: (r) => name(r.counter),
      width: 160,
    },
    {
      key: "amount_fen",
      title: t("finance.amount"),
      render: (r) => <Money fen={r.amount_fen} signed />,
      value: (r) => r.amount_fen / 100,
      align: "right",
      width: 130,
    },
    {
      key: "balance_fen",
      title: t("finance.balance"),
      render: (r) => <Money fen={r.balance_fen} />,
      value: (r) => r.balance_fen / 100,
      align: "right",
      width: 140,
    },
    {
      key: "order",
      title: t("finance.order"),
      render: (r) =>
        r.order ? (
          <Link to={"/finance/orders" as never} search={{ id: r.order } as never}>
            {r.order}
          </Link>
        ) : (
          <None />
        ),
      value: (r) => r.order,
      width: 280,
    },
    {
      key: "at",
      title: t("finance.at"),
      render: (r) => <When at={r.at} style="second" />,
      value: (r) => r.at,
      width: 170,
    },
    { key: "note", title: t("finance.note"), render: (r) => r.note || <None />, value: (r) => r.note, width: 200 },
    {
      key: "ref",
      title: t("finance.ref"),
      render: (r) => <code>{r.ref}</code>,
      value: (r) => r.ref,
      hidden: true,
      width: 280,
    },
    {
      key: "campaign",
      title: t("finance.campaign"),
      render: (r) => r.campaign || <None />,
      value: (r) => r.campaign,
      hidden: true,
      width: 140,
    },
    {
      key: "layer",
      title: t("finance.layer"),
      render: (r) => r.layer || <None />,
      value: (r) => r.layer,
      hidden: true,
      width: 120,
    },
  ];
  return (
    <Page title={name(account)} crumbs={<Link to={"/finance" as never}>{t("finance.title")}</Link>}>
      <DataTable
        id={`finance-${account}`}
        query={lines}
        columns={columns}
        rowKey={(r) => `${r.entry}/${r.n}`}
        filters={filters}
        state={state}
        onState={setState}
        empty={<Empty title={t("finance.empty")}>{t("finance.empty_text")}</Empty>}
      />
    </Page>
  );
}
