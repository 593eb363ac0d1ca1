import { $api } from "@huoshui/api";
import { Empty, Loaded, Money, None, Panel, Status, When } from "@huoshui/ui";
import { Input } from "antd";
import { useTranslation } from "react-i18next";
import { useUrlState } from "../../shell/url";
import { Frame, useAccount, useReason } from "./Frame";

/** An order's money trail: payments, refunds, and every entry with what it moved. */
export default function OrderPage() {
  const { t } = useTranslation();
  const [state, setState] = useUrlState({ id: "" });
  return (
    <Frame tab="orders">
      <div className="hs-finance-bar">
        <Input.Search
          key={state.id}
          defaultValue={state.id}
          placeholder={t("finance.find_order")}
          aria-label={t("finance.find_order")}
          enterButton={t("finance.find")}
          onSearch={(id) => setState({ id: id.trim() })}
          style={{ width: 420 }}
        />
      </div>
      {state.id ? (
        <Trail order={state.id} />
      ) : (
        <Empty title={t("finance.no_order")}>{t("finance.no_order_text")}</Empty>
      )}
    </Frame>
  );
}

function Trail(props: { order: string }) {
  const { t } = useTranslation();
  const account = useAccount();
  const reason = useReason();
  const query = $api.useQuery("get", "/api/v1/finance/orders/{order}", { params: { path: { order: props.order } } });
  return (
    <Loaded query={query}>
      {(data) => (
        <>
          {data.payments.length > 0 ? (
            <Panel title={t("finance.payments")}>
              <div className="hs-finance-scroll">
                <table className="hs-finance-table">
                  <thead>
                    <tr>
                      <th>{t("finance.method")}</th>
                      <th className="hs-right">{t("finance.amount")}</th>
                      <th className="hs-right">{t("finance.refunded")}</th>
                      <th>{t("finance.state")}</th>
                      <th>{t("finance.paid_at")}</th>
                      <th>{t("finance.ref")}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {data.payments.map((p) => (
                      <tr key={p.id}>
                        <td>{t(`finance.methods.${p.method}`)}</td>
                        <td className="hs-right">
                          <Money fen={p.amount_fen} />
                        </td>
                        <td className="hs-right">{p.refunded_fen ? <Money fen={p.refunded_fen} /> : <None />}</td>
                        <td>
                          <Status tone={p.state === "paid" ? "good" : "calm"}>
                            {t(`finance.payment_state.${p.state}`)}
                          </Status>
                        </td>
                        <td>{p.paid_at ? <When at={p.paid_at} style="second" /> : <None />}</td>
                        <td>
                          <code>{p.id}</code>
                        </td>
                      </tr>
                    ))}
                    {data.refunds.map((r) => (
                      <tr key={r.id}>
                        <td>{t("finance.tab.refunds")}</td>
                        <td className="hs-right">
                          <Money fen={-r.amount_fen} />
                        </td>
                        <td />
                        <td>
                          <Status tone={r.state === "success" ? "good" : "calm"}>
                            {t(`finance.refund_state.${r.state}`)}
                          </Status>
                        </td>
                        <td>{r.done_at ? <When at={r.done_at} style="second" /> : <None />}</td>
                        <td>
                          <code>{r.id}</code>
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            </Panel>
          ) : null}
          <Panel title={t("finance.entries")}>
            <div className="hs-finance-scroll">
              <table className="hs-finance-table">
                <thead>
                  <tr>
                    <th>{t("finance.at")}</th>
                    <th>{t("finance.reason")}</th>
                    <th>{t("finance.account")}</th>
                    <th className="hs-right">{t("finance.amount")}</th>
                    <th>{t("finance.day")}</th>
                  </tr>
                </thead>
                <tbody>
                  {data.entries.flatMap((e) =>
                    e.moves.map((m) => (
                      <tr key={`${e.id}/${m.n}`}>
                        <td>{m.n === 1 ? <When at={e.at} style="second" /> : null}</td>
                        <td>{m.n === 1 ? reason(e.reason) : null}</td>
                        <td>{t("finance.of", { debit: account(m.debit), credit: account(m.credit) })}</td>
                        <td className="hs-right">
                          <Money fen={m.amount_fen} />
                        </td>
                        <td>{m.n === 1 ? e.day : null}</td>
                      </tr>
                    )),
                  )}
                </tbody>
              </table>
            </div>
          </Panel>
        </>
      )}
    </Loaded>
  );
}
