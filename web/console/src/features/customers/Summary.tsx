import { $api, type Schema } from "@huoshui/api";
import { Count, Facts, LayerTag, Loaded, Money, None, When } from "@huoshui/ui";
import { useTranslation } from "react-i18next";
import { Timeline } from "./Timeline";

export type Profile = Schema<"CustomerProfile">;

/** A customer in the drawer: where they stand, what they bought, and what happened last. */
export function Summary(props: { id: string }) {
  const { t } = useTranslation();
  const one = $api.useQuery("get", "/api/v1/customers/{id}", { params: { path: { id: props.id } } });
  return (
    <Loaded query={one}>
      {(c) => (
        <div className="hs-customer">
          <Standing customer={c} />
          <Facts
            columns={3}
            items={[
              { label: t("customers.orders"), value: <Count n={c.orders} />, why: t("customers.orders_why") },
              { label: t("customers.spent"), value: <Money fen={c.spent_fen} />, why: t("customers.spent_why") },
              {
                label: t("customers.average"),
                value: c.orders > 0 ? <Money fen={Math.round(c.spent_fen / c.orders)} /> : <None />,
                why: t("customers.average_why"),
              },
              { label: t("customers.recent"), value: c.orders > 0 ? <When at={c.last_order_at} ago /> : <None /> },
              { label: t("customers.phone"), value: c.phone || <None /> },
              { label: t("customers.place"), value: [c.province, c.city].filter(Boolean).join(" ") || <None /> },
            ]}
          />
          <h3>{t("customers.timeline")}</h3>
          <Timeline id={c.id} />
        </div>
      )}
    </Loaded>
  );
}

/** Layer with its reason, lifecycle, RFM: as of the latest computation. */
export function Standing(props: { customer: Profile }) {
  const { t } = useTranslation();
  const s = props.customer.standing;
  if (!s) {
    return <p className="hs-secondary">{t("customers.standing_none")}</p>;
  }
  return (
    <Facts
      columns={3}
      items={[
        {
          label: t("customers.layer"),
          value: <LayerTag layer={s.layer} />,
          why: t(`layers.reason.${s.reason}`, { defaultValue: t("customers.layer_why") }),
        },
        { label: t("customers.stage"), value: t(`layers.stage.${s.stage}`, { defaultValue: s.stage }) },
        {
          label: t("customers.rfm"),
          why: t("customers.rfm_why"),
          value:
            s.frequency > 0 ? (
              <span>
                <b className="hs-num">
                  {s.r}-{s.f}-{s.m}
                </b>{" "}
                <span className="hs-secondary">{t(`layers.class.${s.class}`, { defaultValue: s.class })}</span>
              </span>
            ) : (
              <None />
            ),
        },
      ]}
    />
  );
}
