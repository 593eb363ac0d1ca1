import { formatCount, formatWhen } from "@huoshui/ui/format";
import { useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { $api, type Schema, useMe } from "../api";
import { clockText, tellTime, useLeft } from "../clock";
import { language, pick, reader, say } from "../i18n";
import { go } from "../router";
import * as both from "../words/reserve";
import { Icon } from "./Screen";
import { Trouble } from "./states";
import "./reserve.css";

const words = pick(both);

/** The next launch of goods, where there is one: when it is sold, and the way to be reminded. */
export default function Reserve({ goods }: { goods: string }) {
  const asked = $api.useQuery("get", "/api/v1/shop/launches", { params: { query: { goods } } });
  const [next] = asked.data?.items ?? [];
  return next ? <Coming next={next} /> : null;
}

function Coming({ next }: { next: Schema<"LaunchUpcoming"> }) {
  const me = useMe();
  const client = useQueryClient();
  useMemo(() => tellTime(next.now), [next.now]);
  const left = useLeft(next.sale_at);
  const settled = () => client.invalidateQueries({ queryKey: ["get", "/api/v1/shop/launches"] });
  const reserve = $api.useMutation("put", "/api/v1/shop/launches/{id}/reservation", { onSettled: settled });
  const takeBack = $api.useMutation("delete", "/api/v1/shop/launches/{id}/reservation", { onSettled: settled });
  const path = { params: { path: { id: next.id } } };
  const busy = reserve.isPending || takeBack.isPending;
  return (
    <section className="panel reserve" aria-label={words.title}>
      <div>
        <p className="reserve-title">{say(words.opens, { at: formatWhen(next.sale_at, reader) })}</p>
        <p className="small">
          {left > 0 && (
            <>
              {words.left} <span className="clock">{clockText(left)}</span>
            </>
          )}
          {next.people > 0 && <> · {say(words.people, { n: formatCount(next.people, language) })}</>}
        </p>
      </div>
      {next.reserved ? (
        <div className="reserve-done" role="status">
          <span>
            <Icon name="check" /> {words.reserved}
          </span>
          <button type="button" className="quiet" disabled={busy} onClick={() => takeBack.mutate(path)}>
            {words.take_back}
          </button>
        </div>
      ) : (
        <button
          type="button"
          className="second"
          disabled={busy}
          onClick={() =>
            me
              ? reserve.mutate({ ...path, body: { goods: next.goods } })
              : go(`/sign-in?to=${encodeURIComponent(`/p/${next.goods}`)}`)
          }
        >
          {words.reserve}
        </button>
      )}
      <p className="small reserve-why">{next.reserved ? words.will : words.why}</p>
      <Trouble error={reserve.error ?? takeBack.error} />
    </section>
  );
}
