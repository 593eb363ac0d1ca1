import { $api, type Schema } from "@huoshui/api";
import { ErrorNote, Loaded, Page, Panel } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { App, Button, Checkbox, InputNumber, Tooltip } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { Field, Whole } from "./fields";
import "./promo.css";

type Settings = Schema<"PromotionSettings">;
type Pair = [string, string];

/** The kinds of what changes a price, in the order in which they are applied. */
const kinds = [
  "member",
  "flash",
  "group",
  "presale",
  "bundle",
  "reduction",
  "coupon_gift",
  "coupon_full",
  "coupon_discount",
  "coupon_freight",
  "points",
] as const;

/** What goes with what in every cart, how many of each, and how far given balance pays. */
export default function SettingsPage() {
  const { t } = useTranslation();
  const query = $api.useQuery("get", "/api/v1/promotion-settings", {}, { refetchOnWindowFocus: false });
  return (
    <Page
      title={t("promo.settings.title")}
      lead={t("promo.settings.lead")}
      crumbs={<Link to={"/promotions" as never}>{t("promo.offers.title")}</Link>}
    >
      <Loaded query={query}>{(s) => <Form key={s.version} read={s} />}</Loaded>
    </Page>
  );
}

function Form({ read }: { read: Settings }) {
  const { t } = useTranslation();
  const can = useCan();
  const client = useQueryClient();
  const { message } = App.useApp();
  const [s, setSettings] = useState(read);
  const off = !can("promo.write");
  const save = $api.useMutation("put", "/api/v1/promotion-settings", {
    meta: { quiet: true },
    onSuccess: async () => {
      message.success(t("promo.saved_ok"));
      await client.invalidateQueries({ predicate: (q) => q.queryKey[1] === "/api/v1/promotion-settings" });
    },
  });
  const excludes = (s.stacking.excludes ?? []) as Pair[];
  const is = (a: string, b: string) => (p: Pair) => (p[0] === a && p[1] === b) || (p[0] === b && p[1] === a);
  const turn = (a: string, b: string, on: boolean) => {
    const rest = excludes.filter((p) => !is(a, b)(p));
    setSettings({
      ...s,
      stacking: { ...s.stacking, excludes: (on ? [...rest, [a, b]] : rest) as Settings["stacking"]["excludes"] },
    });
  };
  const name = (k: string) => t(`promo.settings.kinds.${k}`);
  return (
    <>
      <Panel title={t("promo.settings.limits")}>
        <fieldset disabled={off} className="promo-form promo-fieldset">
          <Field label={t("promo.settings.max_coupons")} why={t("promo.settings.max_coupons_why")}>
            <InputNumber
              aria-label={t("promo.settings.max_coupons")}
              min={1}
              max={10}
              precision={0}
              disabled={off}
              value={s.stacking.max_coupons || 1}
              onChange={(n) => setSettings({ ...s, stacking: { ...s.stacking, max_coupons: n ?? 1 } })}
            />
          </Field>
          <Field label={t("promo.settings.max_reductions")} why={t("promo.settings.max_reductions_why")}>
            <Whole
              label={t("promo.settings.max_reductions")}
              n={s.stacking.max_reductions}
              max={100}
              empty={t("promo.no_limit")}
              onChange={(max_reductions) => setSettings({ ...s, stacking: { ...s.stacking, max_reductions } })}
            />
          </Field>
          <Field label={t("promo.settings.gift_share")} why={t("promo.settings.gift_share_why")}>
            <InputNumber
              aria-label={t("promo.settings.gift_share")}
              min={0}
              max={100}
              precision={2}
              suffix="%"
              disabled={off}
              value={s.balance.gift_max_share / 100}
              onChange={(n) => setSettings({ ...s, balance: { gift_max_share: Math.round((n ?? 0) * 100) } })}
            />
          </Field>
        </fieldset>
      </Panel>
      <Panel title={t("promo.settings.excludes")} definition={t("promo.settings.excludes_why")}>
        <p className="hs-secondary">{t("promo.settings.excludes_text")}</p>
        <div className="promo-matrix-box">
          <table className="promo-matrix">
            <thead>
              <tr>
                <td />
                {kinds.slice(0, -1).map((k) => (
                  <th key={k} scope="col">
                    {name(k)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {kinds.slice(1).map((row, i) => (
                <tr key={row}>
                  <th scope="row">{name(row)}</th>
                  {kinds.slice(0, -1).map((column, j) => (
                    <td key={column}>
                      {j <= i ? (
                        <Tooltip title={t("promo.settings.pair", { a: name(column), b: name(row) })}>
                          <Checkbox
                            aria-label={t("promo.settings.pair", { a: name(column), b: name(row) })}
                            disabled={off}
                            checked={excludes.some(is(row, column))}
                            onChange={(e) => turn(column, row, e.target.checked)}
                          />
                        </Tooltip>
                      ) : null}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </Panel>
      {save.error ? <ErrorNote error={save.error} /> : null}
      {off ? null : (
        <div className="promo-inputs">
          <Button
            type="primary"
            loading={save.isPending}
            disabled={JSON.stringify(s) === JSON.stringify(read)}
            onClick={() => save.mutate({ body: s })}
          >
            {t("promo.settings.save")}
          </Button>
          <Link to={"/promotions/try" as never}>{t("promo.try.title")}</Link>
        </div>
      )}
    </>
  );
}
