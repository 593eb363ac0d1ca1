import { $api, keyset, type Schema } from "@huoshui/api";
import {
  type Column,
  Count,
  DataTable,
  Empty,
  Loaded,
  Money,
  None,
  Page,
  Panel,
  RowDrawer,
  Status,
  useConfirmDanger,
  When,
} from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { App, Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useUrlState } from "../../shell/url";
import { before } from "./Frame";
import "./finance.css";

type Row = Schema<"ReconcileSummary">;
type Difference = Schema<"ReconcileDifference">;

/** Reconciled days; one opens into its bill, payments and books, and every difference with what to do. */
export default function ReconcilePage() {
  const { t } = useTranslation();
  const can = useCan();
  const client = useQueryClient();
  const { message } = App.useApp();
  const [state, setState] = useUrlState({ day: "" });
  const [chosen, setChosen] = useState("");
  const first = $api.useQuery("get", "/api/v1/finance");
  const list = $api.useInfiniteQuery(
    "get",
    "/api/v1/finance/reconciliations",
    { params: { query: { limit: 50 } } },
    keyset,
  );
  const run = $api.useMutation("post", "/api/v1/finance/reconciliations/{day}", {
    onSuccess: async (report) => {
      message.success(t("finance.reconcile.run_done", { day: report.day, n: report.differences.length }));
      setState({ day: report.day });
      await client.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).startsWith("/api/v1/finance") });
    },
  });
  const yesterday = before(first.data?.today ?? "");
  const day = chosen || yesterday;
  const columns: Column<Row>[] = [
    { key: "day", title: t("finance.reconcile.day"), render: (r) => r.day, value: (r) => r.day, width: 120 },
    {
      key: "lines",
      title: t("finance.reconcile.lines"),
      render: (r) => <Count n={r.bill_lines} />,
      value: (r) => r.bill_lines,
      align: "right",
      width: 90,
    },
    {
      key: "paid",
      title: t("finance.reconcile.paid"),
      render: (r) => <Money fen={r.bill_paid_fen} />,
      value: (r) => r.bill_paid_fen / 100,
      align: "right",
      width: 140,
    },
    {
      key: "refund",
      title: t("finance.reconcile.given_back"),
      render: (r) => <Money fen={r.bill_refund_fen} />,
      value: (r) => r.bill_refund_fen / 100,
      align: "right",
      width: 140,
    },
    {
      key: "fee",
      title: t("finance.reconcile.fee"),
      render: (r) => <Money fen={r.bill_fee_fen} />,
      value: (r) => r.bill_fee_fen / 100,
      align: "right",
      width: 110,
    },
    {
      key: "open",
      title: t("finance.reconcile.differences"),
      render: (r) =>
        r.all_differences === 0 ? (
          <Status tone="good">{t("finance.reconcile.fine")}</Status>
        ) : r.open_differences > 0 ? (
          <Status tone="attention">
            {t("finance.reconcile.open")} {r.open_differences}
          </Status>
        ) : (
          <Status tone="calm">{r.all_differences}</Status>
        ),
      value: (r) => r.open_differences,
      width: 120,
    },
    {
      key: "ran_at",
      title: t("finance.reconcile.ran_at"),
      render: (r) => <When at={r.ran_at} style="second" />,
      value: (r) => r.ran_at,
      width: 180,
    },
  ];
  return (
    <Page
      title={t("finance.reconcile.title")}
      lead={t("finance.reconcile.lead")}
      actions={
        can("finance.write") ? (
          <div className="hs-finance-bar">
            <Input
              type="date"
              aria-label={t("finance.reconcile.day")}
              value={day}
              max={yesterday}
              onChange={(e) => setChosen(e.target.value)}
            />
            <Button
              type="primary"
              disabled={!day}
              loading={run.isPending}
              onClick={() => run.mutate({ params: { path: { day } } })}
            >
              {t("finance.reconcile.run")}
            </Button>
          </div>
        ) : undefined
      }
    >
      <DataTable
        id="reconciliations"
        query={list}
        columns={columns}
        rowKey={(r) => r.day}
        state={state}
        onState={setState}
        onOpen={(r) => setState({ day: r.day })}
        openKey={state.day}
        empty={<Empty title={t("finance.reconcile.empty")}>{t("finance.reconcile.empty_text")}</Empty>}
      />
      <RowDrawer
        open={state.day !== ""}
        title={`${t("finance.reconcile.title")} ${state.day}`}
        onClose={() => setState({ day: "" })}
        width={960}
      >
        {state.day ? <Report day={state.day} /> : null}
      </RowDrawer>
    </Page>
  );
}

