import { pick, say } from "../i18n";
import * as both from "../words/review";
import "./aftersale.css";

const words = pick(both);
const all = [1, 2, 3, 4, 5];

/** So many of five stars, to be looked at. */
export function Stars({ n }: { n: number }) {
  return (
    <span className="stars">
      <span className="hidden">{say(words.star, { n })}</span>
      {all.map((s) => (
        <i key={s} aria-hidden="true" data-on={s <= Math.round(n) || undefined}>
          ★
        </i>
      ))}
    </span>
  );
}

/** Five stars to choose of. */
export function StarChoice({ n, change }: { n: number; change: (n: number) => void }) {
  return (
    <fieldset className="stars">
      <legend className="hidden">{words.stars}</legend>
      {all.map((s) => (
        <button
          key={s}
          type="button"
          aria-label={say(words.star, { n: s })}
          aria-pressed={s === n}
          data-on={s <= n || undefined}
          onClick={() => change(s)}
        >
          ★
        </button>
      ))}
    </fieldset>
  );
}
