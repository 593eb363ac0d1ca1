import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import type { Schema } from "@huoshui/api";
import { LayerTag, layerCodes, Panel, useReader } from "@huoshui/ui";
import { Button, DatePicker, Input, Radio, Segmented, Select, Switch } from "antd";
import dayjs from "dayjs";
import { useTranslation } from "react-i18next";
import { Codes, Divisions, divisionName, Field, Rate, useDivisions, Whole, Yuan } from "./fields";
import { instantOf, type Terms, wallOf } from "./words";

type CouponTerms = Schema<"PromoCouponTerms">;
type Reduction = Schema<"PricingReduction">;
type Bundle = Schema<"PricingBundle">;
type Member = Schema<"PricingMember">;
type Freights = Schema<"PricingFreights">;
type Region = Schema<"PricingRegion">;
type Scope = Schema<"PricingScope">;
type Audience = Schema<"PricingAudience">;

/** The terms of an offer, by its kind. */
export function TermsForm(props: { terms: Terms; onChange: (terms: Terms) => void }) {
  const { coupon, reduction, bundle, member, freight } = props.terms;
  if (coupon) {
    return <CouponForm terms={coupon} onChange={(c) => props.onChange({ coupon: c })} />;
  }
  if (reduction) {
    return <ReductionForm terms={reduction} onChange={(r) => props.onChange({ reduction: r })} />;
  }
  if (bundle) {
    return <BundleForm terms={bundle} onChange={(b) => props.onChange({ bundle: b })} />;
  }
  if (member) {
    return <MemberForm terms={member} onChange={(m) => props.onChange({ member: m })} />;
  }
  return freight ? <FreightForm terms={freight} onChange={(f) => props.onChange({ freight: f })} /> : null;
}

const couponKinds = ["coupon_full", "coupon_discount", "coupon_freight", "coupon_gift"] as const;

