import { $api } from "@huoshui/api";
import { Empty, Loaded, Money, Panel, Percent, Why } from "@huoshui/ui";
import { keepPreviousData } from "@tanstack/react-query";
import { Segmented } from "antd";
import { useTranslation } from "react-i18next";
import { useUrlState } from "../../shell/url";
import { Days, Frame } from "./Frame";

/** What was given away over some days, by campaign or layer, and its share of gross sales. */
export default function BenefitsPage() {
  const { t } = useTranslation();
  const [state, setState] = useUrlState({ from: "", to: "", by: "campaign" });
  const first = $api.useQuery("get", "/api/v1/finance");
  const today = first.data?.today ?? "";
  const from = state.from || `${today.slice(0, 8)}01`;
  const to = state.to || today;
  const by = state.by === "layer" ? "layer" : "campaign";
  const query = $api.useQuery(
    "get",
    "/api/v1/finance/benefits",
    { params: { query: { from, to, by } } },
    { enabled: today !== "", placeholderData: keepPreviousData },
  );
  return (
    <Frame tab="benefits">
      <Days from={from} to={to} onDays={setState}>
        <Segmented
          value={by}
          onChange={(value) => setState({ by: String(value) })}
          options={[
            { value: "campaign", label: t("finance.by_campaign") },
            { value: "layer", label: t("finance.by_layer") },
          ]}
        />
      </Days>
      <Loaded query={query}>
        {(data) =>
          data.items.length === 0 ? (
            <Empty title={t("finance.no_benefits")} />
          ) : (
            <Panel>
              <div className="hs-finance-scroll">
                <table className="hs-finance-table">
                  <thead>
                    <tr>
                      <th>{t(by === "layer" ? "finance.layer" : "finance.campaign")}</th>
                      <th className="hs-right">{t("finance.discounts")}</th>
                      <th className="hs-right">{t("finance.coupons")}</th>
                      <th className="hs-right">{t("finance.given_points")}</th>
                      <th className="hs-right">{t("finance.gifts")}</th>
                      <th className="hs-right">
                        {t("finance.breakage")}
                        <Why>{t("finance.breakage_why")}</Why>
                      </th>
                      <th className="hs-right">{t("finance.received")}</th>
                      <th className="hs-right">
                        {t("finance.share")}
                        <Why>{t("finance.share_why")}</Why>
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {data.items.map((b) => (
                      <tr key={b.name}>
                        <td>{b.name || t("finance.none")}</td>
                        <td className="hs-right">
                          <Money fen={b.discounts_fen} />
                        </td>
                        <td className="hs-right">
                          <Money fen={b.coupons_fen} />
                        </td>
                        <td className="hs-right">
                          <Money fen={b.points_fen} />
                        </td>
                        <td className="hs-right">
                          <Money fen={b.gifts_fen} />
                        </td>
                        <td className="hs-right">
                          <Money fen={b.gift_breakage_fen + b.points_breakage_fen} />
                        </td>
                        <td className="hs-right">
                          <Money fen={b.received_fen} />
                        </td>
                        <td className="hs-right">
                          <Percent
                            share={
                              b.received_fen > 0
                                ? (b.discounts_fen + b.coupons_fen + b.points_fen) / b.received_fen
                                : undefined
                            }
                          />
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            </Panel>
          )
        }
      </Loaded>
    </Frame>
  );
}
