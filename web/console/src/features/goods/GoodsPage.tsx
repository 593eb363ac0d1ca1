import { PlusOutlined, UploadOutlined } from "@ant-design/icons";
import { $api, keyset } from "@huoshui/api";
import {
  type Column,
  Count,
  DataTable,
  Empty,
  type Filter,
  formatMoney,
  None,
  Page,
  Percent,
  RowDrawer,
  Status,
  useConfirmDanger,
  useReader,
  When,
} from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { App, Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useUrlState } from "../../shell/url";
import { FileModal } from "../../trading/FileModal";
import { csvOf, saveText } from "../../trading/files";
import { Picture } from "../../trading/Picture";
import { Categories } from "./Categories";
import { Stock } from "./Stock";
import { type Imported, kinds, type Row, roles, statuses, tones } from "./words";

/** Everything the store sells: on which shelf, at what price and margin, how many are left, how many were sold. */
export default function GoodsPage() {
  const { t } = useTranslation();
  const { language } = useReader();
  const { message } = App.useApp();
  const can = useCan();
  const ask = useConfirmDanger();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [state, setState] = useUrlState({
    q: "",
    category: "",
    status: "",
    role: "",
    kind: "",
    low: "",
    sort: "",
    open: "",
  });
  const [chosen, setChosen] = useState<string[]>([]);
  const [importing, setImporting] = useState(false);
  const [shelving, setShelving] = useState(false);
  const query = {
    q: state.q || undefined,
    category: state.category || undefined,
    status: (state.status || undefined) as "on" | undefined,
    role: (state.role || undefined) as "profit" | undefined,
    kind: (state.kind || undefined) as "physical" | undefined,
    low: state.low === "true" || undefined,
  };
  const sort = ({ "-sold": "sold", price: "price", "-price": "-price" } as const)[state.sort as "-sold"];
  const list = $api.useInfiniteQuery(
    "get",
    "/api/v1/goods",
    { params: { query: { ...query, sort, limit: 50 } } },
    keyset,
  );
  const rules = $api.useQuery("get", "/api/v1/store/rules", {}, { enabled: can("sales.read"), staleTime: 60_000 });
  const categories = $api.useQuery("get", "/api/v1/goods/categories", {}, { staleTime: 60_000 });
  const turn = $api.useMutation("post", "/api/v1/goods/status");
  const low = rules.data?.low_stock ?? 10;
  const byID = new Map((categories.data?.items ?? []).map((c) => [c.id, c]));
  const pathOf = (id: string) => {
    const c = byID.get(id);
    const above = c?.parent ? byID.get(c.parent) : undefined;
    return c ? [above?.name, c.name].filter(Boolean).join(" / ") : "";
  };
  const again = () => client.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).startsWith("/api/v1/goods") });
  const filters: Filter[] = [
    {
      key: "category",
      label: t("goods.category"),
      kind: "choice",
      options: (categories.data?.items ?? []).map((c) => ({ value: c.id, label: pathOf(c.id) })),
    },
    {
      key: "status",
      label: t("goods.status"),
      kind: "choice",
      options: statuses.map((v) => ({ value: v, label: t(`goods.statuses.${v}`) })),
    },
    {
      key: "role",
      label: t("goods.role"),
      kind: "choice",
      options: roles.map((v) => ({ value: v, label: t(`goods.roles.${v}`) })),
    },
    {
      key: "kind",
      label: t("goods.kind"),
      kind: "choice",
      options: kinds.map((v) => ({ value: v, label: t(`goods.kinds.${v}`) })),
    },
    { key: "low", label: t("goods.low"), kind: "flag" },
  ];
  const columns: Column<Row>[] = [
    {
      key: "title",
      title: t("goods.name"),
      width: 280,
      render: (g) => (
        <span className="hs-trade-goods">
          <Picture id={g.pictures[0]} size={28} />
          <span>{g.title}</span>
        </span>
      ),
      value: (g) => g.title,
    },
    {
      key: "status",
      title: t("goods.status"),
      width: 90,
      render: (g) => <Status tone={tones[g.status] ?? "calm"}>{t(`goods.statuses.${g.status}`)}</Status>,
      value: (g) => t(`goods.statuses.${g.status}`),
    },
    {
      key: "category",
      title: t("goods.category"),
      width: 130,
      render: (g) => pathOf(g.category) || <None />,
      value: (g) => pathOf(g.category),
    },
    {
      key: "role",
      title: t("goods.role"),
      width: 80,
      render: (g) => (g.role ? t(`goods.roles.${g.role}`) : <None />),
      value: (g) => g.role,
    },
    {
      key: "kind",
      title: t("goods.kind"),
      width: 90,
      hidden: true,
      render: (g) => t(`goods.kinds.${g.kind}`),
      value: (g) => g.kind,
    },
    {
      key: "price",
      title: t("goods.price"),
      align: "right",
      width: 150,
      sort: true,
      render: (g) => (
        <span className="hs-num">
          {formatMoney(g.low_fen, language)}
          {g.high_fen > g.low_fen ? ` – ${formatMoney(g.high_fen, language)}` : ""}
        </span>
      ),
      value: (g) => g.low_fen / 100,
    },
    {
      key: "margin",
      title: t("goods.margin"),
      definition: t("goods.margin_why"),
      align: "right",
      width: 90,
      render: (g) => (g.margin === -1 ? <None /> : <Percent share={g.margin} column />),
      value: (g) => (g.margin === -1 ? null : g.margin),
    },
    {
      key: "free",
      title: t("goods.free"),
      definition: t("goods.free_why"),
      align: "right",
      width: 110,
      render: (g) =>
        g.least <= low && g.status === "on" ? (
          <Status tone="attention" why={t("goods.low_sku", { sku: g.least_sku, n: g.least })}>
            <Count n={g.free} />
          </Status>
        ) : (
          <Count n={g.free} />
        ),
      value: (g) => g.free,
    },
    {
      key: "sold",
      title: t("goods.sold"),
      definition: t("goods.sold_why"),
      align: "right",
      width: 100,
      sort: true,
      render: (g) => <Count n={g.sold} />,
      value: (g) => g.sold,
    },
    {
      key: "changed",
      title: t("goods.changed"),
      width: 120,
      render: (g) => <When at={g.changed_at} ago />,
      value: (g) => g.changed_at,
    },
  ];
  const set = (status: "on" | "off") =>
    ask({
      title: t(`goods.turn_${status}_ask`, { n: chosen.length }),
      consequence: t(`goods.turn_${status}_text`),
      action: t(`goods.turn_${status}`),
      red: false,
      run: async () => {
        const done = await turn.mutateAsync({ body: { ids: chosen, status } });
        await again();
        setChosen(done.refused.map((r) => r.id));
        if (done.refused.length > 0) {
          message.warning(t("goods.turned_some", { n: done.changed, bad: done.refused.length }));
        } else {
          message.success(t("goods.turned", { n: done.changed }));
        }
      },
    });
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined) {
      params.set(key, String(value));
    }
  }
  const make = can("goods.write") ? (
    <Link to={"/goods/new" as never}>
      <Button type="primary" icon={<PlusOutlined />}>
        {t("goods.new")}
      </Button>
    </Link>
  ) : null;
  const open = list.data?.pages.flatMap((p) => p.items).find((g) => g.id === state.open);
  return (
    <Page
      title={t("goods.title")}
      lead={t("goods.lead")}
      actions={
        can("goods.write") ? (
          <>
            <Button onClick={() => setShelving(true)}>{t("goods.categories")}</Button>
            <Button icon={<UploadOutlined />} onClick={() => setImporting(true)}>
              {t("goods.import")}
            </Button>
            {make}
          </>
        ) : null
      }
    >
      <DataTable
        id="goods"
        query={list}
        columns={columns}
        rowKey={(g) => g.id}
        state={state}
        onState={setState}
        search={t("goods.search")}
        filters={filters}
        exportURL={`/api/v1/goods/export?${params}`}
        selection={can("goods.write") ? { keys: chosen, onChange: setChosen } : undefined}
        toolbar={
          chosen.length > 0 ? (
            <>
              <span className="hs-secondary">{t("goods.chosen", { n: chosen.length })}</span>
              <Button size="small" onClick={() => set("on")}>
                {t("goods.turn_on")}
              </Button>
              <Button size="small" onClick={() => set("off")}>
                {t("goods.turn_off")}
              </Button>
            </>
          ) : null
        }
        onOpen={(g) => setState({ open: g.id }, { push: true })}
        openKey={state.open}
        empty={
          <Empty title={t("goods.empty")} action={make}>
            {t("goods.empty_text")}
          </Empty>
        }
      />
      <RowDrawer
        open={state.open !== ""}
        width={720}
        title={open?.title ?? t("goods.one")}
        subtitle={t("goods.stock")}
        onClose={() => setState({ open: "" })}
        onOpenPage={() => void navigate({ to: `/goods/${state.open}` as never })}
      >
        {state.open ? <Stock id={state.open} /> : null}
      </RowDrawer>
      {shelving ? <Categories onClose={() => setShelving(false)} /> : null}
      <FileModal<Imported>
        open={importing}
        title={t("goods.import")}
        url="/api/v1/goods/import"
        hint={
          <>
            {t("goods.import_hint")} <a href="/api/v1/goods/export">{t("goods.import_sample")}</a>
          </>
        }
        drop={t("goods.import_drop")}
        onClose={() => setImporting(false)}
        onDone={() => void again()}
        result={(r) => <Took of={r} />}
      />
    </Page>
  );
}