function CouponForm(props: { terms: CouponTerms; onChange: (terms: CouponTerms) => void }) {
  const { t } = useTranslation();
  const { zone } = useReader();
  const { gives: g, valid, limits, open } = props.terms;
  const set = (patch: Partial<CouponTerms>) => props.onChange({ ...props.terms, ...patch });
  const give = (patch: Partial<CouponTerms["gives"]>) => set({ gives: { ...g, ...patch } });
  const limit = (patch: Partial<NonNullable<CouponTerms["limits"]>>) => set({ limits: { ...limits, ...patch } });
  return (
    <>
      <Panel title={t("promo.section.gives")}>
        <div className="promo-form">
          <Field label={t("promo.coupon_kind")}>
            <Segmented
              value={g.kind}
              onChange={(kind) =>
                give({
                  kind,
                  off_fen: kind === "coupon_full" ? 1000 : 0,
                  rate: kind === "coupon_discount" ? 8800 : 0,
                  cap_fen: 0,
                  units: kind === "coupon_gift" ? 1 : 0,
                })
              }
              options={couponKinds.map((k) => ({ value: k, label: t(`promo.${k}`) }))}
            />
          </Field>
          <Field label={t("promo.threshold")} why={t("promo.threshold_why")}>
            <Yuan
              label={t("promo.threshold")}
              fen={g.threshold_fen}
              empty={t("promo.none")}
              onChange={(threshold_fen) => give({ threshold_fen })}
            />
          </Field>
          {g.kind === "coupon_full" || g.kind === "coupon_freight" ? (
            <Field label={t("promo.off")}>
              <Yuan
                label={t("promo.off")}
                fen={g.off_fen}
                empty={g.kind === "coupon_freight" ? t("promo.all_freight") : undefined}
                onChange={(off_fen) => give({ off_fen })}
              />
            </Field>
          ) : null}
          {g.kind === "coupon_discount" ? (
            <Field label={t("promo.rate")}>
              <Rate label={t("promo.rate")} rate={g.rate} onChange={(rate) => give({ rate })} />
            </Field>
          ) : null}
          {g.kind === "coupon_gift" ? (
            <Field label={t("promo.units")} why={t("promo.units_why")}>
              <Whole label={t("promo.units")} n={g.units} max={1000} onChange={(units) => give({ units })} />
            </Field>
          ) : null}
          {g.kind === "coupon_discount" || g.kind === "coupon_gift" ? (
            <Field label={t("promo.cap")}>
              <Yuan
                label={t("promo.cap")}
                fen={g.cap_fen}
                empty={t("promo.no_limit")}
                onChange={(cap_fen) => give({ cap_fen })}
              />
            </Field>
          ) : null}
          <Field label={t("promo.valid")}>
            <Radio.Group
              value={valid.days ? "days" : "until"}
              onChange={(e) =>
                set({
                  valid:
                    e.target.value === "days"
                      ? { days: 30 }
                      : { until: new Date(Date.now() + 30 * 86_400_000).toISOString() },
                })
              }
              options={[
                { value: "days", label: t("promo.valid_days") },
                { value: "until", label: t("promo.valid_until") },
              ]}
            />
            {valid.days ? (
              <Whole
                label={t("promo.days")}
                n={valid.days}
                max={3650}
                suffix={t("promo.days")}
                onChange={(days) => set({ valid: { days: days || 1 } })}
              />
            ) : (
              <DatePicker
                showTime={{ format: "HH:mm" }}
                format="YYYY-MM-DD HH:mm"
                allowClear={false}
                aria-label={t("promo.valid_until")}
                value={valid.until ? dayjs(wallOf(valid.until, zone)) : null}
                onChange={(v) =>
                  v && set({ valid: { ...valid, until: instantOf(v.format("YYYY-MM-DD HH:mm"), zone) } })
                }
              />
            )}
          </Field>
          <Field label={t("promo.open")} why={t("promo.open_why")}>
            <Switch aria-label={t("promo.open")} checked={open ?? false} onChange={(on) => set({ open: on })} />
          </Field>
        </div>
      </Panel>
      <Panel title={t("promo.section.limits")}>
        <div className="promo-form">
          <Field label={t("promo.per_person")}>
            <Whole
              label={t("promo.per_person")}
              n={limits?.per_person}
              max={1000}
              empty={t("promo.no_limit")}
              onChange={(per_person) => limit({ per_person })}
            />
          </Field>
          <Field label={t("promo.total")}>
            <Whole
              label={t("promo.total")}
              n={limits?.total}
              empty={t("promo.no_limit")}
              onChange={(total) => limit({ total })}
            />
          </Field>
          <Field label={t("promo.per_day")}>
            <Whole
              label={t("promo.per_day")}
              n={limits?.per_day}
              empty={t("promo.no_limit")}
              onChange={(per_day) => limit({ per_day })}
            />
          </Field>
          <Field label={t("promo.group")} why={t("promo.group_why")}>
            <Input
              aria-label={t("promo.group")}
              value={g.group ?? ""}
              maxLength={64}
              onChange={(e) => give({ group: e.target.value })}
            />
          </Field>
          <Field label={t("promo.alone")}>
            <Switch aria-label={t("promo.alone")} checked={g.alone ?? false} onChange={(alone) => give({ alone })} />
          </Field>
          <Field label={t("promo.returns")} why={t("promo.returns_why")}>
            <Switch
              aria-label={t("promo.returns")}
              checked={g.return !== "never"}
              onChange={(on) => give({ return: on ? "whole" : "never" })}
            />
          </Field>
        </div>
      </Panel>
      <ScopeForm
        scope={g.scope}
        audience={g.for}
        onScope={(scope) => give({ scope })}
        onAudience={(a) => give({ for: a })}
      />
    </>
  );
}

