import { $api } from "@huoshui/api";
import { Empty, ErrorNote, formatMoney, Loaded, None, Page, Panel, present, Status, useReader } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { App, Button, Input, Segmented, Select, Tabs } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useUrlState } from "../../shell/url";
import { Field, Whole } from "../../trading/Field";
import { Picture } from "../../trading/Picture";
import { DetailBlocks, Pictures, Points } from "./Contents";
import { History } from "./History";
import { Pairs } from "./Pairs";
import { SKUTable, Specs } from "./SKUs";
import { Stock } from "./Stock";
import { type Detail, type Draft, draftOf, emptyDraft, kinds, roles, stemOf, tones } from "./words";
import "./goods.css";

/** Goods as a page: what they are, their stock, what is shown beside them, what they were. New ones begin as a draft. */
export default function EditorPage() {
  const { id } = useParams({ strict: false }) as { id?: string };
  const one = $api.useQuery(
    "get",
    "/api/v1/goods/{id}",
    { params: { path: { id: id ?? "" } } },
    { enabled: !!id, refetchOnWindowFocus: false },
  );
  if (!id) {
    return <New />;
  }
  return <Loaded query={one}>{(g) => <Editor key={g.version} of={g} initial={draftOf(g)} />}</Loaded>;
}

/** A new draft, whose SKU has a code nobody has. */
function New() {
  const [draft] = useState(() => emptyDraft(`${stemOf(present())}-1`));
  return <Editor initial={draft} />;
}

