import { formatCount } from "@huoshui/ui/format";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { $api, api, changedMe, useMe } from "../api";
import { money } from "../components/goods";
import { Icon, Screen } from "../components/Screen";
import { Skeleton, Trouble } from "../components/states";
import { allowed, refuses } from "../consent";
import { language, pick, say, speak } from "../i18n";
import { Link } from "../router";
import * as consent from "../words/consent";
import * as both from "../words/me";
import * as orders from "../words/order";

const words = pick(both);
const order = pick(orders);
const asking = pick(consent);

/** The member's own page: who she is here, what she has, and the ways to her orders, coupons and addresses. */
export default function Me() {
  const me = useMe();
  const leave = useMutation({
    mutationFn: async () => {
      const { error } = await api.DELETE("/api/v1/shop/session");
      if (error) {
        throw error;
      }
      await changedMe();
    },
  });
  return (
    <Screen title={words.title} tab="me" busy={me === undefined}>
      <section className="panel me">
        {me === undefined ? (
          <Skeleton lines={2} />
        ) : me === null ? (
          <>
            <p className="muted">{words.guest}</p>
            <Link to="/sign-in" className="primary">
              {words.sign_in}
            </Link>
          </>
        ) : (
          <>
            <h2>{me.name ? say(words.hello, { name: me.name }) : words.nameless}</h2>
            <p className="muted">{me.phone}</p>
            <dl className="figures">
              <div>
                <dt>{words.level}</dt>
                <dd>{me.level || words.no_level}</dd>
              </div>
              <div>
                <dt>{words.points}</dt>
                <dd>{formatCount(me.points, language)}</dd>
              </div>
              <div>
                <dt>{words.balance}</dt>
                <dd>{money(me.balance_fen)}</dd>
              </div>
            </dl>
          </>
        )}
      </section>
      <section className="panel">
        <h2>{words.orders}</h2>
        <nav className="quarters" aria-label={words.orders}>
          {(["unpaid", "paid", "shipped", "finished"] as const).map((s) => (
            <Link key={s} to={`/orders?state=${s}`}>
              <Icon name={s === "shipped" ? "truck" : s === "unpaid" ? "ticket" : s === "paid" ? "cart" : "check"} />
              {order.state[s]}
            </Link>
          ))}
        </nav>
      </section>
      <nav className="panel slim" aria-label={words.title}>
        {(
          [
            ["/orders", "order", words.orders],
            ["/coupons", "ticket", words.coupons],
            ["/together", "me", words.together],
            ["/presales", "me", words.presales],
            ["/after-sale", "truck", words.after_sale],
            ["/reviews", "edit", words.reviews],
            ["/addresses", "place", words.addresses],
          ] as const
        ).map(([to, icon, name]) => (
          <Link key={to} to={to} className="row">
            <Icon name={icon} />
            <span className="grow">{name}</span>
            <Icon name="next" />
          </Link>
        ))}
        <button type="button" className="row" onClick={() => speak(language === "zh" ? "en" : "zh")}>
          <Icon name="globe" />
          <span className="grow" lang={language === "zh" ? "en" : "zh-CN"}>
            {words.language}
          </span>
        </button>
        <Told />
      </nav>
      {me && (
        <p className="more">
          <button type="button" className="quiet" disabled={leave.isPending} onClick={() => leave.mutate()}>
            {words.sign_out}
          </button>
          <Trouble error={leave.error} />
        </p>
      )}
    </Screen>
  );
}

/** Whether this browser is told of, and the way to change it; nothing where the store is told of nobody. */
function Told() {
  const { data } = $api.useQuery("get", "/api/v1/shop/tracking");
  const [changed, setChanged] = useState(0);
  if (!data?.write_key) {
    return null;
  }
  const on = allowed(data.ask);
  const turn = async () => {
    const { allow } = await import("../track");
    allow(!on);
    setChanged(changed + 1);
  };
  return (
    <button
      type="button"
      className="row"
      role="switch"
      aria-checked={on}
      disabled={refuses()}
      onClick={() => void turn()}
    >
      <Icon name="check" />
      <span className="grow">{asking.on}</span>
      <span className="muted">{refuses() ? asking.browser : on ? asking.is_on : asking.is_off}</span>
    </button>
  );
}
