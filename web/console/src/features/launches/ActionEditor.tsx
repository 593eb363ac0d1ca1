import { DeleteOutlined } from "@ant-design/icons";
import { $api } from "@huoshui/api";
import { formatCount, LayerTag, layerCodes, useReader, Why } from "@huoshui/ui";
import { Button, Checkbox, InputNumber, Select } from "antd";
import { useTranslation } from "react-i18next";
import { Field } from "../../trading/Field";
import { Faults } from "./Faults";
import { Holdout, type Offer, OfferFields, skuOptions, useCoupons, useGoods } from "./parts";
import { type Action, type Fault, lists } from "./words";

/** What the server found out about a draft's actions. */
export interface Looked {
  faults: readonly Fault[];
  people: Record<string, number>;
}

/** One action of a stage, to be written. */
export function ActionEditor(props: {
  action: Action;
  goods: readonly string[];
  looked?: Looked;
  onChange: (a: Action) => void;
  onRemove: () => void;
}) {
  const { t } = useTranslation();
  const { language } = useReader();
  const a = props.action;
  const set = (part: Partial<Action>) => props.onChange({ ...a, ...part });
  const people = a.id ? props.looked?.people[a.id] : undefined;
  const faults = props.looked?.faults.filter((f) => a.id && f.action === a.id) ?? [];
  return (
    <li className="launch-action" data-bad={faults.some((f) => !f.warning) || undefined}>
      <div className="launch-action-head">
        <b>{t(`launches.action.${a.kind}`)}</b>
        <span className="hs-trade-inputs">
          <span className="hs-secondary">{t("launches.after")}</span>
          <InputNumber
            aria-label={t("launches.after")}
            size="small"
            min={0}
            max={8760}
            controls={false}
            style={{ width: 96 }}
            suffix={t("launches.after_unit")}
            value={a.after_minutes / 60}
            onChange={(n) => set({ after_minutes: Math.round((n ?? 0) * 60) })}
          />
        </span>
        <Button
          size="small"
          type="text"
          icon={<DeleteOutlined />}
          aria-label={t("launches.remove")}
          onClick={props.onRemove}
        />
      </div>
      <div className="hs-trade-form">
        {a.kind === "message" || a.kind === "coupons" ? <Audience action={a} onChange={set} people={people} /> : null}
        <What action={a} goods={props.goods} onChange={set} />
      </div>
      {a.learned ? (
        <p className="hs-secondary">
          {t("launches.learned", {
            people: formatCount(a.learned.people, language),
            bought: formatCount(a.learned.bought, language),
          })}
        </p>
      ) : null}
      <Faults of={faults} />
    </li>
  );
}

function Audience(props: { action: Action; people: number | undefined; onChange: (part: Partial<Action>) => void }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const segments = $api.useQuery("get", "/api/v1/segments", { params: { query: { limit: 500 } } });
  const { audience, waves } = props.action;
  const value = audience?.kind ? `${audience.kind}:${audience.id ?? ""}` : undefined;
  const vips = waves && waves.length > 1 ? (waves[1]?.after_minutes ?? 0) / 60 : 0;
  return (
    <Field label={t("launches.who")}>
      <Select
        aria-label={t("launches.who")}
        placeholder={t("launches.who_hint")}
        showSearch={{ optionFilterProp: "words" }}
        style={{ minWidth: 220 }}
        value={value}
        onChange={(v: string) => {
          const [kind = "", id = ""] = v.split(/:(.*)/s);
          props.onChange({
            audience: { kind: kind as NonNullable<Action["audience"]>["kind"], id: id || undefined },
          });
        }}
        options={[
          {
            label: t("launches.who_lists"),
            options: lists.map((l) => ({
              value: `list:${l}`,
              label: t(`launches.list.${l}`),
              words: t(`launches.list.${l}`),
            })),
          },
          {
            label: t("launches.who_layers"),
            options: layerCodes.map((l) => ({ value: `layer:${l}`, label: <LayerTag layer={l} />, words: l })),
          },
          {
            label: t("launches.who_segments"),
            options: (segments.data?.items ?? []).map((s) => ({
              value: `segment:${s.id}`,
              label: s.name,
              words: s.name,
            })),
          },
          { value: "everyone:", label: t("launches.who_everyone"), words: t("launches.who_everyone") },
        ]}
      />
      {props.people === undefined ? null : (
        <span className="hs-secondary">{t("launches.people_now", { n: formatCount(props.people, language) })}</span>
      )}
      <Checkbox
        checked={vips > 0}
        onChange={(e) =>
          props.onChange({
            waves: e.target.checked
              ? [
                  { layers: ["vip"], after_minutes: 0 },
                  { layers: [], after_minutes: 120 },
                ]
              : [],
          })
        }
      >
        {t("launches.vip_first")}
        <Why>{t("launches.vip_first_why")}</Why>
      </Checkbox>
      {vips > 0 ? (
        <InputNumber
          aria-label={t("launches.vip_hours")}
          size="small"
          min={0.5}
          max={240}
          step={0.5}
          controls={false}
          suffix={t("launches.vip_hours")}
          value={vips}
          onChange={(n) =>
            props.onChange({
              waves: [
                { layers: ["vip"], after_minutes: 0 },
                { layers: [], after_minutes: Math.round((n ?? 2) * 60) },
              ],
            })
          }
        />
      ) : null}
    </Field>
  );
}