function ReductionForm(props: { terms: Reduction; onChange: (terms: Reduction) => void }) {
  const { t } = useTranslation();
  const r = props.terms;
  const set = (patch: Partial<Reduction>) => props.onChange({ ...r, ...patch });
  const units = r.steps.some((s) => s.from_units);
  const rated = r.steps.some((s) => s.rate);
  const mode = r.each ? "each" : units ? "units" : "fen";
  const step = (i: number, patch: Partial<Reduction["steps"][number]>) =>
    set({ steps: r.steps.map((s, at) => (at === i ? { ...s, ...patch } : s)) });
  return (
    <>
      <Panel title={t("promo.section.steps")}>
        <div className="promo-form">
          <Field label={t("promo.step_mode")}>
            <Segmented
              value={mode}
              onChange={(next) =>
                set(
                  next === "units"
                    ? { each: false, steps: [{ from_units: 2, rate: 8000 }] }
                    : { each: next === "each", steps: [{ from_fen: 20000, off_fen: 2000 }] },
                )
              }
              options={["fen", "each", "units"].map((m) => ({ value: m, label: t(`promo.step_modes.${m}`) }))}
            />
          </Field>
          {r.steps.map((s, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: steps have no name but their place
            <Field key={i} label={t("promo.step", { n: i + 1 })}>
              {units ? (
                <Whole
                  label={t("promo.from_units")}
                  n={s.from_units}
                  suffix={t("promo.pieces")}
                  onChange={(n) => step(i, { from_units: n })}
                />
              ) : (
                <Yuan label={t("promo.from_fen")} fen={s.from_fen} onChange={(n) => step(i, { from_fen: n })} />
              )}
              <span>{rated ? t("promo.pay") : t("promo.minus")}</span>
              {rated ? (
                <Rate label={t("promo.rate")} rate={s.rate} onChange={(rate) => step(i, { rate })} />
              ) : (
                <Yuan label={t("promo.off")} fen={s.off_fen} onChange={(n) => step(i, { off_fen: n })} />
              )}
              {r.steps.length > 1 ? (
                <Button
                  type="text"
                  icon={<DeleteOutlined />}
                  aria-label={t("promo.remove")}
                  onClick={() => set({ steps: r.steps.filter((_, at) => at !== i) })}
                />
              ) : null}
            </Field>
          ))}
          {r.each ? (
            <Field label={t("promo.max_times")}>
              <Whole
                label={t("promo.max_times")}
                n={r.max_times}
                empty={t("promo.no_limit")}
                onChange={(max_times) => set({ max_times })}
              />
            </Field>
          ) : (
            <Field label="">
              <Button
                icon={<PlusOutlined />}
                disabled={r.steps.length >= 20}
                onClick={() => {
                  const last = r.steps.at(-1);
                  set({
                    steps: [
                      ...r.steps,
                      units
                        ? { from_units: (last?.from_units ?? 0) + 1, rate: last?.rate }
                        : { from_fen: (last?.from_fen ?? 0) * 2, off_fen: (last?.off_fen ?? 0) * 2 },
                    ],
                  });
                }}
              >
                {t("promo.add_step")}
              </Button>
            </Field>
          )}
          <Field label={t("promo.group")} why={t("promo.reduction_group_why")}>
            <Input
              aria-label={t("promo.group")}
              value={r.group ?? ""}
              maxLength={64}
              onChange={(e) => set({ group: e.target.value })}
            />
          </Field>
          <Field label={t("promo.priority")} why={t("promo.priority_why")}>
            <Whole label={t("promo.priority")} n={r.priority} max={1000} onChange={(priority) => set({ priority })} />
          </Field>
        </div>
      </Panel>
      <ScopeForm
        scope={r.scope}
        audience={r.for}
        onScope={(scope) => set({ scope })}
        onAudience={(a) => set({ for: a })}
      />
    </>
  );
}

