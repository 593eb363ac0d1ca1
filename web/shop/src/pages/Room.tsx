import { formatCount } from "@huoshui/ui/format";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { $api, api, queries, type Schema } from "../api";
import { clockText, tellTime, useLeft } from "../clock";
import { Price } from "../components/goods";
import { Screen } from "../components/Screen";
import { Signed } from "../components/Signed";
import { ErrorState, Skeleton, Trouble } from "../components/states";
import { language, pick, say } from "../i18n";
import { back, go, Link, type Params } from "../router";
import * as both from "../words/together";
import "./together.css";

const words = pick(both);

type Standing = Schema<"FlashStanding">;

/** The waiting room of a flash sale: where one stands, told as it is. */
export default function Room({ params }: { params: Params }) {
  return (
    <Signed title={words.room} up="/">
      <Inside id={params.id ?? ""} />
    </Signed>
  );
}

const path = "/api/v1/shop/flash/{id}/room" as const;

function Inside({ id }: { id: string }) {
  const key = ["room", id];
  const at = useQuery({
    queryKey: key,
    staleTime: 0,
    refetchIntervalInBackground: true, // who waits in another window is not away
    refetchInterval: (q) => (q.state.data?.ask_after ?? 5) * 1000,
    queryFn: async () => {
      const { data, error } = await api.GET(path, { params: { path: { id } } });
      if (error) {
        throw error;
      }
      return data;
    },
  });
  const join = useMutation({
    mutationFn: async () => {
      const { data, error } = await api.POST(path, { params: { path: { id } } });
      if (error) {
        throw error;
      }
      return data;
    },
    onSuccess: (data) => queries.setQueryData(key, data),
  });
  const quit = useMutation({
    mutationFn: async () => {
      const { error } = await api.DELETE(path, { params: { path: { id } } });
      if (error) {
        throw error;
      }
    },
    onSuccess: () => back("/"),
  });
  const sales = $api.useQuery("get", "/api/v1/shop/flash");
  const sale = sales.data?.items.find((f) => f.id === id);
  const standing = at.data;
  useMemo(() => tellTime(standing?.now), [standing]);
  if (!standing) {
    return (
      <Screen title={words.room} up="/" busy={at.isPending}>
        {at.isError ? (
          <ErrorState error={at.error} again={() => void at.refetch()} />
        ) : (
          <Skeleton lines={4} high={64} />
        )}
      </Screen>
    );
  }
  const enter = standing.state === "outside" || standing.state === "left";
  return (
    <Screen
      title={sale?.name ?? words.room}
      up="/"
      bar={
        enter ? (
          <button type="button" className="primary wide" disabled={join.isPending} onClick={() => join.mutate()}>
            {standing.state === "left" ? words.rejoin : words.room_in}
          </button>
        ) : standing.state === "admitted" && sale ? (
          <button
            type="button"
            className="primary wide"
            onClick={() => go(`/checkout?sku=${encodeURIComponent(sale.sku)}&n=1`)}
          >
            {words.buy}
          </button>
        ) : standing.state === "bought" ? (
          <Link to="/orders" className="primary wide">
            {words.orders}
          </Link>
        ) : (
          standing.state === "waiting" && (
            <button type="button" className="second wide" disabled={quit.isPending} onClick={() => quit.mutate()}>
              {words.quit}
            </button>
          )
        )
      }
    >
      <section className="panel together-state">
        {sale && (
          <p>
            <Price fen={sale.price_fen} large />{" "}
            <span className="muted">{say(words.units, { n: formatCount(standing.left, language) })}</span>
          </p>
        )}
        <Where at={standing} />
        <Trouble error={join.error ?? quit.error} />
      </section>
      <section className="panel">
        <p className="muted">{words.room_why}</p>
      </section>
    </Screen>
  );
}

function Where({ at }: { at: Standing }) {
  const starts = useLeft(at.starts_at);
  const turn = useLeft(at.until);
  useEffect(() => {
    if (at.state === "admitted") {
      navigator.vibrate?.(200);
    }
  }, [at.state]);
  const count = (n: number) => formatCount(n, language);
  switch (at.state) {
    case "admitted":
      return (
        <div role="status">
          <p className="empty-title">{words.turn}</p>
          <p className="muted">{say(words.turn_why, { t: clockText(turn) })}</p>
        </div>
      );
    case "waiting":
      return (
        <div>
          <p className="empty-title" role="status">
            {at.ahead > 0 ? say(words.ahead, { n: count(at.ahead) }) : words.next}
          </p>
          <p className="muted">
            {say(words.all, { n: count(at.waiting) })}
            {" · "}
            {starts > 0
              ? say(words.room_starts, { t: clockText(starts) })
              : at.wait_seconds < 0
                ? words.wait_unknown
                : say(words.wait_some, {
                    t:
                      at.wait_seconds < 60
                        ? words.wait_short
                        : say(words.wait_minutes, { n: Math.ceil(at.wait_seconds / 60) }),
                  })}
          </p>
          {at.ahead >= at.left && <p className="muted">{words.doubt}</p>}
          <p className="small">{words.stay}</p>
        </div>
      );
    case "outside":
      return (
        <p className="muted">
          {starts > 600_000
            ? words.room_opens
            : starts > 0
              ? say(words.room_starts, { t: clockText(starts) })
              : say(words.all, { n: count(at.waiting) })}
        </p>
      );
    default: {
      const [title, why] = {
        sold_out: [words.sold_out, words.sold_out_why],
        ended: [words.ended, ""],
        bought: [words.bought, words.bought_why],
        left: [words.left_room, words.left_why],
      }[at.state];
      return (
        <div role="status">
          <p className="empty-title">{title}</p>
          <p className="muted">{why}</p>
        </div>
      );
    }
  }
}
