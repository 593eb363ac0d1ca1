import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Percent, present } from "@huoshui/ui";
import { Button, Input, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Whole, Yuan } from "../../trading/Field";
import { type Draft, margin, type SKU, skusOf, stemOf } from "./words";

/** What one chooses by: up to three specs and their values; SKUs follow. */
export function Specs(props: { of: Draft; onChange: (patch: Partial<Draft>) => void }) {
  const { t } = useTranslation();
  const [stem] = useState(() => stemOf(present()));
  const { specs, skus } = props.of;
  const set = (next: Draft["specs"]) => {
    const whole = next.every((s) => s.name.trim() !== "" && s.values.length > 0);
    props.onChange({ specs: next, skus: whole || next.length === 0 ? skusOf(next, skus, stem) : skus });
  };
  return (
    <div className="hs-trade-stack">
      {specs.map((s, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a spec is its place; its name is being typed
        <div key={i} className="hs-trade-row">
          <Input
            style={{ width: 140 }}
            aria-label={t("goods.spec_name")}
            placeholder={t("goods.spec_name")}
            maxLength={20}
            value={s.name}
            onChange={(e) => set(specs.map((o, j) => (j === i ? { ...o, name: e.target.value } : o)))}
          />
          <Select
            mode="tags"
            className="hs-goods-wide"
            aria-label={t("goods.spec_values")}
            placeholder={t("goods.spec_values")}
            tokenSeparators={[",", "，", "、"]}
            open={false}
            suffixIcon={null}
            value={s.values}
            onChange={(values: string[]) => set(specs.map((o, j) => (j === i ? { ...o, values } : o)))}
          />
          <Button
            type="text"
            aria-label={t("goods.spec_delete", { name: s.name })}
            icon={<DeleteOutlined />}
            onClick={() => set(specs.filter((_, j) => j !== i))}
          />
        </div>
      ))}
      {specs.length < 3 ? (
        <div>
          <Button icon={<PlusOutlined />} onClick={() => set([...specs, { name: "", values: [] }])}>
            {t("goods.spec_add")}
          </Button>
        </div>
      ) : null}
    </div>
  );
}

/** Every SKU with its code, prices and weight; a first row fills them all. */
export function SKUTable(props: { of: Draft; onChange: (skus: SKU[]) => void }) {
  const { t } = useTranslation();
  const { specs, skus } = props.of;
  const [fill, setFill] = useState({ price_fen: 0, market_fen: 0, cost_fen: 0, weight_g: 0 });
  const put = (at: number, patch: Partial<SKU>) =>
    props.onChange(skus.map((k, i) => (i === at ? { ...k, ...patch } : k)));
  const all = () =>
    props.onChange(
      skus.map((k) => ({
        ...k,
        price_fen: fill.price_fen || k.price_fen,
        market_fen: fill.market_fen || k.market_fen,
        cost_fen: fill.cost_fen || k.cost_fen,
        weight_g: fill.weight_g || k.weight_g,
      })),
    );
  const money = ["price_fen", "market_fen", "cost_fen"] as const;
  return (
    <div className="hs-trade-scroll">
      <table className="hs-trade-table hs-goods-skus">
        <thead>
          <tr>
            {specs.map((s) => (
              <th key={s.name}>{s.name}</th>
            ))}
            <th>{t("goods.code")}</th>
            <th>{t("goods.price")}</th>
            <th>{t("goods.market")}</th>
            <th>{t("goods.cost")}</th>
            <th className="hs-right">{t("goods.margin")}</th>
            <th>{t("goods.weight")}</th>
            <th>{t("goods.barcode")}</th>
          </tr>
        </thead>
        <tbody>
          {skus.length > 1 ? (
            <tr className="hs-goods-fill">
              <td colSpan={specs.length + 1}>
                <Button size="small" onClick={all}>
                  {t("goods.fill", { n: skus.length })}
                </Button>
              </td>
              {money.map((m) => (
                <td key={m}>
                  <Yuan
                    small
                    label={t("goods.fill_of", { name: t(`goods.${m.slice(0, -4)}`) })}
                    fen={fill[m]}
                    empty={t("goods.same")}
                    onChange={(n) => setFill({ ...fill, [m]: n })}
                  />
                </td>
              ))}
              <td />
              <td>
                <Whole
                  small
                  label={t("goods.fill_of", { name: t("goods.weight") })}
                  n={fill.weight_g}
                  empty={t("goods.same")}
                  onChange={(weight_g) => setFill({ ...fill, weight_g })}
                />
              </td>
              <td />
            </tr>
          ) : null}
          {skus.map((k, i) => {
            const name = k.choice.join(" ") || k.code;
            return (
              <tr key={k.choice.join("\0")}>
                {specs.map((s, j) => (
                  <td key={s.name}>{k.choice[j] ?? ""}</td>
                ))}
                <td>
                  <Input
                    size="small"
                    aria-label={`${t("goods.code")} ${name}`}
                    value={k.code}
                    maxLength={64}
                    onChange={(e) => put(i, { code: e.target.value })}
                  />
                </td>
                {money.map((m) => (
                  <td key={m}>
                    <Yuan
                      small
                      label={`${t(`goods.${m.slice(0, -4)}`)} ${name}`}
                      fen={k[m]}
                      empty={m === "price_fen" ? "0.00" : t("goods.none")}
                      onChange={(n) => put(i, { [m]: n })}
                    />
                  </td>
                ))}
                <td className="hs-right">
                  <Percent share={margin(k)} column />
                </td>
                <td>
                  <Whole
                    small
                    label={`${t("goods.weight")} ${name}`}
                    n={k.weight_g}
                    max={1_000_000}
                    onChange={(weight_g) => put(i, { weight_g })}
                  />
                </td>
                <td>
                  <Input
                    size="small"
                    aria-label={`${t("goods.barcode")} ${name}`}
                    value={k.barcode}
                    maxLength={64}
                    onChange={(e) => put(i, { barcode: e.target.value })}
                  />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