function Took(props: { of: Imported }) {
  const { t } = useTranslation();
  const r = props.of;
  const why = (code: string, reason: string) =>
    t(`problem.${code.replaceAll(".", "/")}`, { defaultValue: reason, skipInterpolation: true });
  return (
    <div className="hs-trade-stack">
      <b>{t("goods.imported", { made: r.made, revised: r.revised, counted: r.counted, bad: r.rejected.length })}</b>
      {r.rejected.length > 0 ? (
        <>
          <table className="hs-trade-table">
            <thead>
              <tr>
                <th>{t("goods.line")}</th>
                <th>{t("goods.column")}</th>
                <th>{t("goods.reason")}</th>
              </tr>
            </thead>
            <tbody>
              {r.rejected.slice(0, 8).map((x) => (
                <tr key={x.line}>
                  <td>{x.line}</td>
                  <td>{x.column || <None />}</td>
                  <td>{why(x.code, x.reason)}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <Button
            onClick={() =>
              saveText(
                "rejected.csv",
                csvOf([
                  [...r.header, t("goods.line"), t("goods.column"), t("goods.reason")],
                  ...r.rejected.map((x) => [
                    ...r.header.map((_, i) => x.cells[i] ?? ""),
                    String(x.line),
                    x.column,
                    why(x.code, x.reason),
                  ]),
                ]),
              )
            }
          >
            {t("goods.rejected_file")}
          </Button>
        </>
      ) : null}
    </div>
  );
}
