import { $api, type Schema } from "@huoshui/api";
import { ErrorNote, Money, present } from "@huoshui/ui";
import { Alert, Button, Checkbox, DatePicker, Input, InputNumber, Modal, Radio, Select } from "antd";
import dayjs from "dayjs";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useZone } from "../../shell/zone";
import { Field, Yuan } from "../../trading/Field";
import { instantOf, wallOf } from "../../trading/time";

type Draft = Schema<"PresaleDraft">;
type Item = Schema<"PresaleItemDraft">;
type Presale = Schema<"PresaleCounted">;

const day = 86_400_000;

function fresh(): Draft {
  const at = (days: number) => new Date(present() + days * day).toISOString();
  return {
    name: "",
    goods: "",
    items: [],
    keep: true,
    per_person: 2,
    starts_at: at(0),
    ends_at: at(3),
    tail_starts_at: at(3),
    tail_ends_at: at(5),
    ship_by: at(10),
  };
}

function draftOf(p: Presale): Draft {
  const { name, goods, keep, per_person, starts_at, ends_at, tail_starts_at, tail_ends_at, ship_by } = p;
  const items = p.items.map(({ sku, price_fen, deposit_fen, worth_fen, units }) => ({
    sku,
    price_fen,
    deposit_fen,
    worth_fen,
    units,
  }));
  return { name, goods, items, keep, per_person, starts_at, ends_at, tail_starts_at, tail_ends_at, ship_by };
}

/** A new presale, or one that is changed. */
export function PresaleForm(props: {
  open: boolean;
  of?: Presale;
  close: () => void;
  saved: (id: string) => Promise<void>;
}) {
  const { t } = useTranslation();
  return (
    <Modal
      open={props.open}
      title={t(props.of ? "presale.edit_title" : "presale.new")}
      width={820}
      footer={null}
      onCancel={props.close}
      destroyOnHidden
      mask={{ closable: false }}
    >
      <Form key={props.of?.version ?? 0} {...props} />
    </Modal>
  );
}

