import { DeleteOutlined } from "@ant-design/icons";
import { $api, type Schema } from "@huoshui/api";
import {
  Empty,
  ErrorNote,
  formatMoney,
  LayerTag,
  Loading,
  layerCodes,
  Money,
  Page,
  Panel,
  useReader,
} from "@huoshui/ui";
import { keepPreviousData } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button, Checkbox, DatePicker, Input, Segmented, Select } from "antd";
import dayjs from "dayjs";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSettled } from "../../shell/find";
import { useCan } from "../../shell/session";
import { Field, OneDivision, Whole, Yuan } from "./fields";
import { couponWhy, instantOf, priceWhy, wallOf } from "./words";
import "./promo.css";

type Try = Schema<"TryIn">;
type Tried = Schema<"CheckoutPreview">;
type Chosen = { sku: string; name: string; fen: number; quantity: number };

/** Tries a cart: goods, who buys, and what it comes to by the offers as they are, line by line. */
export default function TryPage() {
  const { t } = useTranslation();
  const can = useCan();
  const { zone } = useReader();
  const [lines, setLines] = useState<Chosen[]>([]);
  const [whose, setWhose] = useState<"customer" | "layer">("layer");
  const [who, setWho] = useState<Try>({ lines: [] });
  const set = (patch: Partial<Try>) => setWho({ ...who, ...patch });
  const body: Try = {
    lines: lines.map(({ sku, quantity }) => ({ sku, quantity })),
    region: who.region,
    at: who.at,
    ...(whose === "customer"
      ? { customer: who.customer, best: who.best, points: who.points, balance_fen: who.balance_fen }
      : { layer: who.layer, level: who.level }),
  };
  const settled = useSettled(JSON.stringify(body), 250);
  const ready = lines.length > 0 && (whose === "layer" || !!who.customer);
  const tried = $api.useQuery(
    "post",
    "/api/v1/promotions/try",
    { body: JSON.parse(settled) as Try },
    {
      enabled: ready && (JSON.parse(settled) as Try).lines.length > 0,
      retry: false,
      placeholderData: keepPreviousData,
    },
  );
  return (
    <Page
      title={t("promo.try.title")}
      lead={t("promo.try.lead")}
      crumbs={<Link to={"/promotions" as never}>{t("promo.offers.title")}</Link>}
      aside={
        <Panel title={t("promo.try.comes_to")}>
          {!ready ? (
            <Empty small title={t("promo.try.nothing")} />
          ) : tried.error ? (
            <ErrorNote error={tried.error} small />
          ) : tried.data ? (
            <div aria-busy={tried.isFetching || undefined} aria-live="polite">
              <Sums of={tried.data} />
            </div>
          ) : (
            <Loading />
          )}
        </Panel>
      }
    >
      <Panel title={t("promo.try.goods")}>
        <Goods lines={lines} onChange={setLines} />
      </Panel>
      <Panel title={t("promo.try.who")}>
        <div className="promo-form">
          <Field label={t("promo.try.whose")}>
            <Segmented
              value={whose}
              onChange={setWhose}
              options={(["layer", "customer"] as const)
                .filter((v) => v === "layer" || can("customers.read"))
                .map((v) => ({ value: v, label: t(`promo.try.by.${v}`) }))}
            />
          </Field>
          {whose === "customer" ? (
            <>
              <Field label={t("promo.try.customer")}>
                <CustomerSelect value={who.customer} onChange={(customer) => set({ customer })} />
              </Field>
              <Field label={t("promo.try.use")} why={t("promo.try.use_why")}>
                <Checkbox checked={!!who.best} onChange={(e) => set({ best: e.target.checked })}>
                  {t("promo.try.best")}
                </Checkbox>
                <Whole
                  label={t("promo.try.points")}
                  n={who.points}
                  suffix={t("promo.try.points")}
                  empty="0"
                  onChange={(points) => set({ points })}
                />
                <Yuan
                  label={t("promo.try.balance")}
                  fen={who.balance_fen}
                  empty={t("promo.try.balance")}
                  onChange={(balance_fen) => set({ balance_fen })}
                />
              </Field>
            </>
          ) : (
            <>
              <Field label={t("promo.layers")}>
                <Select
                  aria-label={t("promo.layers")}
                  style={{ minWidth: 160 }}
                  value={who.layer ?? ""}
                  onChange={(layer) => set({ layer })}
                  options={[
                    { value: "" as const, label: t("promo.try.no_layer") },
                    ...layerCodes.map((l) => ({ value: l, label: <LayerTag layer={l} /> })),
                  ]}
                />
              </Field>
              <Field label={t("promo.levels")}>
                <Input
                  aria-label={t("promo.levels")}
                  style={{ width: 220 }}
                  maxLength={40}
                  placeholder={t("promo.try.no_level")}
                  value={who.level ?? ""}
                  onChange={(e) => set({ level: e.target.value.trim() || undefined })}
                />
              </Field>
            </>
          )}
          <Field label={t("promo.try.region")} why={t("promo.try.region_why")}>
            <OneDivision
              label={t("promo.try.region")}
              value={who.region}
              empty={t("promo.try.no_region")}
              onChange={(region) => set({ region })}
            />
          </Field>
          <Field label={t("promo.try.at")} why={t("promo.try.at_why")}>
            <DatePicker
              aria-label={t("promo.try.at")}
              showTime={{ format: "HH:mm" }}
              placeholder={t("promo.try.now")}
              value={who.at ? dayjs(wallOf(who.at, zone)) : null}
              onChange={(d) => set({ at: d ? instantOf(d.format("YYYY-MM-DDTHH:mm:ss"), zone) : undefined })}
            />
          </Field>
        </div>
      </Panel>
      {ready && tried.data && !tried.error ? <Explained of={tried.data} /> : null}
    </Page>
  );
}