function Editor(props: { of?: Detail; initial: Draft }) {
  const g = props.of;
  const { t } = useTranslation();
  const { language } = useReader();
  const { message } = App.useApp();
  const can = useCan();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [state, setState] = useUrlState({ tab: "edit" });
  const [d, setDraft] = useState(props.initial);
  const set = (patch: Partial<Draft>) => setDraft((old) => ({ ...old, ...patch }));
  const create = $api.useMutation("post", "/api/v1/goods", { meta: { quiet: true } });
  const revise = $api.useMutation("put", "/api/v1/goods/{id}", { meta: { quiet: true } });
  const turn = $api.useMutation("put", "/api/v1/goods/{id}/status", { meta: { quiet: true } });
  const categories = $api.useQuery("get", "/api/v1/goods/categories");
  const freights = $api.useQuery(
    "get",
    "/api/v1/promotions",
    { params: { query: { kind: ["freight"], limit: 200 } } },
    { enabled: can("promo.read") },
  );
  const write = can("goods.write");
  const error = create.error ?? revise.error ?? turn.error;
  const dirty = JSON.stringify(d) !== JSON.stringify(props.initial);
  const again = () => client.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).startsWith("/api/v1/goods") });
  const save = async (status?: "on" | "off") => {
    create.reset();
    revise.reset();
    turn.reset();
    let kept = g;
    if (!g || dirty) {
      kept = g
        ? await revise.mutateAsync({ params: { path: { id: g.id } }, body: { seen: g.version, draft: d } })
        : await create.mutateAsync({ body: d });
    }
    if (status && kept) {
      await turn.mutateAsync({ params: { path: { id: kept.id } }, body: { status } });
    }
    await again();
    message.success(t(status ? `goods.turned_${status}` : "goods.saved"));
    if (!g && kept) {
      void navigate({ to: `/goods/${kept.id}` as never, replace: true });
    }
  };
  const run = (status?: "on" | "off") => void save(status).catch(() => undefined);
  const busy = create.isPending || revise.isPending || turn.isPending;
  const physical = d.kind === "physical" || d.kind === "consumable";
  const items = categories.data?.items ?? [];
  const pathOf = (c: (typeof items)[number]) =>
    c.parent ? `${items.find((p) => p.id === c.parent)?.name ?? ""} / ${c.name}` : c.name;
  const lowest = Math.min(...d.skus.map((k) => k.price_fen).filter((n) => n > 0));
  const form = (
    <fieldset disabled={!write} className="hs-trade-stack" style={{ border: 0, margin: 0, padding: 0, minWidth: 0 }}>
      {error ? <ErrorNote error={error} /> : null}
      <Panel title={t("goods.section.basic")}>
        <div className="hs-trade-form">
          <Field label={t("goods.name")}>
            <Input
              aria-label={t("goods.name")}
              value={d.title}
              maxLength={60}
              showCount
              onChange={(e) => set({ title: e.target.value })}
            />
          </Field>
          <Field label={t("goods.subtitle")}>
            <Input
              aria-label={t("goods.subtitle")}
              value={d.subtitle}
              maxLength={100}
              showCount
              onChange={(e) => set({ subtitle: e.target.value })}
            />
          </Field>
          <Field label={t("goods.category")}>
            <Select
              aria-label={t("goods.category")}
              style={{ minWidth: 280 }}
              allowClear
              value={d.category || undefined}
              placeholder={t("goods.no_category")}
              onChange={(category?: string) => set({ category: category ?? "" })}
              options={items.map((c) => ({ value: c.id, label: pathOf(c) }))}
            />
          </Field>
          <Field label={t("goods.kind")} why={t("goods.kind_why")}>
            <Segmented
              value={d.kind}
              onChange={(kind) => set({ kind })}
              options={kinds.map((v) => ({ value: v, label: t(`goods.kinds.${v}`) }))}
            />
          </Field>
          <Field label={t("goods.role")} why={t("goods.role_why")}>
            <Segmented
              value={d.role}
              onChange={(role) => set({ role })}
              options={[
                { value: "" as const, label: t("goods.no_role") },
                ...roles.map((v) => ({ value: v, label: t(`goods.roles.${v}`) })),
              ]}
            />
          </Field>
          <Field label={t("goods.rebuy")} why={t("goods.rebuy_why")}>
            <Whole
              label={t("goods.rebuy")}
              n={d.rebuy_days}
              max={3650}
              suffix={t("goods.days")}
              empty={t("goods.no_rebuy")}
              onChange={(rebuy_days) => set({ rebuy_days })}
            />
          </Field>
          {physical ? (
            <Field label={t("goods.freight")}>
              <Select
                aria-label={t("goods.freight")}
                style={{ minWidth: 280 }}
                value={d.freight}
                onChange={(freight) => set({ freight })}
                options={[
                  { value: "", label: t("goods.store_freight") },
                  ...(freights.data?.items ?? []).map((f) => ({ value: f.id, label: f.name })),
                ]}
              />
            </Field>
          ) : null}
        </div>
      </Panel>
      <Panel title={t("goods.section.specs")} definition={t("goods.specs_why")}>
        <div className="hs-trade-stack">
          <Specs of={d} onChange={set} />
          <SKUTable of={d} onChange={(skus) => set({ skus })} />
        </div>
      </Panel>
      <Panel title={t("goods.section.pictures")} definition={t("goods.pictures_why")}>
        <Pictures ids={d.pictures} onChange={(pictures) => set({ pictures })} />
      </Panel>
      <Panel title={t("goods.section.points")}>
        <Points all={d.points} onChange={(points) => set({ points })} />
      </Panel>
      <Panel title={t("goods.section.detail")} definition={t("goods.detail_why")}>
        <DetailBlocks all={d.detail} onChange={(detail) => set({ detail })} />
      </Panel>
    </fieldset>
  );
  return (
    <Page
      title={g ? g.title : t("goods.new")}
      titleExtra={g ? <Status tone={tones[g.status] ?? "calm"}>{t(`goods.statuses.${g.status}`)}</Status> : null}
      crumbs={<Link to={"/goods" as never}>{t("goods.title")}</Link>}
      actions={
        write ? (
          <>
            {g?.status === "on" ? (
              <Button loading={busy} onClick={() => run("off")}>
                {t("goods.turn_off")}
              </Button>
            ) : (
              <Button loading={busy} disabled={d.title.trim() === ""} onClick={() => run("on")}>
                {t(!g || dirty ? "goods.save_on" : "goods.turn_on")}
              </Button>
            )}
            <Button
              type="primary"
              loading={busy}
              disabled={d.title.trim() === "" || (!!g && !dirty)}
              onClick={() => run()}
            >
              {t("goods.save")}
            </Button>
          </>
        ) : null
      }
      aside={
        <Panel title={t("goods.preview")}>
          <div className="hs-goods-preview">
            <Picture id={d.pictures[0]} size={200} />
            <span className="hs-goods-price hs-num">
              {Number.isFinite(lowest) ? formatMoney(lowest, language) : <None />}
            </span>
            <h3>{d.title || t("goods.untitled")}</h3>
            {d.subtitle ? <span className="hs-secondary">{d.subtitle}</span> : null}
            {d.points.map((p) => (
              <span key={p} className="hs-trade-why">
                · {p}
              </span>
            ))}
          </div>
        </Panel>
      }
    >
      {g ? (
        <Tabs
          activeKey={state.tab}
          onChange={(tab) => setState({ tab })}
          items={[
            { key: "edit", label: t("goods.tab.edit"), children: form },
            { key: "stock", label: t("goods.tab.stock"), children: <Stock id={g.id} /> },
            { key: "pairs", label: t("goods.tab.pairs"), children: <Pairs of={g} /> },
            { key: "history", label: t("goods.tab.history"), children: <History id={g.id} /> },
          ]}
        />
      ) : (
        form
      )}
      {g && (g.skus ?? []).length === 0 ? <Empty small title={t("goods.no_skus")} /> : null}
    </Page>
  );
}
