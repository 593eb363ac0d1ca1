import { useMe } from "../api";
import { type Line, useCart, usePut } from "../cart";
import { Stepper, Tick } from "../components/Field";
import { Picture, Price } from "../components/goods";
import { Screen } from "../components/Screen";
import { Empty, ErrorState, Skeleton, Trouble } from "../components/states";
import { pick, say } from "../i18n";
import { Link } from "../router";
import * as both from "../words/cart";

const words = pick(both);

/** Why a line cannot be bought as it is; "" when it can. */
function wrongWith(l: Line): string {
  if (!l.sold) {
    return words.gone;
  }
  if (l.sku.free <= 0) {
    return words.none;
  }
  return l.quantity > l.sku.free ? say(words.fewer, { n: l.sku.free }) : "";
}

/** The cart of a customer or of a guest: what is chosen, how many, and what cannot be bought and why. */
export default function Cart() {
  const me = useMe();
  const cart = useCart();
  const put = usePut();
  const ready = cart.lines.filter((l) => !wrongWith(l));
  const chosen = ready.filter((l) => l.chosen);
  const sum = chosen.reduce((fen, l) => fen + l.sku.price_fen * l.quantity, 0);
  const units = chosen.reduce((n, l) => n + l.quantity, 0);
  const set = (l: Line, change: { quantity?: number; chosen?: boolean }) =>
    put.mutate({ sku: l.sku.code, quantity: l.quantity, chosen: l.chosen, ...change });

  return (
    <Screen
      title={words.title}
      tab={cart.lines.length === 0 ? "cart" : undefined}
      up={cart.lines.length === 0 ? undefined : "/"}
      busy={cart.pending}
      bar={
        cart.lines.length > 0 && (
          <>
            <Tick
              name={words.all}
              on={ready.length > 0 && chosen.length === ready.length}
              disabled={ready.length === 0}
              change={(on) => {
                for (const l of ready) {
                  set(l, { chosen: on });
                }
              }}
            >
              {words.all}
            </Tick>
            <span className="grow end">
              <Price fen={sum} />
              <br />
              <span className="small">{words.before}</span>
            </span>
            {units > 0 ? (
              <Link to="/checkout" className="primary">
                {say(words.to_pay, { n: units })}
              </Link>
            ) : (
              <button type="button" className="primary" disabled>
                {say(words.to_pay, { n: 0 })}
              </button>
            )}
          </>
        )
      }
    >
      {cart.error ? (
        <ErrorState error={cart.error} again={cart.again} />
      ) : cart.pending ? (
        <Skeleton lines={3} high={96} />
      ) : cart.lines.length === 0 ? (
        <Empty title={words.empty} why={words.empty_why}>
          <Link to="/" className="primary">
            {words.look}
          </Link>
        </Empty>
      ) : (
        <>
          {me === null && (
            <p className="note guest">
              <span className="grow">{words.guest}</span>
              <Link to="/sign-in?to=/cart" className="quiet">
                {words.sign_in}
              </Link>
            </p>
          )}
          <Trouble error={put.error} />
          <ul className="lines">
            {cart.lines.map((l) => {
              const wrong = wrongWith(l);
              return (
                <li key={l.sku.code} className="line">
                  <Tick
                    name={say(words.choose, { name: l.name })}
                    on={l.chosen && !wrong}
                    disabled={wrong !== ""}
                    change={(on) => set(l, { chosen: on })}
                  />
                  <Link to={`/p/${l.goods}`} className="line-picture" tabIndex={-1} aria-hidden="true">
                    <Picture id={l.picture} alt="" name={l.name} sizes="80px" />
                  </Link>
                  <div className="grow">
                    <Link to={`/p/${l.goods}`} className="line-name">
                      {l.name}
                    </Link>
                    {wrong && <p className="trouble">{wrong}</p>}
                    <div className="line-foot">
                      <Price fen={l.sku.price_fen} />
                      {l.sold && l.sku.free > 0 ? (
                        <Stepper
                          value={l.quantity}
                          least={0}
                          most={Math.max(l.sku.free, 1)}
                          name={l.name}
                          change={(n) => set(l, { quantity: n })}
                        />
                      ) : (
                        <button type="button" className="quiet danger" onClick={() => set(l, { quantity: 0 })}>
                          {words.remove}
                        </button>
                      )}
                    </div>
                  </div>
                </li>
              );
            })}
          </ul>
        </>
      )}
    </Screen>
  );
}