function Goods(props: { lines: Chosen[]; onChange: (lines: Chosen[]) => void }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const [typed, setTyped] = useState("");
  const q = useSettled(typed.trim(), 200);
  const found = $api.useQuery(
    "get",
    "/api/v1/goods",
    { params: { query: { q: q || undefined, status: "on", limit: 20 } } },
    { placeholderData: keepPreviousData },
  );
  const all = (found.data?.items ?? []).flatMap((g) =>
    (g.skus ?? []).map((k) => ({
      sku: k.code,
      name: [g.title, ...k.choice].join(" "),
      fen: k.price_fen,
      quantity: 1,
    })),
  );
  return (
    <div className="promo-form">
      {props.lines.map((l, i) => (
        <div key={l.sku} className="promo-try-line">
          <span>
            {l.name} <span className="hs-secondary">{formatMoney(l.fen, language)}</span>
          </span>
          <Whole
            label={t("promo.try.quantity_of", { name: l.name })}
            n={l.quantity}
            max={999}
            onChange={(n) =>
              props.onChange(props.lines.map((o, at) => (at === i ? { ...o, quantity: Math.max(1, n) } : o)))
            }
          />
          <Button
            type="text"
            icon={<DeleteOutlined />}
            aria-label={t("promo.try.remove", { name: l.name })}
            onClick={() => props.onChange(props.lines.filter((_, at) => at !== i))}
          />
        </div>
      ))}
      <Select
        aria-label={t("promo.try.add")}
        placeholder={t("promo.try.add")}
        style={{ maxWidth: 480 }}
        disabled={props.lines.length >= 100}
        showSearch={{ filterOption: false, onSearch: setTyped }}
        value={null}
        onChange={(sku: string) => {
          const one = all.find((o) => o.sku === sku);
          if (one) {
            props.onChange([...props.lines, one]);
          }
        }}
        options={all
          .filter((o) => !props.lines.some((l) => l.sku === o.sku))
          .map((o) => ({ value: o.sku, label: `${o.name} ${formatMoney(o.fen, language)}` }))}
      />
    </div>
  );
}

function CustomerSelect(props: { value: string | undefined; onChange: (id: string | undefined) => void }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const q = useSettled(typed.trim(), 200);
  const people = $api.useQuery(
    "get",
    "/api/v1/customers",
    { params: { query: { q: q || undefined, limit: 20 } } },
    { placeholderData: keepPreviousData, meta: { quiet: true } },
  );
  return (
    <Select
      aria-label={t("promo.try.customer")}
      placeholder={t("promo.try.find")}
      style={{ width: 320 }}
      allowClear
      showSearch={{ filterOption: false, onSearch: setTyped }}
      value={props.value}
      onChange={props.onChange}
      options={(people.data?.items ?? []).map((p) => ({ value: p.id, label: p.name || p.code || String(p.number) }))}
    />
  );
}

