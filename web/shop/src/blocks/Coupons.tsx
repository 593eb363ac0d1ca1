import { useState } from "react";
import { $api, queries, useMe } from "../api";
import { money } from "../components/goods";
import { Trouble } from "../components/states";
import { language, pick, say } from "../i18n";
import { secret } from "../kept";
import { Link } from "../router";
import * as both from "../words/blocks";
import type { Around, Block, Offer } from "./kinds";
import { Title } from "./parts";

const words = pick(both);

/** Coupons to take; what is not for her is left out. */
export function Coupons({ block, page }: { block: Block } & Around) {
  const mine = page.mine?.offers;
  const offers = (block.offers ?? []).filter((o) => mine?.[o.promotion]?.state !== "not_for");
  return block.coupon && offers.length > 0 ? (
    <section>
      <Title text={block.coupon.title || words.coupons} />
      <ul className="tickets">
        {offers.map((o) => (
          <Ticket key={o.promotion} offer={o} had={mine?.[o.promotion]?.state === "claimed"} />
        ))}
      </ul>
    </section>
  ) : null;
}

function Ticket({ offer, had }: { offer: Offer; had: boolean }) {
  const me = useMe();
  const [request] = useState(secret);
  const [taken, setTaken] = useState(false);
  const claim = $api.useMutation("post", "/api/v1/shop/coupons/{id}/claim");
  const take = async () => {
    await claim.mutateAsync({
      params: { path: { id: offer.promotion }, header: { "Idempotency-Key": request } },
    });
    setTaken(true);
    await queries.invalidateQueries({ queryKey: ["get", "/api/v1/shop/coupons"] });
  };
  const g = offer.gives;
  return (
    <li className="ticket" data-state={had || taken ? "claimed" : offer.state}>
      <span className="ticket-worth">{worth(offer)}</span>
      <span className="ticket-words">
        <b>{offer.name}</b>
        <span className="small">
          {g.threshold_fen ? say(words.full, { v: money(g.threshold_fen) }) : words.any}
          {" · "}
          {offer.valid.days
            ? say(words.days, { n: offer.valid.days })
            : say(words.until, { d: day(offer.valid.until ?? "") })}
        </span>
        <Trouble error={claim.error} />
      </span>
      {had || taken ? (
        <span className="ticket-end" role="status">
          {words.claimed}
        </span>
      ) : offer.state !== "open" ? (
        <span className="ticket-end">{offer.state === "not_yet" ? words.not_yet : words.none_left}</span>
      ) : me === null ? (
        <Link to="/sign-in" className="second">
          {words.claim}
          <span className="hidden">
            {offer.name} {words.sign_in_to_claim}
          </span>
        </Link>
      ) : (
        <button
          type="button"
          className="primary"
          disabled={claim.isPending}
          onClick={() => void take().catch(() => undefined)}
        >
          {claim.isPending ? words.claiming : words.claim}
          <span className="hidden">{offer.name}</span>
        </button>
      )}
    </li>
  );
}

/** What a coupon takes off, in as few characters as say it. */
function worth(o: Offer): string {
  const g = o.gives;
  switch (g.kind) {
    case "coupon_full":
      return money(g.off_fen ?? 0).replace(/\.00$/, "");
    case "coupon_discount":
      return say(words.rate, {
        n:
          language === "zh" ? Number(((g.rate ?? 10000) / 1000).toFixed(2)) : 100 - Math.round((g.rate ?? 10000) / 100),
      });
    case "coupon_freight":
      return words.freight;
    default:
      return words.gift;
  }
}

function day(text: string): string {
  const at = new Date(text);
  return Number.isNaN(at.getTime())
    ? ""
    : at.toLocaleDateString(language === "zh" ? "zh-CN" : "en-GB", {
        timeZone: "Asia/Shanghai",
        month: "long",
        day: "numeric",
      });
}
