import { $api, keyset, type Schema } from "@huoshui/api";
import { type Column, Count, DataTable, Empty, Money, None, useConfirmDanger, When } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { App, Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useUrlState } from "../../shell/url";
import { before, Frame } from "./Frame";

type Row = Schema<"LedgerClosed">;

/** Closed days, and the closing of the next. */
export default function ClosesPage() {
  const { t } = useTranslation();
  const can = useCan();
  const ask = useConfirmDanger();
  const client = useQueryClient();
  const { message } = App.useApp();
  const [state, setState] = useUrlState({});
  const [chosen, setChosen] = useState("");
  const first = $api.useQuery("get", "/api/v1/finance");
  const list = $api.useInfiniteQuery("get", "/api/v1/finance/closes", { params: { query: { limit: 50 } } }, keyset);
  const yesterday = before(first.data?.today ?? "");
  const day = chosen || yesterday;
  const close = $api.useMutation("post", "/api/v1/finance/closes", {
    meta: { quiet: true },
    onSuccess: async (_answer, { body }) => {
      message.success(t("finance.close_done", { day: body.day }));
      await client.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).startsWith("/api/v1/finance") });
    },
  });
  const columns: Column<Row>[] = [
    { key: "day", title: t("finance.day"), render: (r) => r.day, value: (r) => r.day, width: 120 },
    {
      key: "entries",
      title: t("finance.closed_entries"),
      render: (r) => <Count n={r.entries} />,
      value: (r) => r.entries,
      align: "right",
      width: 120,
    },
    {
      key: "total_fen",
      title: t("finance.closed_total"),
      render: (r) => <Money fen={r.total_fen} />,
      value: (r) => r.total_fen / 100,
      align: "right",
      width: 160,
    },
    {
      key: "closed_at",
      title: t("finance.closed_at"),
      render: (r) => <When at={r.closed_at} style="second" />,
      value: (r) => r.closed_at,
      width: 180,
    },
    { key: "note", title: t("finance.note"), render: (r) => r.note || <None />, value: (r) => r.note, width: 240 },
  ];
  return (
    <Frame tab="closes">
      {can("finance.close") && day ? (
        <div className="hs-finance-bar">
          <label htmlFor="finance-day">{t("finance.day")}</label>
          <Input id="finance-day" type="date" value={day} max={yesterday} onChange={(e) => setChosen(e.target.value)} />
          <Button
            type="primary"
            onClick={() =>
              ask({
                title: t("finance.close_title", { day }),
                consequence: t("finance.close_text"),
                action: t("finance.close_day"),
                final: true,
                run: () => close.mutateAsync({ body: { day } }),
              })
            }
          >
            {t("finance.close_day")}
          </Button>
        </div>
      ) : null}
      <DataTable
        id="closes"
        query={list}
        columns={columns}
        rowKey={(r) => r.day}
        state={state}
        onState={setState}
        empty={<Empty title={t("finance.never_closed")}>{t("finance.never_closed_text")}</Empty>}
      />
    </Frame>
  );
}
