import { $api, type Schema } from "@huoshui/api";
import { ErrorNote, formatMoney, present, useReader } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { App, DatePicker, Input, Modal, Select, Switch } from "antd";
import dayjs from "dayjs";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Field, Whole, Yuan } from "../../trading/Field";
import { instantOf, wallOf } from "../../trading/time";
import { windows } from "./words";
import "../../trading/trading.css";

/** Plans a flash sale, or one every hour. */
export function NewModal(props: { goods: Schema<"GoodsRow">[]; onClose: () => void }) {
  const { t } = useTranslation();
  const { language, zone } = useReader();
  const { message } = App.useApp();
  const client = useQueryClient();
  const next = Math.ceil(present() / 3_600_000) * 3_600_000;
  const [name, setName] = useState("");
  const [sku, setSKU] = useState("");
  const [price, setPrice] = useState(100);
  const [units, setUnits] = useState(100);
  const [perPerson, setPerPerson] = useState(1);
  const [atOnce, setAtOnce] = useState(50);
  const [starts, setStarts] = useState(new Date(next).toISOString());
  const [ends, setEnds] = useState(new Date(next + 3_600_000).toISOString());
  const [repeat, setRepeat] = useState(false);
  const [times, setTimes] = useState(8);
  const create = $api.useMutation("post", "/api/v1/flash-sales", { meta: { quiet: true } });
  const choices = props.goods.flatMap((g) =>
    (g.skus ?? []).map((k) => ({
      value: k.code,
      label: `${[g.title, ...k.choice].join(" ")} · ${formatMoney(k.price_fen, language)}`,
      price: k.price_fen,
    })),
  );
  const usual = choices.find((c) => c.value === sku)?.price;
  const save = async () => {
    for (const [from, until] of windows(starts, ends, 60, repeat ? times : 1)) {
      await create.mutateAsync({
        body: {
          name: name.trim(),
          sku,
          price_fen: price,
          units,
          per_person: perPerson,
          at_once: atOnce,
          starts_at: from,
          ends_at: until,
        },
      });
    }
    message.success(t("flash.saved"));
    await client.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).includes("/flash-sales") });
    props.onClose();
  };
  return (
    <Modal
      open
      width={640}
      title={t("flash.new")}
      okText={repeat ? t("flash.plan_n", { n: times }) : t("flash.plan")}
      okButtonProps={{ disabled: name.trim() === "" || sku === "" || price < 1, loading: create.isPending }}
      cancelText={t("ui.cancel")}
      onOk={() => void save().catch(() => undefined)}
      onCancel={props.onClose}
    >
      <div className="hs-trade-form">
        {create.error ? <ErrorNote error={create.error} small /> : null}
        <Field label={t("flash.name")}>
          <Input aria-label={t("flash.name")} value={name} maxLength={40} onChange={(e) => setName(e.target.value)} />
        </Field>
        <Field label={t("flash.goods")}>
          <Select
            aria-label={t("flash.goods")}
            showSearch={{ optionFilterProp: "label" }}
            style={{ width: "100%" }}
            value={sku || undefined}
            placeholder={t("flash.choose")}
            onChange={setSKU}
            options={choices}
          />
        </Field>
        <Field
          label={t("flash.price")}
          why={usual ? t("flash.usual", { price: formatMoney(usual, language) }) : undefined}
        >
          <Yuan label={t("flash.price")} fen={price} onChange={setPrice} />
        </Field>
        <Field label={t("flash.all_units")}>
          <Whole label={t("flash.all_units")} n={units} min={1} max={1_000_000} onChange={setUnits} />
        </Field>
        <Field label={t("flash.per_person")}>
          <Whole label={t("flash.per_person")} n={perPerson} min={1} max={1000} onChange={setPerPerson} />
        </Field>
        <Field label={t("flash.at_once")} why={t("flash.at_once_why")}>
          <Whole label={t("flash.at_once")} n={atOnce} max={10_000} empty={t("flash.no_room")} onChange={setAtOnce} />
        </Field>
        <Field label={t("flash.window")}>
          <DatePicker.RangePicker
            showTime={{ format: "HH:mm" }}
            format="YYYY-MM-DD HH:mm"
            allowClear={false}
            value={[dayjs(wallOf(starts, zone)), dayjs(wallOf(ends, zone))]}
            onChange={(range) => {
              if (range?.[0] && range[1]) {
                setStarts(instantOf(range[0].format("YYYY-MM-DD HH:mm"), zone));
                setEnds(instantOf(range[1].format("YYYY-MM-DD HH:mm"), zone));
              }
            }}
          />
        </Field>
        <Field label={t("flash.hourly")} why={t("flash.hourly_why")}>
          <Switch aria-label={t("flash.hourly")} checked={repeat} onChange={setRepeat} />
          {repeat ? (
            <Whole label={t("flash.times")} n={times} min={2} max={24} suffix={t("flash.times")} onChange={setTimes} />
          ) : null}
        </Field>
      </div>
    </Modal>
  );
}