function BundleForm(props: { terms: Bundle; onChange: (terms: Bundle) => void }) {
  const { t } = useTranslation();
  const b = props.terms;
  const set = (patch: Partial<Bundle>) => props.onChange({ ...b, ...patch });
  const item = (i: number, patch: Partial<Bundle["items"][number]>) =>
    set({ items: b.items.map((one, at) => (at === i ? { ...one, ...patch } : one)) });
  return (
    <>
      <Panel title={t("promo.section.items")}>
        <div className="promo-form">
          {b.items.map((one, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a line has no name but its place
            <Field key={i} label={t("promo.item", { n: i + 1 })}>
              <Input
                aria-label="SKU"
                placeholder="SKU"
                value={one.sku}
                maxLength={64}
                onChange={(e) => item(i, { sku: e.target.value.trim() })}
                style={{ width: 220 }}
              />
              <span>×</span>
              <Whole
                label={t("promo.pieces")}
                n={one.quantity}
                max={1000}
                onChange={(quantity) => item(i, { quantity: quantity || 1 })}
              />
              {b.items.length > 1 ? (
                <Button
                  type="text"
                  icon={<DeleteOutlined />}
                  aria-label={t("promo.remove")}
                  onClick={() => set({ items: b.items.filter((_, at) => at !== i) })}
                />
              ) : null}
            </Field>
          ))}
          <Field label="">
            <Button
              icon={<PlusOutlined />}
              disabled={b.items.length >= 50}
              onClick={() => set({ items: [...b.items, { sku: "", quantity: 1 }] })}
            >
              {t("promo.add_item")}
            </Button>
          </Field>
          <Field label={t("promo.bundle_price")}>
            <Yuan label={t("promo.bundle_price")} fen={b.price_fen} onChange={(price_fen) => set({ price_fen })} />
          </Field>
          <Field label={t("promo.bundle_limit")}>
            <Whole
              label={t("promo.bundle_limit")}
              n={b.limit}
              empty={t("promo.no_limit")}
              onChange={(limit) => set({ limit })}
            />
          </Field>
        </div>
      </Panel>
      <AudienceForm audience={b.for} onAudience={(a) => set({ for: a })} />
    </>
  );
}

function MemberForm(props: { terms: Member; onChange: (terms: Member) => void }) {
  const { t } = useTranslation();
  const m = props.terms;
  const set = (patch: Partial<Member>) => props.onChange({ ...m, ...patch });
  const prices = Object.entries(m.prices_fen ?? {});
  const put = (next: [string, number][]) => set({ prices_fen: Object.fromEntries(next) });
  return (
    <>
      <Panel title={t("promo.section.member")}>
        <div className="promo-form">
          <Field label={t("promo.rate")} why={t("promo.member_rate_why")}>
            <Rate label={t("promo.rate")} rate={m.rate} onChange={(rate) => set({ rate })} />
          </Field>
          {prices.map(([sku, fen], i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the SKU is what is being typed
            <Field key={i} label={t("promo.fixed_price")}>
              <Input
                aria-label="SKU"
                placeholder="SKU"
                value={sku}
                maxLength={64}
                style={{ width: 220 }}
                onChange={(e) => put(prices.map((p, at) => (at === i ? [e.target.value.trim(), fen] : p)))}
              />
              <Yuan
                label={t("promo.fixed_price")}
                fen={fen}
                onChange={(n) => put(prices.map((p, at) => (at === i ? [sku, n] : p)))}
              />
              <Button
                type="text"
                icon={<DeleteOutlined />}
                aria-label={t("promo.remove")}
                onClick={() => put(prices.filter((_, at) => at !== i))}
              />
            </Field>
          ))}
          <Field label="">
            <Button
              icon={<PlusOutlined />}
              disabled={prices.some(([sku]) => sku === "")}
              onClick={() => put([...prices, ["", 0]])}
            >
              {t("promo.add_price")}
            </Button>
          </Field>
        </div>
      </Panel>
      <ScopeForm
        scope={m.scope}
        audience={m.for}
        onScope={(scope) => set({ scope })}
        onAudience={(a) => set({ for: a })}
      />
    </>
  );
}

