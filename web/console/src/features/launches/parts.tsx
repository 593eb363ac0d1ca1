import { $api, type Schema } from "@huoshui/api";
import { formatMoney, useReader } from "@huoshui/ui";
import { DatePicker, InputNumber, Select } from "antd";
import dayjs from "dayjs";
import { useTranslation } from "react-i18next";
import { useZone } from "../../shell/zone";
import { Field, Whole, Yuan } from "../../trading/Field";
import { instantOf, wallOf } from "../../trading/time";
import type { Action } from "./words";

export type Offer = NonNullable<Action["offer"]>;

/** Goods on sale that a launch may sell. */
export function useGoods() {
  return $api.useQuery(
    "get",
    "/api/v1/goods",
    { params: { query: { status: "on", limit: 200 } } },
    { staleTime: 60_000 },
  );
}

/** The SKUs of chosen goods as options, with what they usually cost. */
export function skuOptions(goods: readonly Schema<"GoodsRow">[], chosen: readonly string[], language: "zh" | "en") {
  return goods
    .filter((g) => chosen.includes(g.id))
    .flatMap((g) =>
      (g.skus ?? [])
        .filter((k) => !k.gone)
        .map((k) => ({
          value: k.code,
          label: `${[g.title, ...k.choice].join(" ")} · ${formatMoney(k.price_fen, language)}`,
          price: k.price_fen,
        })),
    );
}

/** An instant in the business's zone. */
export function Instant(props: { label: string; at: string; onChange: (iso: string) => void; small?: boolean }) {
  const zone = useZone();
  return (
    <DatePicker
      aria-label={props.label}
      size={props.small ? "small" : undefined}
      showTime={{ format: "HH:mm" }}
      format="YYYY-MM-DD HH:mm"
      allowClear={false}
      value={dayjs(wallOf(props.at, zone), "YYYY-MM-DD HH:mm")}
      onChange={(d) => d && props.onChange(instantOf(d.format("YYYY-MM-DD HH:mm"), zone))}
    />
  );
}

/** What a flash sale or a group offer is opened of. */
export function OfferFields(props: {
  kind: "flash" | "group";
  offer: Offer;
  skus: readonly { value: string; label: string; price: number }[];
  onChange: (offer: Offer) => void;
}) {
  const { t } = useTranslation();
  const { language } = useReader();
  const { offer } = props;
  const set = (part: Partial<Offer>) => props.onChange({ ...offer, ...part });
  const usual = props.skus.find((s) => s.value === offer.sku)?.price;
  return (
    <>
      <Field label={t("launches.sku")}>
        <Select
          aria-label={t("launches.sku")}
          placeholder={t("launches.sku_hint")}
          style={{ width: "100%" }}
          value={offer.sku || undefined}
          onChange={(sku: string) => set({ sku })}
          options={[...props.skus]}
        />
      </Field>
      <Field
        label={t("launches.price")}
        why={usual ? t("launches.usual", { price: formatMoney(usual, language) }) : undefined}
      >
        <Yuan label={t("launches.price")} fen={offer.price_fen ?? 0} onChange={(price_fen) => set({ price_fen })} />
        <span className="hs-secondary">{t("launches.per_person")}</span>
        <Whole
          label={t("launches.per_person")}
          n={offer.per_person ?? 1}
          min={1}
          max={1000}
          onChange={(per_person) => set({ per_person })}
        />
      </Field>
      {props.kind === "flash" ? (
        <Field label={t("launches.flash_units")}>
          <Whole
            label={t("launches.flash_units")}
            n={offer.units ?? 1}
            min={1}
            max={1_000_000}
            onChange={(units) => set({ units })}
          />
        </Field>
      ) : (
        <Field label={t("launches.size")}>
          <Whole label={t("launches.size")} n={offer.size ?? 2} min={2} max={100} onChange={(size) => set({ size })} />
          <span className="hs-secondary">{t("launches.hours")}</span>
          <Whole
            label={t("launches.hours")}
            n={offer.hours ?? 24}
            min={1}
            max={168}
            onChange={(hours) => set({ hours })}
          />
        </Field>
      )}
    </>
  );
}

/** A share held out, in per cent. */
export function Holdout(props: { pct: number; onChange: (pct: number) => void; small?: boolean }) {
  const { t } = useTranslation();
  return (
    <InputNumber
      aria-label={t("launches.holdout")}
      size={props.small ? "small" : undefined}
      min={0}
      max={90}
      precision={0}
      suffix="%"
      value={props.pct}
      onChange={(n) => props.onChange(n ?? 0)}
    />
  );
}

/** Coupons that can be given now. */
export function useCoupons() {
  return $api.useQuery("get", "/api/v1/promotions", { params: { query: { kind: ["coupon"], limit: 200 } } });
}
