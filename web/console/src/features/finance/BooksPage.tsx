import { DownloadOutlined } from "@ant-design/icons";
import { $api } from "@huoshui/api";
import {
  Cards,
  Empty,
  formatCount,
  formatMoney,
  Loaded,
  Loading,
  Money,
  None,
  Panel,
  StatCard,
  Status,
  useReader,
} from "@huoshui/ui";
import { keepPreviousData } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Alert, Button } from "antd";
import { useTranslation } from "react-i18next";
import { useUrlState } from "../../shell/url";
import { Days, Frame, useAccount } from "./Frame";

/** The trial balance of some days, and what finance looks at first. */
export default function BooksPage() {
  const { t } = useTranslation();
  const { language } = useReader();
  const navigate = useNavigate();
  const account = useAccount();
  const [state, setState] = useUrlState({ from: "", to: "" });
  const first = $api.useQuery("get", "/api/v1/finance");
  const days = { from: state.from || undefined, to: state.to || undefined };
  const trial = $api.useQuery(
    "get",
    "/api/v1/finance/trial-balance",
    { params: { query: days } },
    { placeholderData: keepPreviousData },
  );
  const check = $api.useQuery("get", "/api/v1/finance/check", {}, { enabled: false });
  const range = `from=${trial.data?.from ?? ""}&to=${trial.data?.to ?? ""}`;
  return (
    <Frame
      tab="books"
      actions={
        <Button loading={check.isFetching} onClick={() => void check.refetch()} title={t("finance.check_why")}>
          {t("finance.check")}
        </Button>
      }
    >
      {check.data ? (
        <Alert
          type={check.data.differences === 0 ? "success" : "error"}
          showIcon
          title={
            check.data.differences === 0
              ? t("finance.check_good", { n: check.data.checks.length })
              : t("finance.check_bad", { n: check.data.differences })
          }
          description={check.data.checks.flatMap((c) =>
            c.differences.map((d) => (
              <div key={c.name + d.what}>
                {c.name}: <code>{d.what}</code> {formatMoney(d.want_fen, language)} ≠ {formatMoney(d.got_fen, language)}
              </div>
            )),
          )}
        />
      ) : null}
      <Loaded query={first} loading={<Loading blocks={5} />}>
        {(s) => (
          <>
            {s.simulated ? <Alert type="info" showIcon title={t("finance.simulated")} /> : null}
            <Cards min={180}>
              <StatCard
                label={t("finance.deferred")}
                definition={t("finance.deferred_why")}
                value={<Money fen={s.deferred_fen} short />}
                onClick={() => void navigate({ to: "/finance/accounts/deferred" as never })}
              />
              <StatCard
                label={t("finance.wechat")}
                definition={t("finance.wechat_why")}
                value={<Money fen={s.wechat_fen} short />}
                onClick={() => void navigate({ to: "/finance/accounts/wechat" as never })}
              />
              <StatCard
                label={t("finance.wallets")}
                definition={t("finance.wallets_why")}
                value={<Money fen={s.wallets.principal_fen + s.wallets.gift_fen} short />}
                note={t("finance.wallets_note", {
                  principal: formatMoney(s.wallets.principal_fen, language),
                  gift: formatMoney(s.wallets.gift_fen, language),
                })}
              />
              <StatCard
                label={t("finance.points")}
                definition={t("finance.points_why")}
                value={<Money fen={s.points.value_fen} short />}
                note={t("finance.points_note", { n: formatCount(s.points.points, language) })}
              />
              <StatCard
                label={t("finance.owed")}
                definition={t("finance.owed_why")}
                value={<Money fen={s.refunds_owed_fen} short />}
                note={s.refund_trouble > 0 ? t("finance.trouble", { n: s.refund_trouble }) : undefined}
                onClick={() => void navigate({ to: "/finance/refunds" as never })}
              />
            </Cards>
          </>
        )}
      </Loaded>
      <Loaded query={trial}>
        {(data) => (
          <Panel
            title={t("finance.tab.books")}
            actions={
              <Button icon={<DownloadOutlined />} href={`/api/v1/finance/export?${range}`}>
                {t("finance.export")}
              </Button>
            }
          >
            <div className="hs-finance">
              <Days from={data.from} to={data.to} onDays={setState}>
                {data.difference_fen === 0 ? (
                  <Status tone="good">{t("finance.balanced")}</Status>
                ) : (
                  <Status tone="attention">
                    {t("finance.unbalanced", { amount: formatMoney(data.difference_fen, language) })}
                  </Status>
                )}
              </Days>
              {data.accounts.length === 0 ? (
                <Empty small title={t("finance.empty")}>
                  {t("finance.empty_text")}
                </Empty>
              ) : (
                <div className="hs-finance-scroll">
                  <table className="hs-finance-table">
                    <thead>
                      <tr>
                        <th>{t("finance.number")}</th>
                        <th>{t("finance.account")}</th>
                        <th className="hs-right">{t("finance.opening")}</th>
                        <th className="hs-right">{t("finance.debit")}</th>
                        <th className="hs-right">{t("finance.credit")}</th>
                        <th className="hs-right">{t("finance.closing")}</th>
                      </tr>
                    </thead>
                    <tbody>
                      {data.accounts.map((a) => (
                        <tr key={a.account}>
                          <td className="hs-num">{a.number}</td>
                          <td>
                            <Link to={`/finance/accounts/${a.account}` as never}>{account(a.account)}</Link>
                          </td>
                          <td className="hs-right">
                            <Money fen={a.opening_fen} />
                          </td>
                          <td className="hs-right">{a.debit_fen ? <Money fen={a.debit_fen} /> : <None />}</td>
                          <td className="hs-right">{a.credit_fen ? <Money fen={a.credit_fen} /> : <None />}</td>
                          <td className="hs-right">
                            <Money fen={a.closing_fen} />
                          </td>
                        </tr>
                      ))}
                    </tbody>
                    <tfoot>
                      <tr>
                        <td />
                        <td>{t("finance.total")}</td>
                        <td />
                        <td className="hs-right">
                          <Money fen={data.debit_fen} />
                        </td>
                        <td className="hs-right">
                          <Money fen={data.credit_fen} />
                        </td>
                        <td className="hs-right">
                          <Money fen={data.difference_fen} />
                        </td>
                      </tr>
                    </tfoot>
                  </table>
                </div>
              )}
            </div>
          </Panel>
        )}
      </Loaded>
    </Frame>
  );
}
