import { $api, type Schema } from "@huoshui/api";
import {
  Cards,
  Count,
  Empty,
  Facts,
  formatCount,
  LayerTag,
  Loaded,
  Money,
  None,
  Page,
  Panel,
  RowDrawer,
  StatCard,
  useReader,
  When,
} from "@huoshui/ui";
import { Link, useParams } from "@tanstack/react-router";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useUrlState } from "../../shell/url";
import { Heat } from "../../tagging/Heat";
import { PersonTags } from "../../tagging/PersonTags";
import { Arrival } from "./Arrival";
import { Channel } from "./Channel";
import { ConsentPanel } from "./Consents";
import { IdentityPanel } from "./Identity";
import { OrderDetail } from "./Order";
import { type Profile, Standing } from "./Summary";
import { Timeline } from "./Timeline";

/** One customer, whole: figures, profile, identity, consent, and the timeline. */
export default function CustomerPage() {
  const { t } = useTranslation();
  const { id } = useParams({ strict: false }) as { id: string };
  const one = $api.useQuery("get", "/api/v1/customers/{id}", { params: { path: { id } } });
  const c = one.data;
  const can = useCan();
  return (
    <Page
      title={c ? c.name || c.code || t("customers.nameless") : t("customers.one")}
      titleExtra={c?.name && c.code ? <span className="hs-secondary">{c.code}</span> : null}
      crumbs={<Link to="/customers">{t("customers.title")}</Link>}
      actions={
        c && !c.erased && can("finance.read") ? (
          <Link to={"/finance/wallets" as never} search={{ customer: c.id } as never}>
            <Button>{t("customers.wallet")}</Button>
          </Link>
        ) : null
      }
    >
      <Loaded query={one}>{(customer) => <Body customer={customer} />}</Loaded>
    </Page>
  );
}

function Body(props: { customer: Profile }) {
  const { t } = useTranslation();
  const [state, setState] = useUrlState({ order: "" });
  const reader = useReader();
  const can = useCan();
  const c = props.customer;
  const activity = $api.useQuery("get", "/api/v1/customers/{id}/activity", { params: { path: { id: c.id } } });
  const did = activity.data;
  if (c.erased) {
    return (
      <Empty title={t("customers.erase.was")} action={<Link to="/customers">{t("customers.erase.back")}</Link>}>
        {t("customers.erase.was_text")}
      </Empty>
    );
  }
  return (
    <>
      <Cards min={148}>
        <StatCard
          label={t("customers.spent")}
          definition={t("customers.spent_why")}
          value={<Money fen={c.spent_fen} short />}
          note={
            c.refunded_fen > 0 ? (
              <>
                {t("customers.refunded")} <Money fen={c.refunded_fen} short />
              </>
            ) : null
          }
        />
        <StatCard
          label={t("customers.orders")}
          definition={t("customers.orders_why")}
          value={<Count n={c.orders} />}
          note={
            c.orders > 0 ? (
              <span title={t("customers.average_why")}>
                {t("customers.average")} <Money fen={Math.round(c.spent_fen / c.orders)} short />
              </span>
            ) : null
          }
        />
        <StatCard label={t("customers.recent")} value={c.orders > 0 ? <When at={c.last_order_at} ago /> : <None />} />
        <StatCard
          label={t("tags.heat")}
          definition={t("tags.heat_why", { days: 7 })}
          value={<Heat points={c.heat} />}
        />
        <StatCard
          label={t("customers.visits")}
          definition={t("customers.visits_why")}
          value={did ? <Count n={did.visits_7} /> : <None />}
          note={did ? t("customers.visits_30", { n: formatCount(did.visits_30, reader.language) }) : null}
        />
        <StatCard
          label={t("customers.opened")}
          definition={t("customers.opened_why")}
          value={
            did ? (
              <>
                <Count n={did.opened_30} /> / <Count n={did.messages_30} />
              </>
            ) : (
              <None />
            )
          }
        />
        <StatCard
          label={t("customers.seen")}
          definition={t("customers.seen_why")}
          value={did?.last_seen ? <When at={did.last_seen} ago /> : <None />}
        />
      </Cards>
      <div className="hs-customer-columns">
        <Panel title={t("customers.timeline")}>
          <Timeline id={c.id} counts={did?.kinds} onOrder={(order) => setState({ order })} />
        </Panel>
        <div className="hs-customer-side">
          <Panel title={t("customers.standing")}>
            <Standing customer={c} />
            {did && did.layers.length > 0 ? <LayerHistory turns={did.layers} /> : null}
          </Panel>
          {can("tags.read") ? <PersonTags id={c.id} /> : null}
          <Panel title={t("customers.profile")}>
            <Facts
              columns={2}
              items={[
                { label: t("customers.phone"), value: c.phone || <None /> },
                { label: t("customers.email"), value: c.email || <None /> },
                { label: t("customers.gender"), value: c.gender ? t(`customers.genders.${c.gender}`) : <None /> },
                { label: t("customers.birthday"), value: c.birthday || <None /> },
                {
                  label: t("customers.place"),
                  value: [...new Set([c.province, c.city])].filter(Boolean).join(" ") || <None />,
                },
                { label: t("customers.source"), value: <Channel code={c.source} /> },
                { label: t("customers.level"), value: c.level || <None /> },
                { label: t("customers.store"), value: c.store || <None /> },
                {
                  label: t("customers.zone"),
                  value: c.zone || (
                    <span className="hs-secondary">{t("customers.zone_business", { zone: reader.zone })}</span>
                  ),
                  why: t("customers.zone_why"),
                },
                {
                  label: t("customers.registered"),
                  value: <When at={c.registered_at} />,
                  why: c.registered_known ? undefined : t("customers.registered_guess"),
                },
                { label: t("customers.first_order"), value: c.orders > 0 ? <When at={c.first_order_at} /> : <None /> },
                ...(c.arrivals
                  ? [
                      { label: t("customers.arrival_first"), value: <Arrival touch={c.arrivals.first} /> },
                      { label: t("customers.arrival_last"), value: <Arrival touch={c.arrivals.last} /> },
                    ]
                  : []),
              ]}
            />
          </Panel>
          <ConsentPanel number={c.number} />
          {can("identity.read") ? (
            <IdentityPanel customer={c} />
          ) : (
            <Panel title={t("customers.keys")} definition={t("customers.keys_why")}>
              <Facts
                columns={1}
                items={c.keys.map((k) => ({
                  label: t(`customers.key.${k.kind}`, { defaultValue: k.kind }),
                  value: <span className="hs-num">{k.value}</span>,
                }))}
              />
            </Panel>
          )}
        </div>
      </div>
      <RowDrawer open={!!state.order} title={t("customers.order")} onClose={() => setState({ order: "" })}>
        {state.order ? <OrderDetail id={state.order} /> : null}
      </RowDrawer>
    </>
  );
}

const shownTurns = 6;

/** When somebody came from one layer into another, the newest first. */
function LayerHistory(props: { turns: readonly Schema<"LayerTurn">[] }) {
  const { t } = useTranslation();
  return (
    <section className="hs-layer-turns">
      <h3>{t("customers.layers")}</h3>
      <ol>
        {props.turns.slice(0, shownTurns).map((turn) => (
          <li key={turn.at}>
            <span className="hs-secondary">
              <When at={turn.at} style="date" />
            </span>
            <span>
              {turn.from ? (
                <LayerTag layer={turn.from} />
              ) : (
                <span className="hs-secondary">{t("customers.layers_first")}</span>
              )}
              <span className="hs-secondary" aria-hidden>
                →
              </span>
              <LayerTag layer={turn.to} />
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
