import { $api } from "@huoshui/api";
import { ErrorNote, present, useReader } from "@huoshui/ui";
import { useNavigate } from "@tanstack/react-router";
import { Input, Modal, Segmented, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useZone } from "../../shell/zone";
import { Field, Whole } from "../../trading/Field";
import { dayStart, wallOf } from "../../trading/time";
import { Holdout, Instant, type Offer, OfferFields, skuOptions, useCoupons, useGoods } from "./parts";
import "../../trading/trading.css";

const hour = 3_600_000;

/** A launch from the template: a date, goods and a few choices. */
export function NewModal(props: { onClose: () => void }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const can = useCan();
  const zone = useZone();
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [goods, setGoods] = useState<string[]>([]);
  const [saleAt, setSaleAt] = useState(() =>
    new Date(
      Date.parse(dayStart(wallOf(present() + 15 * 24 * hour, zone).slice(0, 10), zone)) + 10 * hour,
    ).toISOString(),
  );
  const [units, setUnits] = useState(50);
  const [sell, setSell] = useState<"plain" | "flash" | "group">("plain");
  const [offer, setOffer] = useState<Offer>({ per_person: 1, units: 50, size: 2, hours: 24, at_once: 50 });
  const [presale, setPresale] = useState("");
  const [coupon, setCoupon] = useState("");
  const [page, setPage] = useState("");
  const [holdout, setHoldout] = useState(10);
  const all = useGoods();
  const coupons = useCoupons();
  const pages = $api.useQuery("get", "/api/v1/store-pages", {}, { enabled: can("goods.read") });
  const presales = $api.useQuery(
    "get",
    "/api/v1/presales",
    { params: { query: { limit: 200 } } },
    { enabled: can("goods.read") },
  );
  const create = $api.useMutation("post", "/api/v1/launches", { meta: { quiet: true } });
  const skus = skuOptions(all.data?.items ?? [], goods, language);
  const choose = (ids: string[]) => {
    setGoods(ids);
    const [only] = skuOptions(all.data?.items ?? [], ids, language);
    setOffer((o) => ({ ...o, sku: only?.value ?? "", price_fen: only ? Math.round(only.price * 0.8) : 0 }));
    if (!name && ids.length > 0) {
      setName(all.data?.items.find((g) => g.id === ids[0])?.title.slice(0, 40) ?? "");
    }
  };
  const save = async () => {
    const { size, hours, units: n, at_once, ...common } = offer;
    const made = await create.mutateAsync({
      body: {
        name: name.trim(),
        goods,
        sale_at: saleAt,
        units,
        holdout_pct: holdout,
        coupon: coupon || undefined,
        page: page || undefined,
        flash: sell === "flash" ? { ...common, units: n, at_once } : undefined,
        group: sell === "group" ? { ...common, size, hours } : undefined,
        presale: presale ? { existing: presale } : undefined,
      },
    });
    await navigate({ to: `/launches/${made.id}/edit` as never });
  };
  return (
    <Modal
      open
      width={680}
      title={t("launches.new")}
      okText={t("launches.make")}
      okButtonProps={{ disabled: name.trim() === "" || goods.length === 0, loading: create.isPending }}
      cancelText={t("ui.cancel")}
      onOk={() => void save().catch(() => undefined)}
      onCancel={props.onClose}
    >
      <div className="hs-trade-form">
        {create.error ? <ErrorNote error={create.error} small /> : null}
        <Field label={t("launches.goods")}>
          <Select
            aria-label={t("launches.goods")}
            mode="multiple"
            placeholder={t("launches.goods_hint")}
            showSearch={{ optionFilterProp: "label" }}
            style={{ width: "100%" }}
            value={goods}
            onChange={choose}
            options={(all.data?.items ?? []).map((g) => ({ value: g.id, label: g.title }))}
          />
        </Field>
        <Field label={t("launches.name")}>
          <Input
            aria-label={t("launches.name")}
            placeholder={t("launches.name_hint")}
            maxLength={60}
            value={name}
            onChange={(e) => setName(e.target.value)}
          />
        </Field>
        <Field label={t("launches.sale_at")} why={t("launches.sale_at_why")}>
          <Instant label={t("launches.sale_at")} at={saleAt} onChange={setSaleAt} />
        </Field>
        <Field label={t("launches.units")} why={t("launches.units_why")}>
          <Whole label={t("launches.units")} n={units} min={1} max={1_000_000} onChange={setUnits} />
        </Field>
        <Field label={t("launches.sell")}>
          <Segmented
            value={sell}
            onChange={setSell}
            options={(["plain", "flash", "group"] as const).map((value) => ({
              value,
              label: t(`launches.sells.${value}`),
            }))}
          />
        </Field>
        {sell === "plain" ? null : <OfferFields kind={sell} offer={offer} skus={skus} onChange={setOffer} />}
        {presales.data && presales.data.items.length > 0 ? (
          <Field label={t("launches.presale")}>
            <Select
              aria-label={t("launches.presale")}
              allowClear
              placeholder={t("launches.presale_hint")}
              style={{ width: "100%" }}
              value={presale || undefined}
              onChange={(v?: string) => setPresale(v ?? "")}
              options={presales.data.items.map((p) => ({ value: p.id, label: p.name }))}
            />
          </Field>
        ) : null}
        <Field label={t("launches.coupon")}>
          <Select
            aria-label={t("launches.coupon")}
            allowClear
            placeholder={t("launches.coupon_hint")}
            style={{ width: "100%" }}
            value={coupon || undefined}
            onChange={(v?: string) => setCoupon(v ?? "")}
            options={(coupons.data?.items ?? []).filter((p) => !p.stopped).map((p) => ({ value: p.id, label: p.name }))}
          />
        </Field>
        <Field label={t("launches.page")}>
          <Select
            aria-label={t("launches.page")}
            allowClear
            placeholder={t("launches.page_hint")}
            style={{ width: "100%" }}
            value={page || undefined}
            onChange={(v?: string) => setPage(v ?? "")}
            options={(pages.data?.items ?? [])
              .filter((p) => p.latest > 0)
              .map((p) => ({ value: p.id, label: p.title }))}
          />
        </Field>
        <Field label={t("launches.holdout")} why={t("launches.holdout_why")}>
          <Holdout pct={holdout} onChange={setHoldout} />
        </Field>
      </div>
    </Modal>
  );
}
