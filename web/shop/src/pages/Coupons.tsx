import { formatWhen } from "@huoshui/ui/format";
import { $api, type Schema } from "../api";
import { present } from "../clock";
import { money } from "../components/goods";
import { gives } from "../components/money";
import { Screen } from "../components/Screen";
import { Signed } from "../components/Signed";
import { Empty, ErrorState, Skeleton } from "../components/states";
import { pick, reader, say } from "../i18n";
import { Link } from "../router";
import * as both from "../words/coupons";

const words = pick(both);

/** The customer's coupons: those to use first. */
export default function Coupons() {
  return (
    <Signed title={words.title} up="/me">
      <List />
    </Signed>
  );
}

function List() {
  const asked = $api.useQuery("get", "/api/v1/shop/coupons");
  const all = asked.data?.items ?? [];
  const open = all.filter((h) => h.state === "unused" || h.state === "locked");
  const done = all.filter((h) => h.state === "used" || h.state === "expired");
  return (
    <Screen title={words.title} up="/me" busy={asked.isPending}>
      {asked.isError ? (
        <ErrorState error={asked.error} again={() => void asked.refetch()} />
      ) : asked.isPending ? (
        <Skeleton lines={3} high={88} />
      ) : all.length === 0 ? (
        <Empty title={words.empty} why={words.empty_why}>
          <Link to="/" className="primary">
            {words.look}
          </Link>
        </Empty>
      ) : (
        <>
          <Some title={words.unused} held={open} />
          <Some title={words.used} held={done} />
        </>
      )}
    </Screen>
  );
}

function Some({ title, held }: { title: string; held: readonly Schema<"PromoHolding">[] }) {
  if (held.length === 0) {
    return null;
  }
  return (
    <section>
      <h2 className="heading">{title}</h2>
      <ul>
        {held.map((h) => {
          const early = Date.parse(h.valid_from) > present();
          return (
            <li key={h.id} className={h.state === "unused" ? "ticket" : "ticket over"}>
              <b className="ticket-gives">{gives(h.gives)}</b>
              <span className="grow">
                {h.name}
                <br />
                <span className="small">
                  {h.state === "used" && h.saved_fen > 0
                    ? say(words.saved, { v: money(h.saved_fen) })
                    : say(early ? words.from : words.until, {
                        when: formatWhen(early ? h.valid_from : h.valid_until, reader),
                      })}
                </span>
              </span>
              {h.state === "unused" && !early ? (
                <Link to="/" className="quiet">
                  {words.use}
                </Link>
              ) : (
                <span className="small">{words.state[h.state]}</span>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