/** What an action does, by its kind. */
function What(props: { action: Action; goods: readonly string[]; onChange: (part: Partial<Action>) => void }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const goods = useGoods();
  const a = props.action;
  switch (a.kind) {
    case "message":
      return <Says action={a} onChange={props.onChange} />;
    case "coupons":
      return <Gives action={a} onChange={props.onChange} />;
    case "flash":
    case "group":
      return a.offer?.existing ? (
        <Field label={t("launches.existing")}>
          <code>{a.offer.existing}</code>
          <Button size="small" onClick={() => props.onChange({ offer: { sku: "", per_person: 1 } })}>
            {t("launches.existing_hint")}
          </Button>
        </Field>
      ) : (
        <OfferFields
          kind={a.kind}
          offer={(a.offer ?? {}) as Offer}
          skus={skuOptions(goods.data?.items ?? [], props.goods, language)}
          onChange={(offer) => props.onChange({ offer })}
        />
      );
    case "presale":
      return <Presells action={a} onChange={props.onChange} />;
    case "page":
      return <Shows action={a} onChange={props.onChange} />;
    case "next":
      return (
        <Field label={t("launches.days")}>
          <InputNumber
            aria-label={t("launches.days")}
            min={1}
            max={730}
            precision={0}
            style={{ width: 220 }}
            suffix={t("launches.days_unit")}
            value={a.days}
            onChange={(n) => props.onChange({ days: n ?? 28 })}
          />
        </Field>
      );
  }
}

interface Part {
  action: Action;
  onChange: (part: Partial<Action>) => void;
}

function Says({ action, onChange }: Part) {
  const { t } = useTranslation();
  const { language } = useReader();
  const contents = $api.useQuery("get", "/api/v1/contents", { params: { query: { limit: 200 } } });
  const message = action.message ?? { channels: [], holdout_pct: 10 };
  const set = (part: Partial<typeof message>) => onChange({ message: { ...message, ...part } });
  return (
    <>
      <Field label={t("launches.content")}>
        <Select
          aria-label={t("launches.content")}
          placeholder={t("launches.content_hint")}
          showSearch={{ optionFilterProp: "label" }}
          style={{ width: "100%" }}
          value={message.content || undefined}
          onChange={(content: string) => set({ content })}
          options={(contents.data?.items ?? []).map((c) => ({
            value: c.id,
            label: (language === "en" ? c.name.en : c.name.zh) || c.name.zh || c.name.en,
          }))}
        />
      </Field>
      <Field label={t("launches.channels")}>
        <Select
          aria-label={t("launches.channels")}
          mode="multiple"
          placeholder={t("launches.channels_hint")}
          style={{ minWidth: 300 }}
          value={message.channels}
          onChange={(channels: string[]) => set({ channels })}
          options={["phone", "email", "task", "webhook"].map((c) => ({
            value: c,
            label: t(`campaigns.channel.${c}`),
          }))}
        />
        <span className="hs-secondary">
          {t("launches.holdout")}
          <Why>{t("launches.holdout_why")}</Why>
        </span>
        <Holdout pct={message.holdout_pct} onChange={(holdout_pct) => set({ holdout_pct })} />
      </Field>
    </>
  );
}

function Gives({ action, onChange }: Part) {
  const { t } = useTranslation();
  const coupons = useCoupons();
  return (
    <Field label={t("launches.coupon")}>
      <Select
        aria-label={t("launches.coupon")}
        placeholder={t("launches.coupon_pick")}
        showSearch={{ optionFilterProp: "label" }}
        style={{ width: "100%" }}
        value={action.coupon || undefined}
        onChange={(coupon: string) => onChange({ coupon })}
        options={(coupons.data?.items ?? []).map((p) => ({ value: p.id, label: p.name }))}
      />
    </Field>
  );
}

function Presells({ action, onChange }: Part) {
  const { t } = useTranslation();
  const presales = $api.useQuery("get", "/api/v1/presales", { params: { query: { limit: 200 } } });
  return (
    <Field label={t("launches.presale")}>
      <Select
        aria-label={t("launches.presale")}
        placeholder={t("launches.presale_pick")}
        style={{ width: "100%" }}
        value={action.offer?.existing || undefined}
        onChange={(existing: string) => onChange({ offer: { existing } })}
        options={(presales.data?.items ?? []).map((p) => ({ value: p.id, label: p.name }))}
      />
    </Field>
  );
}

function Shows({ action, onChange }: Part) {
  const { t } = useTranslation();
  const pages = $api.useQuery("get", "/api/v1/store-pages", {});
  const shown = action.page ?? { page: "", version: 0 };
  const latest = pages.data?.items.find((p) => p.id === shown.page)?.latest ?? 0;
  return (
    <Field label={t("launches.page")}>
      <Select
        aria-label={t("launches.page")}
        placeholder={t("launches.page_pick")}
        style={{ minWidth: 220 }}
        value={shown.page || undefined}
        onChange={(page: string) => onChange({ page: { page, version: 0 } })}
        options={(pages.data?.items ?? []).filter((p) => p.latest > 0).map((p) => ({ value: p.id, label: p.title }))}
      />
      <Select
        aria-label={t("launches.version")}
        style={{ minWidth: 160 }}
        value={shown.version}
        onChange={(version: number) => onChange({ page: { ...shown, version } })}
        options={[
          { value: 0, label: t("launches.version_latest") },
          ...Array.from({ length: Math.min(latest, 50) }, (_, i) => ({
            value: latest - i,
            label: t("launches.version_n", { n: latest - i }),
          })),
        ]}
      />
    </Field>
  );
}
