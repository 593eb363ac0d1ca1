import { formatCount } from "@huoshui/ui/format";
import { money } from "../components/goods";
import { language, pick, say } from "../i18n";
import { Link } from "../router";
import * as both from "../words/blocks";
import type { Around, Block } from "./kinds";

const words = pick(both);

/** Who she is to the brand; a guest is asked in. */
export function Member({ block, page }: { block: Block } & Around) {
  const spec = block.member;
  const me = page.mine?.member;
  if (!spec) {
    return null;
  }
  if (!me) {
    return (
      <section className="member" aria-label={words.member}>
        <span>{words.guest}</span>
        <Link to="/sign-in" className="second">
          {words.sign_in}
        </Link>
      </section>
    );
  }
  return (
    <section className="member" aria-label={words.member}>
      <Link to="/me" className="member-who">
        <b>{say(words.hello, { name: me.name || words.friend })}</b>
        {me.level && <span className="saved">{me.level}</span>}
      </Link>
      <dl>
        {spec.points && <Sum name={words.points} value={formatCount(me.points, language)} />}
        {spec.coupons && <Sum name={words.my_coupons} value={formatCount(page.mine?.coupons ?? 0, language)} />}
        {spec.balance && <Sum name={words.balance} value={money(me.balance_fen)} />}
      </dl>
    </section>
  );
}

function Sum({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
