import { $api, type Schema } from "@huoshui/api";
import { Empty, formatCount, formatPercent, Loaded, Loading, useReader, Why } from "@huoshui/ui";
import { Checkbox, Modal } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Detail } from "./words";

type Pair = Detail["pairs"][number];
type Found = Schema<"ProductPair">;

/** What is bought together with goods beyond chance: some or all of it is taken as recommended; what was chosen already is not offered. */
export function FromBaskets(props: {
  of: Detail;
  taken: readonly string[];
  /** How many more can be shown. */
  room: number;
  onClose: () => void;
  onTake: (pairs: Pair[]) => void;
}) {
  const { t } = useTranslation();
  const { language } = useReader();
  const asked = $api.useQuery("get", "/api/v1/product-analytics/pairs", {
    params: { query: { product: props.of.id, firm: true, limit: 50 } },
  });
  const offered = (asked.data?.pairs ?? []).filter((p) => p.b.goods && !props.taken.includes(p.b.id));
  const [left, setLeft] = useState<readonly string[]>([]); // those that are not wanted
  const wanted = offered.filter((p) => !left.includes(p.b.id)).slice(0, props.room);
  const has = (p: Found) => wanted.includes(p);
  const full = wanted.length >= props.room;
  return (
    <Modal
      open
      width={760}
      title={t("goods.basket_title", { name: props.of.title })}
      okText={t("goods.basket_take", { n: wanted.length })}
      cancelText={t("ui.cancel")}
      okButtonProps={{ disabled: wanted.length === 0 }}
      onOk={() =>
        props.onTake(
          wanted.map((p) => ({ other: p.b.id, title: p.b.name, status: "", source: "basket", lift: p.lift })),
        )
      }
      onCancel={props.onClose}
    >
      <Loaded query={asked} loading={<Loading />}>
        {(d) =>
          offered.length === 0 ? (
            <Empty small title={t("goods.basket_none")}>
              {t("goods.basket_none_text", { least: d.least_baskets })}
            </Empty>
          ) : (
            <div className="hs-trade-stack">
              <span className="hs-secondary">
                {t("goods.basket_why", {
                  from: d.period.from,
                  to: d.period.to,
                  n: formatCount(d.baskets, language),
                  room: props.room,
                })}
              </span>
              <div className="hs-trade-scroll">
                <table className="hs-trade-table">
                  <thead>
                    <tr>
                      <th>{t("goods.basket_goods")}</th>
                      <th className="hs-right">{t("goods.basket_baskets")}</th>
                      <th className="hs-right">
                        {t("goods.basket_support")} <Why>{t("goods.basket_support_why")}</Why>
                      </th>
                      <th className="hs-right">
                        {t("goods.basket_confidence")} <Why>{t("goods.basket_confidence_why")}</Why>
                      </th>
                      <th className="hs-right">
                        {t("goods.basket_lift")} <Why>{t("goods.basket_lift_why")}</Why>
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {offered.map((p) => (
                      <tr key={p.b.id}>
                        <td>
                          <Checkbox
                            checked={has(p)}
                            disabled={!has(p) && full}
                            onChange={(e) =>
                              setLeft(e.target.checked ? left.filter((id) => id !== p.b.id) : [...left, p.b.id])
                            }
                          >
                            {p.b.name}
                          </Checkbox>
                        </td>
                        <td className="hs-right hs-num">{formatCount(p.baskets, language)}</td>
                        <td className="hs-right hs-num">{formatPercent(p.support, language, 2)}</td>
                        <td className="hs-right hs-num">{formatPercent(p.a_to_b.rate, language)}</td>
                        <td className="hs-right hs-num">
                          <b>{p.lift.toFixed(2)}</b>
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            </div>
          )
        }
      </Loaded>
    </Modal>
  );
}
