import { $api, type Schema } from "@huoshui/api";
import { ErrorNote, formatMoney, present, useReader } from "@huoshui/ui";
import { Button, DatePicker, Input, InputNumber, Modal, Select } from "antd";
import dayjs from "dayjs";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useZone } from "../../shell/zone";
import { Field } from "../../trading/Field";
import { instantOf, wallOf } from "../../trading/time";

type Draft = Schema<"GroupbuyDraft">;

const day = 86_400_000;

function fresh(): Draft {
  return {
    name: "",
    sku: "",
    price_fen: 0,
    size: 3,
    hours: 24,
    per_person: 1,
    starts_at: new Date(present()).toISOString(),
    ends_at: new Date(present() + 7 * day).toISOString(),
  };
}

/** A new group offer. */
export function OfferForm(props: { open: boolean; close: () => void; saved: () => Promise<void> }) {
  const { t } = useTranslation();
  return (
    <Modal
      open={props.open}
      title={t("groupbuy.new")}
      width={600}
      footer={null}
      onCancel={props.close}
      destroyOnHidden
      mask={{ closable: false }}
    >
      <Form {...props} />
    </Modal>
  );
}

function Form(props: { close: () => void; saved: () => Promise<void> }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const zone = useZone();
  const [draft, setDraft] = useState(fresh);
  const [words, setWords] = useState("");
  const set = (part: Partial<Draft>) => setDraft((d) => ({ ...d, ...part }));
  const found = $api.useQuery("get", "/api/v1/goods", {
    params: { query: { q: words || undefined, status: "on", limit: 20 } },
  });
  const skus = (found.data?.items ?? [])
    .filter((g) => g.kind === "physical" || g.kind === "consumable")
    .flatMap((g) => (g.skus ?? []).filter((s) => !s.gone).map((s) => ({ ...s, title: g.title })));
  const alone = skus.find((s) => s.code === draft.sku)?.price_fen;
  const save = $api.useMutation("post", "/api/v1/group-offers", { meta: { quiet: true }, onSuccess: props.saved });
  const at = (iso: string) => dayjs(wallOf(iso, zone), "YYYY-MM-DD HH:mm");
  const iso = (d: dayjs.Dayjs) => instantOf(d.format("YYYY-MM-DD HH:mm"), zone);
  return (
    <form
      className="hs-trade-form"
      onSubmit={(e) => {
        e.preventDefault();
        save.mutate({ body: draft });
      }}
    >
      <Field label={t("groupbuy.name")}>
        <Input
          aria-label={t("groupbuy.name")}
          placeholder={t("groupbuy.name_hint")}
          maxLength={40}
          value={draft.name}
          onChange={(e) => set({ name: e.target.value })}
        />
      </Field>
      <Field label={t("groupbuy.sku")}>
        <Select
          aria-label={t("groupbuy.sku")}
          placeholder={t("groupbuy.sku_hint")}
          showSearch={{ filterOption: false, onSearch: setWords }}
          style={{ width: "100%" }}
          loading={found.isFetching}
          value={draft.sku || undefined}
          onChange={(sku) => set({ sku })}
          options={skus.map((s) => ({
            value: s.code,
            label: `${[s.title, ...(s.choice ?? [])].join(" ")} · ${s.code}`,
          }))}
        />
      </Field>
      <Field label={t("groupbuy.price")} why={t("groupbuy.price_why")}>
        <InputNumber
          aria-label={t("groupbuy.price")}
          prefix="¥"
          min={0}
          precision={2}
          controls={false}
          value={draft.price_fen ? draft.price_fen / 100 : null}
          onChange={(n) => set({ price_fen: Math.round((n ?? 0) * 100) })}
        />
        {alone === undefined ? null : (
          <span className="hs-secondary">{t("groupbuy.alone", { price: formatMoney(alone, language) })}</span>
        )}
      </Field>
      {(
        [
          ["size", "people", 2, 100],
          ["hours", "hours_unit", 1, 168],
          ["per_person", "units", 1, 1000],
        ] as const
      ).map(([key, unit, min, max]) => (
        <Field key={key} label={t(`groupbuy.${key}`)} why={key === "hours" ? t("groupbuy.hours_why") : undefined}>
          <InputNumber
            aria-label={t(`groupbuy.${key}`)}
            min={min}
            max={max}
            precision={0}
            suffix={t(`groupbuy.${unit}`)}
            value={draft[key]}
            onChange={(n) => set({ [key]: n ?? min })}
          />
        </Field>
      ))}
      <Field label={t("groupbuy.window")} why={t("groupbuy.window_why")}>
        <DatePicker.RangePicker
          aria-label={t("groupbuy.window")}
          showTime={{ format: "HH:mm" }}
          format="YYYY-MM-DD HH:mm"
          allowClear={false}
          value={[at(draft.starts_at), at(draft.ends_at)]}
          onChange={(both) => both?.[0] && both[1] && set({ starts_at: iso(both[0]), ends_at: iso(both[1]) })}
        />
      </Field>
      {save.error ? <ErrorNote error={save.error} /> : null}
      <div className="hs-trade-inputs" style={{ justifyContent: "flex-end" }}>
        <Button
          htmlType="submit"
          type="primary"
          loading={save.isPending}
          disabled={!draft.sku || !draft.name.trim() || !draft.price_fen}
        >
          {t("groupbuy.save")}
        </Button>
      </div>
    </form>
  );
}