function FreightForm(props: { terms: Freights; onChange: (terms: Freights) => void }) {
  const { t } = useTranslation();
  const f = props.terms;
  const all = useDivisions();
  const set = (patch: Partial<Freights>) => props.onChange({ ...f, ...patch });
  const region = (i: number, patch: Partial<Region>) =>
    set({ regions: f.regions.map((r, at) => (at === i ? { ...r, ...patch } : r)) });
  const unit = t(f.by === "weight" ? "promo.grams" : "promo.pieces");
  return (
    <>
      <Panel title={t("promo.section.freight")}>
        <div className="promo-form">
          <Field label={t("promo.freight_by")}>
            <Segmented
              value={f.by}
              onChange={(by) =>
                set({
                  by,
                  regions: f.regions.map(({ codes, no, free_over_fen }) => ({
                    codes,
                    no,
                    free_over_fen,
                    ...(by === "amount"
                      ? { steps: [{ from_fen: 0, fen: 800 }] }
                      : {
                          first: by === "weight" ? 1000 : 1,
                          first_fen: 800,
                          more: by === "weight" ? 1000 : 1,
                          more_fen: 200,
                        }),
                  })),
                })
              }
              options={(["piece", "weight", "amount"] as const).map((by) => ({
                value: by,
                label: t(`promo.by.${by}`),
              }))}
            />
          </Field>
          <Field label={t("promo.free_levels")}>
            <Codes
              label={t("promo.free_levels")}
              value={f.free_levels}
              hint={t("promo.levels_hint")}
              onChange={(free_levels) => set({ free_levels })}
            />
          </Field>
        </div>
      </Panel>
      {f.regions.map((r, i) => (
        <Panel
          // biome-ignore lint/suspicious/noArrayIndexKey: a region has no name but its place
          key={i}
          title={
            r.codes?.length
              ? t("promo.region", { codes: r.codes.map((code) => divisionName(all, code)).join(t("promo.region_and")) })
              : t("promo.region_else")
          }
          actions={
            f.regions.length > 1 ? (
              <Button
                size="small"
                icon={<DeleteOutlined />}
                onClick={() => set({ regions: f.regions.filter((_, at) => at !== i) })}
              >
                {t("promo.remove")}
              </Button>
            ) : null
          }
        >
          <div className="promo-form">
            <Field label={t("promo.region_codes")} why={t("promo.region_why")}>
              <Divisions
                label={t("promo.region_codes")}
                value={r.codes}
                hint={t("promo.region_hint")}
                onChange={(codes) => region(i, { codes })}
              />
            </Field>
            <Field label={t("promo.sent")}>
              <Switch aria-label={t("promo.sent")} checked={!r.no} onChange={(on) => region(i, { no: !on })} />
            </Field>
            {r.no ? null : f.by === "amount" ? (
              <Amounts region={r} onChange={(steps) => region(i, { steps })} />
            ) : (
              <>
                <Field label={t("promo.first")}>
                  <Whole
                    label={t("promo.first")}
                    n={r.first}
                    suffix={unit}
                    onChange={(first) => region(i, { first })}
                  />
                  <Yuan
                    label={t("promo.first_fen")}
                    fen={r.first_fen}
                    onChange={(first_fen) => region(i, { first_fen })}
                  />
                </Field>
                <Field label={t("promo.more")}>
                  <Whole label={t("promo.more")} n={r.more} suffix={unit} onChange={(more) => region(i, { more })} />
                  <Yuan label={t("promo.more_fen")} fen={r.more_fen} onChange={(more_fen) => region(i, { more_fen })} />
                </Field>
              </>
            )}
            {r.no ? null : (
              <Field label={t("promo.free_over")} why={t("promo.free_over_why")}>
                <Yuan
                  label={t("promo.free_over")}
                  fen={r.free_over_fen}
                  empty={t("promo.never")}
                  onChange={(free_over_fen) => region(i, { free_over_fen })}
                />
              </Field>
            )}
          </div>
        </Panel>
      ))}
      <div>
        <Button
          icon={<PlusOutlined />}
          onClick={() => set({ regions: [...f.regions, { ...f.regions[0], codes: ["65"], no: false }] })}
        >
          {t("promo.add_region")}
        </Button>
      </div>
    </>
  );
}

