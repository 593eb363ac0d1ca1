import { $api } from "@huoshui/api";
import { Count, Facts, Loaded, Money, When } from "@huoshui/ui";
import { useTranslation } from "react-i18next";
import { Arrival } from "./Arrival";
import { Channel } from "./Channel";

/** An order with what was bought and what was given back. */
export function OrderDetail(props: { id: string }) {
  const { t } = useTranslation();
  const one = $api.useQuery("get", "/api/v1/orders/{id}", { params: { path: { id: props.id } } });
  return (
    <Loaded query={one}>
      {(o) => (
        <div className="hs-customer">
          <Facts
            columns={3}
            items={[
              { label: t("customers.order"), value: <span className="hs-num">{o.number}</span> },
              { label: t("customers.sold_in"), value: <Channel code={o.channel} /> },
              { label: t("customers.paid_at"), value: <When at={o.paid_at} style="second" /> },
              { label: t("customers.amount"), value: <Money fen={o.amount_fen} /> },
              { label: t("customers.quantity"), value: <Count n={o.quantity} /> },
              { label: t("customers.given_back"), value: <Money fen={o.refunded_fen} /> },
              ...(o.first_touch
                ? [{ label: t("customers.arrival_first"), value: <Arrival touch={o.first_touch} /> }]
                : []),
              ...(o.last_touch
                ? [{ label: t("customers.arrival_last"), value: <Arrival touch={o.last_touch} /> }]
                : []),
            ]}
          />
          <h3>{t("customers.order_lines")}</h3>
          {o.lines.length === 0 ? <p className="hs-secondary">{t("customers.no_lines")}</p> : null}
          <ul className="hs-timeline-lines">
            {o.lines.map((l) => (
              <li key={l.key}>
                <span>
                  {l.name || l.product} {l.name ? <small className="hs-secondary">{l.product}</small> : null}
                </span>
                <span className="hs-secondary hs-num">
                  × <Count n={l.quantity} />
                </span>
                <span className="hs-num">
                  <Money fen={l.amount_fen} />
                </span>
              </li>
            ))}
          </ul>
          {o.refunds.length > 0 ? (
            <>
              <h3>{t("customers.order_refunds")}</h3>
              <ul className="hs-timeline-lines">
                {o.refunds.map((r) => (
                  <li key={`${r.number} ${r.key}`}>
                    <span>
                      <When at={r.refunded_at} /> {r.product || t("customers.whole_order")}
                    </span>
                    <span className="hs-secondary hs-num">
                      {r.quantity > 0 ? (
                        <>
                          × <Count n={r.quantity} />
                        </>
                      ) : null}
                    </span>
                    <span className="hs-num">
                      −<Money fen={r.amount_fen} />
                    </span>
                  </li>
                ))}
              </ul>
            </>
          ) : null}
        </div>
      )}
    </Loaded>
  );
}