function Form(props: { of?: Presale; saved: (id: string) => Promise<void> }) {
  const { t } = useTranslation();
  const zone = useZone();
  const [draft, setDraft] = useState(() => (props.of ? draftOf(props.of) : fresh()));
  const [words, setWords] = useState("");
  const set = (part: Partial<Draft>) => setDraft((d) => ({ ...d, ...part }));
  const n = props.of?.numbers;
  const locked = n !== undefined && n.deposits + n.unpaid > 0;
  const found = $api.useQuery("get", "/api/v1/goods", {
    params: { query: { q: words || undefined, status: "on", limit: 20 } },
  });
  const one = $api.useQuery(
    "get",
    "/api/v1/goods/{id}",
    { params: { path: { id: draft.goods } } },
    { enabled: draft.goods !== "" },
  );
  const goods = (found.data?.items ?? []).filter((g) => g.kind === "physical" || g.kind === "consumable");
  const options = goods.map((g) => ({ value: g.id, label: g.title }));
  if (one.data && !options.some((o) => o.value === one.data.id)) {
    options.unshift({ value: one.data.id, label: one.data.title });
  }
  const skus = (one.data?.skus ?? []).filter((s) => !s.gone);
  const meta = {
    meta: { quiet: true },
    onSuccess: (p: { id: string }) => props.saved(p.id),
  };
  const create = $api.useMutation("post", "/api/v1/presales", meta);
  const change = $api.useMutation("put", "/api/v1/presales/{id}", meta);
  const save = props.of ? change : create;
  const at = (iso: string) => dayjs(wallOf(iso, zone), "YYYY-MM-DD HH:mm");
  const iso = (d: dayjs.Dayjs) => instantOf(d.format("YYYY-MM-DD HH:mm"), zone);
  const item = (sku: string, part: Partial<Item>) =>
    set({ items: draft.items.map((i) => (i.sku === sku ? { ...i, ...part } : i)) });
  const use = (sku: string, price: number, on: boolean) =>
    set({
      items: on
        ? [
            ...draft.items,
            {
              sku,
              price_fen: price,
              deposit_fen: Math.max(1, Math.round(price / 1000) * 100),
              worth_fen: Math.max(1, Math.round(price / 1000) * 200),
              units: 100,
            },
          ]
        : draft.items.filter((i) => i.sku !== sku),
    });
  return (
    <form
      className="hs-trade-form"
      onSubmit={(e) => {
        e.preventDefault();
        if (props.of) {
          change.mutate({ params: { path: { id: props.of.id } }, body: { ...draft, version: props.of.version } });
        } else {
          create.mutate({ body: draft });
        }
      }}
    >
      {locked ? <Alert type="info" showIcon title={t("presale.locked")} /> : null}
      <Field label={t("presale.name")}>
        <Input
          aria-label={t("presale.name")}
          placeholder={t("presale.name_hint")}
          maxLength={40}
          value={draft.name}
          onChange={(e) => set({ name: e.target.value })}
        />
      </Field>
      <Field label={t("presale.goods")}>
        <Select
          aria-label={t("presale.goods")}
          placeholder={t("presale.goods_hint")}
          showSearch={{ filterOption: false, onSearch: setWords }}
          style={{ width: "100%" }}
          loading={found.isFetching}
          disabled={locked}
          value={draft.goods || undefined}
          onChange={(id) => set({ goods: id, items: [] })}
          options={options}
        />
      </Field>
      {skus.length > 0 ? (
        <Field label={t("presale.items")} why={t("presale.items_why")} top>
          <div className="hs-trade-scroll">
            <table className="hs-trade-table presale-items">
              <thead>
                <tr>
                  <th>{t("presale.sku")}</th>
                  <th className="hs-right">{t("presale.list_price")}</th>
                  <th>{t("presale.price")}</th>
                  <th>{t("presale.deposit")}</th>
                  <th>{t("presale.worth")}</th>
                  <th>{t("presale.units")}</th>
                </tr>
              </thead>
              <tbody>
                {skus.map((s) => {
                  const i = draft.items.find((one) => one.sku === s.code);
                  const name = (s.choice ?? []).join(" ") || s.code;
                  return (
                    <tr key={s.code}>
                      <td>
                        <Checkbox
                          checked={Boolean(i)}
                          disabled={locked}
                          onChange={(e) => use(s.code, s.price_fen, e.target.checked)}
                        >
                          {name}
                        </Checkbox>
                      </td>
                      <td className="hs-right">
                        <Money fen={s.price_fen} />
                      </td>
                      {(["price", "deposit", "worth"] as const).map((key) => (
                        <td key={key}>
                          {i ? (
                            locked ? (
                              <Money fen={i[`${key}_fen`]} />
                            ) : (
                              <Yuan
                                small
                                label={`${name} ${t(`presale.${key}`)}`}
                                fen={i[`${key}_fen`]}
                                onChange={(fen) => item(s.code, { [`${key}_fen`]: fen })}
                              />
                            )
                          ) : null}
                        </td>
                      ))}
                      <td>
                        {i ? (
                          <InputNumber
                            size="small"
                            aria-label={`${name} ${t("presale.units")}`}
                            min={1}
                            max={10_000_000}
                            precision={0}
                            value={i.units}
                            onChange={(units) => item(s.code, { units: units ?? 1 })}
                          />
                        ) : null}
                      </td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </div>
        </Field>
      ) : null}
      <Field label={t("presale.per_person")}>
        <InputNumber
          aria-label={t("presale.per_person")}
          min={1}
          max={1000}
          precision={0}
          suffix={t("presale.units_unit")}
          value={draft.per_person}
          onChange={(per_person) => set({ per_person: per_person ?? 1 })}
        />
      </Field>
      <Field label={t("presale.window")}>
        <DatePicker.RangePicker
          aria-label={t("presale.window")}
          showTime={{ format: "HH:mm" }}
          format="YYYY-MM-DD HH:mm"
          allowClear={false}
          disabled={[locked, false]}
          value={[at(draft.starts_at), at(draft.ends_at)]}
          onChange={(both) => {
            if (both?.[0] && both[1]) {
              const starts = locked ? draft.starts_at : iso(both[0]);
              set({ starts_at: starts, ends_at: iso(both[1]) });
            }
          }}
        />
      </Field>
      <Field label={t("presale.tail_window")} why={t("presale.tail_why")}>
        <DatePicker.RangePicker
          aria-label={t("presale.tail_window")}
          showTime={{ format: "HH:mm" }}
          format="YYYY-MM-DD HH:mm"
          allowClear={false}
          disabled={[locked, false]}
          value={[at(draft.tail_starts_at), at(draft.tail_ends_at)]}
          onChange={(both) => {
            if (both?.[0] && both[1]) {
              const starts = locked ? draft.tail_starts_at : iso(both[0]);
              set({ tail_starts_at: starts, tail_ends_at: iso(both[1]) });
            }
          }}
        />
      </Field>
      <Field label={t("presale.ship_by")}>
        <DatePicker
          aria-label={t("presale.ship_by")}
          showTime={{ format: "HH:mm" }}
          format="YYYY-MM-DD HH:mm"
          allowClear={false}
          value={at(draft.ship_by)}
          onChange={(d) => d && set({ ship_by: iso(d) })}
        />
      </Field>
      <Field label={t("presale.keep")} why={t("presale.keep_why")}>
        <Radio.Group
          disabled={locked}
          value={draft.keep}
          onChange={(e) => set({ keep: e.target.value })}
          options={[
            { value: true, label: t("presale.keep_yes") },
            { value: false, label: t("presale.keep_no") },
          ]}
        />
      </Field>
      {save.error ? <ErrorNote error={save.error} /> : null}
      <div className="hs-trade-inputs" style={{ justifyContent: "flex-end" }}>
        <Button
          htmlType="submit"
          type="primary"
          loading={save.isPending}
          disabled={!draft.goods || !draft.name.trim() || draft.items.length === 0}
        >
          {t(props.of ? "presale.save_edit" : "presale.save")}
        </Button>
      </div>
    </form>
  );
}