/** What the cart comes to, step by step. */
function Sums({ of }: { of: Tried }) {
  const { t } = useTranslation();
  const q = of.quote;
  const row = (label: string, fen: number, total = false) => (
    <>
      <dt className={total ? "promo-total" : undefined}>{label}</dt>
      <dd className={total ? "promo-total" : undefined}>
        <Money fen={fen} />
      </dd>
    </>
  );
  return (
    <dl className="promo-sums">
      {row(t("promo.try.list"), q.list_fen)}
      {q.list_fen > q.goods_fen ? row(t("promo.try.off"), q.goods_fen - q.list_fen) : null}
      {q.freight.known ? (
        row(t("promo.freight"), q.freight.pay_fen)
      ) : (
        <>
          <dt>{t("promo.freight")}</dt>
          <dd className="hs-secondary">{t("promo.try.no_region")}</dd>
        </>
      )}
      {row(t("promo.try.total"), q.total_fen, true)}
      {q.principal_fen + q.gift_fen > 0 ? row(t("promo.try.by_balance"), q.principal_fen + q.gift_fen) : null}
      {q.principal_fen + q.gift_fen > 0 ? row(t("promo.try.by_cash"), q.cash_fen) : null}
    </dl>
  );
}

/** Why each line costs what it costs, and what each coupon would do. */
function Explained({ of }: { of: Tried }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const q = of.quote;
  const why = (all: readonly { applied: number; fen: number }[]) =>
    all.map((a) => {
      const rule = q.applied[a.applied];
      return rule ? (
        <div key={a.applied} className="promo-why">
          <span>
            {rule.kind === "reduction" || rule.kind === "bundle" || rule.kind === "member" ? (
              <Link to={`/promotions/${rule.rule}` as never}>{priceWhy(rule, t, language)}</Link>
            ) : (
              priceWhy(rule, t, language)
            )}
          </span>
          <Money fen={-a.fen} />
        </div>
      ) : null;
    });
  return (
    <>
      <Panel title={t("promo.try.lines")} definition={t("promo.try.lines_why")}>
        <div className="promo-matrix-box">
          <table className="promo-lines">
            <thead>
              <tr>
                <th>{t("promo.try.line")}</th>
                <th className="hs-right">{t("promo.try.list")}</th>
                <th>{t("promo.try.why")}</th>
                <th className="hs-right">{t("promo.try.pay")}</th>
              </tr>
            </thead>
            <tbody>
              {q.lines.map((l, i) => (
                <tr key={l.key}>
                  <td>
                    {of.lines[i]?.name} × {l.quantity}
                    <div className="hs-secondary">{l.sku}</div>
                  </td>
                  <td className="hs-right">
                    <Money fen={l.list_fen} />
                  </td>
                  <td>{l.adjustments.length > 0 ? why(l.adjustments) : t("promo.try.as_listed")}</td>
                  <td className="hs-right">
                    <Money fen={l.pay_fen} />
                  </td>
                </tr>
              ))}
              {q.freight.known ? (
                <tr>
                  <td>{t("promo.freight")}</td>
                  <td className="hs-right">
                    <Money fen={q.freight.list_fen} />
                  </td>
                  <td>{why(q.freight.adjustments)}</td>
                  <td className="hs-right">
                    <Money fen={q.freight.pay_fen} />
                  </td>
                </tr>
              ) : null}
            </tbody>
          </table>
        </div>
      </Panel>
      {of.offers.length > 0 ? (
        <Panel title={t("promo.try.coupons")} definition={t("promo.try.coupons_why")}>
          <table className="promo-lines">
            <tbody>
              {of.offers.map((o) => (
                <tr key={o.coupon}>
                  <td>
                    <code>{o.coupon}</code>
                  </td>
                  <td>{o.code ? couponWhy(o.code, o.values, t, language) : o.best ? t("promo.try.is_best") : ""}</td>
                  <td className="hs-right">{o.code ? null : <Money fen={-o.fen} />}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Panel>
      ) : null}
    </>
  );
}