function Amounts(props: { region: Region; onChange: (steps: NonNullable<Region["steps"]>) => void }) {
  const { t } = useTranslation();
  const steps = props.region.steps ?? [];
  return (
    <>
      {steps.map((s, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: steps have no name but their place
        <Field key={i} label={t("promo.amount_step")}>
          <Yuan
            label={t("promo.from_fen")}
            fen={s.from_fen}
            onChange={(from_fen) => props.onChange(steps.map((o, at) => (at === i && i > 0 ? { ...o, from_fen } : o)))}
          />
          <Yuan
            label={t("promo.freight")}
            fen={s.fen}
            onChange={(fen) => props.onChange(steps.map((o, at) => (at === i ? { ...o, fen } : o)))}
          />
        </Field>
      ))}
      <Field label="">
        <Button
          icon={<PlusOutlined />}
          onClick={() => props.onChange([...steps, { from_fen: (steps.at(-1)?.from_fen ?? 0) + 5000, fen: 0 }])}
        >
          {t("promo.add_step")}
        </Button>
      </Field>
    </>
  );
}

function AudienceForm(props: { audience: Audience | undefined; onAudience: (a: Audience) => void }) {
  const { t } = useTranslation();
  return (
    <Panel title={t("promo.section.audience")} definition={t("promo.audience_why")}>
      <div className="promo-form">
        <Who audience={props.audience} onAudience={props.onAudience} />
      </div>
    </Panel>
  );
}

function Who(props: { audience: Audience | undefined; onAudience: (a: Audience) => void }) {
  const { t } = useTranslation();
  const a = props.audience ?? {};
  return (
    <>
      <Field label={t("promo.layers")}>
        <Select
          mode="multiple"
          aria-label={t("promo.layers")}
          className="promo-codes"
          placeholder={t("promo.everybody")}
          value={a.layers ?? []}
          onChange={(layers) => props.onAudience({ ...a, layers })}
          options={layerCodes.map((l) => ({ value: l, label: <LayerTag layer={l} /> }))}
        />
      </Field>
      <Field label={t("promo.levels")}>
        <Codes
          label={t("promo.levels")}
          value={a.levels}
          hint={t("promo.everybody")}
          onChange={(levels) => props.onAudience({ ...a, levels })}
        />
      </Field>
    </>
  );
}

const lists = ["categories", "products", "skus", "except_categories", "except_products", "except_skus"] as const;

function ScopeForm(props: {
  scope: Scope | undefined;
  audience: Audience | undefined;
  onScope: (s: Scope) => void;
  onAudience: (a: Audience) => void;
}) {
  const { t } = useTranslation();
  const s = props.scope ?? {};
  return (
    <>
      <Panel title={t("promo.section.scope")} definition={t("promo.scope_why")}>
        <div className="promo-form">
          {lists.map((list) => (
            <Field key={list} label={t(`promo.scope.${list}`)}>
              <Codes
                label={t(`promo.scope.${list}`)}
                value={s[list]}
                hint={t(list.startsWith("except") ? "promo.none" : "promo.all_goods")}
                onChange={(codes) => props.onScope({ ...s, [list]: codes })}
              />
            </Field>
          ))}
        </div>
      </Panel>
      <AudienceForm audience={props.audience} onAudience={props.onAudience} />
    </>
  );
}