function Report(props: { day: string }) {
  const { t } = useTranslation();
  const can = useCan();
  const query = $api.useQuery("get", "/api/v1/finance/reconciliations/{day}", {
    params: { path: { day: props.day } },
  });
  return (
    <Loaded query={query}>
      {(r) => (
        <div className="hs-finance">
          <Panel>
            <table className="hs-finance-table">
              <thead>
                <tr>
                  <th />
                  <th className="hs-right">{t("finance.reconcile.lines")}</th>
                  <th className="hs-right">{t("finance.reconcile.paid")}</th>
                  <th className="hs-right">{t("finance.reconcile.given_back")}</th>
                </tr>
              </thead>
              <tbody>
                <tr>
                  <td>{t("finance.reconcile.bill")}</td>
                  <td className="hs-right">{r.bill_lines}</td>
                  <td className="hs-right">
                    <Money fen={r.bill_paid_fen} />
                  </td>
                  <td className="hs-right">
                    <Money fen={r.bill_refund_fen} />
                  </td>
                </tr>
                <tr>
                  <td>{t("finance.reconcile.ours")}</td>
                  <td className="hs-right">{r.our_lines}</td>
                  <td className="hs-right">
                    <Money fen={r.our_paid_fen} />
                  </td>
                  <td className="hs-right">
                    <Money fen={r.our_refund_fen} />
                  </td>
                </tr>
                <tr>
                  <td>{t("finance.reconcile.books")}</td>
                  <td className="hs-right">
                    <None />
                  </td>
                  <td className="hs-right">
                    <Money fen={r.book_in_fen} />
                  </td>
                  <td className="hs-right">
                    <Money fen={r.book_out_fen} />
                  </td>
                </tr>
              </tbody>
            </table>
          </Panel>
          {r.differences.length === 0 ? (
            <Empty small title={t("finance.reconcile.nothing")}>
              {t("finance.reconcile.nothing_text")}
            </Empty>
          ) : (
            <div className="hs-finance-scroll">
              <table className="hs-finance-table">
                <thead>
                  <tr>
                    <th>{t("finance.reconcile.cause")}</th>
                    <th>{t("finance.reconcile.what")}</th>
                    <th className="hs-right">{t("finance.reconcile.bill")}</th>
                    <th className="hs-right">{t("finance.reconcile.ours")}</th>
                    <th className="hs-right">{t("finance.reconcile.books")}</th>
                    <th>{t("finance.reconcile.do")}</th>
                  </tr>
                </thead>
                <tbody>
                  {r.differences.map((d) => (
                    <tr key={d.id}>
                      <td>{t(`finance.reconcile.causes.${d.cause}`)}</td>
                      <td>
                        <code>{d.refund_number || d.number}</code>
                      </td>
                      <td className="hs-right">{d.bill_fen ? <Money fen={d.bill_fen} /> : <None />}</td>
                      <td className="hs-right">{d.our_fen ? <Money fen={d.our_fen} /> : <None />}</td>
                      <td className="hs-right">{d.book_fen ? <Money fen={d.book_fen} /> : <None />}</td>
                      <td>{can("finance.write") ? <Deal difference={d} /> : null}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </div>
      )}
    </Loaded>
  );
}

/** What can be done about a difference. */
function Deal(props: { difference: Difference }) {
  const { t } = useTranslation();
  const ask = useConfirmDanger();
  const client = useQueryClient();
  const { message } = App.useApp();
  const { difference: d } = props;
  const settle = $api.useMutation("post", "/api/v1/finance/differences/{id}", {
    meta: { quiet: true },
    onSuccess: async () => {
      message.success(t("finance.reconcile.done"));
      await client.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).startsWith("/api/v1/finance") });
    },
  });
  if (d.state === "settled") {
    return (
      <Status tone="calm" why={d.note}>
        {t("finance.reconcile.settled")}
      </Status>
    );
  }
  if (d.action === "none") {
    return <None />;
  }
  const path = { params: { path: { id: d.id } } };
  const withNote = (action: "claim" | "settle") => {
    let note = "";
    ask({
      title: t("finance.reconcile.settle_title"),
      consequence: (
        <Input
          aria-label={t("finance.reconcile.settle_note")}
          placeholder={t("finance.reconcile.settle_note")}
          maxLength={500}
          onChange={(e) => {
            note = e.target.value;
          }}
        />
      ),
      action: t(`finance.reconcile.${action}`),
      red: false,
      run: () => settle.mutateAsync({ ...path, body: { action, note } }),
    });
  };
  return (
    <div className="hs-finance-bar">
      {d.action === "ask" ? (
        <Button
          size="small"
          loading={settle.isPending}
          onClick={() => settle.mutate({ ...path, body: { action: "ask" } })}
        >
          {t("finance.reconcile.ask")}
        </Button>
      ) : null}
      {d.action === "claim" ? (
        <Button size="small" onClick={() => withNote("claim")}>
          {t("finance.reconcile.claim")}
        </Button>
      ) : null}
      <Button size="small" onClick={() => withNote("settle")}>
        {t("finance.reconcile.settle")}
      </Button>
    </div>
  );
}
