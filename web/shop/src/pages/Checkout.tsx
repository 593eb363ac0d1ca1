import { formatWhen } from "@huoshui/ui/format";
import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { $api, api, problemOf, queries, type Schema, useMe } from "../api";
import { useCart } from "../cart";
import { type Address, AddressForm, AddressText, useAddresses } from "../components/AddressBook";
import { Field, Tick } from "../components/Field";
import { money, Price } from "../components/goods";
import { gives, refusal, Sums } from "../components/money";
import { SaleLines } from "../components/SaleLines";
import { Icon, Screen } from "../components/Screen";
import { Sheet } from "../components/Sheet";
import { Signed } from "../components/Signed";
import { Empty, ErrorState, Skeleton, Trouble } from "../components/states";
import { pick, reader, say } from "../i18n";
import { secret } from "../kept";
import { go, Link, useSearch } from "../router";
import * as both from "../words/checkout";

const words = pick(both);

type Wish = Schema<"CheckoutWish">;
type Preview = Schema<"CheckoutPreview">;

/** Where nothing is sent to. */
const nowhere = { name: "", phone: "", region: "", place: "", street: "" };

/** The last page before an order: where it goes, what is taken off and why, and what it costs. */
export default function Checkout() {
  return (
    <Signed title={words.title} up="/cart">
      <Lines />
    </Signed>
  );
}

/** What is bought: the SKU of the address, or what is ticked in the cart. */
function Lines() {
  const search = useSearch();
  const cart = useCart();
  const booking = search.get("booking");
  const sku = search.get("sku");
  const n = Number(search.get("n"));
  const lines = sku
    ? [{ sku, quantity: Number.isInteger(n) && n > 0 && n < 1000 ? n : 1 }]
    : cart.lines
        .filter((l) => l.chosen && l.sold && l.sku.free >= l.quantity)
        .map((l) => ({ sku: l.sku.code, quantity: l.quantity }));
  if (booking) {
    return <Tail booking={booking} />;
  }
  if (!sku && cart.pending) {
    return (
      <Screen title={words.title} up="/cart" busy>
        <Skeleton lines={4} high={64} />
      </Screen>
    );
  }
  if (lines.length === 0) {
    return (
      <Screen title={words.title} up="/cart">
        <Empty title={words.nothing} why={words.nothing_why}>
          <Link to="/cart" instead className="primary">
            {words.to_cart}
          </Link>
        </Empty>
      </Screen>
    );
  }
  const offer = search.get("offer");
  return (
    <Form lines={lines} form={offer ? { kind: "group", offer, group: search.get("group") || undefined } : undefined} />
  );
}

/** The tail of a presale: the very units that the deposit was paid for. */
function Tail({ booking }: { booking: string }) {
  const asked = $api.useQuery("get", "/api/v1/shop/presale-bookings/{id}", { params: { path: { id: booking } } });
  const b = asked.data;
  const lines = useMemo(() => (b ? [{ sku: b.sku, quantity: b.units }] : []), [b]);
  const up = `/bookings/${booking}`;
  return b ? (
    <Form lines={lines} form={{ kind: "presale", offer: b.presale, booking: b.id }} up={up} />
  ) : (
    <Screen title={words.title} up={up} busy={asked.isPending}>
      {asked.isError ? (
        <ErrorState error={asked.error} again={() => void asked.refetch()} />
      ) : (
        <Skeleton lines={4} high={64} />
      )}
    </Screen>
  );
}

function Form({
  lines,
  form,
  up = "/cart",
}: {
  lines: { sku: string; quantity: number }[];
  form: Wish["form"];
  up?: string;
}) {
  const me = useMe();
  const book = useAddresses();
  const [chosen, setChosen] = useState<string>();
  const [pickup, setPickup] = useState(false);
  const [coupons, setCoupons] = useState<string[]>(); // undefined: the best
  const [points, setPoints] = useState(false);
  const [balance, setBalance] = useState(false);
  const [remark, setRemark] = useState("");
  const [sheet, setSheet] = useState<"address" | "new" | "coupon">();

  const address = book.data?.items.find((a) => a.id === chosen) ?? book.data?.items[0];
  const wish: Wish = {
    lines,
    coupons: coupons ?? [],
    best: coupons === undefined,
    points: points ? (me?.points ?? 0) : 0,
    balance_fen: balance ? (me?.balance_fen ?? 0) : 0,
    address: address && !pickup ? plain(address) : nowhere,
    pickup,
    form,
  };
  const key = JSON.stringify(wish);
  const preview = useQuery({
    queryKey: ["preview", key],
    placeholderData: keepPreviousData,
    staleTime: 0,
    enabled: !book.isPending,
    queryFn: async () => {
      const { data, error } = await api.POST("/api/v1/shop/preview", { body: wish });
      if (error) {
        throw error;
      }
      return data;
    },
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another wish is another request; the same again is the same order
  const request = useMemo(secret, [key]);
  const place = useMutation({
    mutationFn: async (shown: Preview) => {
      const used = shown.quote.coupons.map((c) => c.id);
      const { data, error } = await api.POST("/api/v1/shop/orders", {
        params: { header: { "Idempotency-Key": request } },
        body: { ...wish, best: false, coupons: used, remark: remark || undefined, total_fen: shown.quote.total_fen },
      });
      if (error) {
        throw error;
      }
      return data;
    },
    onSuccess: (sale) => {
      for (const path of [
        "/api/v1/shop/cart",
        "/api/v1/shop/coupons",
        "/api/v1/shop/orders",
        "/api/v1/shop/presale-bookings",
      ]) {
        void queries.invalidateQueries({ queryKey: ["get", path] });
      }
      void queries.invalidateQueries({ queryKey: ["me"] });
      go(sale.state === "unpaid" ? `/pay/${sale.id}` : `/orders/${sale.id}`, true);
    },
    onError: (error) => {
      if (problemOf(error).status === 409) {
        void preview.refetch(); // something changed meanwhile: what is shown must be what is true
        void queries.invalidateQueries({ queryKey: ["get", "/api/v1/shop/cart"] });
      }
    },
  });

  const shown = preview.data;
  const sent = shown?.lines.some((l) => l.kind === "physical" || l.kind === "consumable") ?? true;
  const needs = sent && !pickup && !address;
  const stale = preview.isPlaceholderData || preview.isFetching;

  return (
    <Screen
      title={form?.booking ? words.tail : words.title}
      up={up}
      bar={
        <>
          <span className="grow" aria-live="polite">
            {shown && <Price fen={shown.quote.cash_fen} large />}
          </span>
          {needs && book.isSuccess ? (
            <button type="button" className="primary" onClick={() => setSheet("new")}>
              {words.need_address}
            </button>
          ) : (
            <button
              type="button"
              className="primary"
              disabled={!shown || stale || place.isPending || preview.isError}
              onClick={() => shown && place.mutate(shown)}
            >
              {words.submit}
            </button>
          )}
        </>
      }
    >
      {sent && (
        <section className="panel" aria-label={words.how}>
          {shown?.pickup && (
            <div className="chips">
              <button type="button" className="chip" aria-pressed={!pickup} onClick={() => setPickup(false)}>
                {words.ship}
              </button>
              <button type="button" className="chip" aria-pressed={pickup} onClick={() => setPickup(true)}>
                {words.pickup}
              </button>
            </div>
          )}
          {pickup ? (
            <p className="muted pad-top">{say(words.pickup_at, { place: shown?.pickup ?? "" })}</p>
          ) : book.isPending ? (
            <Skeleton lines={2} />
          ) : (
            <button type="button" className="row" onClick={() => setSheet(address ? "address" : "new")}>
              <Icon name="place" />
              <span className="grow">{address ? <AddressText address={address} /> : words.add_address}</span>
              <Icon name="next" />
            </button>
          )}
        </section>
      )}
      {preview.isError ? (
        <ErrorState error={preview.error} again={() => void preview.refetch()} />
      ) : shown ? (
        <>
          <section className="panel" aria-label={words.goods}>
            <SaleLines lines={shown.lines} quote={shown.quote} />
          </section>
          <section className="panel slim">
            <button type="button" className="row" onClick={() => setSheet("coupon")}>
              <span>{words.coupon}</span>
              <span className="end">{couponText(shown, coupons)}</span>
              <Icon name="next" />
            </button>
            {(me?.points ?? 0) > 0 && (
              <div className="row">
                <span className="grow">{say(words.points_use, { n: me?.points ?? 0 })}</span>
                {shown.quote.points > 0 && (
                  <span className="minus">{say(words.points_off, { v: money(shown.quote.points_fen) })}</span>
                )}
                <Tick name={words.points} on={points} change={setPoints} />
              </div>
            )}
            {(me?.balance_fen ?? 0) > 0 && (
              <div className="row">
                <span className="grow">{say(words.balance_use, { v: money(me?.balance_fen ?? 0) })}</span>
                <Tick name={words.balance} on={balance} change={setBalance} />
              </div>
            )}
          </section>
          <section className="panel">
            <Field
              label={words.remark}
              placeholder={words.remark_hint}
              maxLength={200}
              value={remark}
              onChange={(e) => setRemark(e.target.value)}
            />
          </section>
          <section className="panel">
            <h2>{words.sums}</h2>
            <Sums quote={shown.quote} />
            <Trouble error={place.error} />
          </section>
        </>
      ) : (
        <Skeleton lines={4} high={64} />
      )}
      <Sheet
        open={sheet === "address" || sheet === "new"}
        title={sheet === "new" ? words.new_address : words.choose_address}
        close={() => setSheet(undefined)}
        bar={
          sheet === "address" && (
            <button type="button" className="second wide" onClick={() => setSheet("new")}>
              {words.new_address}
            </button>
          )
        }
      >
        {sheet === "new" ? (
          <AddressForm
            done={(saved) => {
              setChosen(saved?.id);
              setSheet(undefined);
            }}
          />
        ) : (
          book.data?.items.map((a) => (
            <button
              key={a.id}
              type="button"
              className="row choice"
              aria-pressed={a.id === address?.id}
              onClick={() => {
                setChosen(a.id);
                setSheet(undefined);
              }}
            >
              <span className="grow">
                {a.default && <span className="saved">{words.default}</span>} <AddressText address={a} />
              </span>
              {a.id === address?.id && <Icon name="check" />}
            </button>
          ))
        )}
      </Sheet>
      {shown && (
        <Coupons
          open={sheet === "coupon"}
          shown={shown}
          chosen={coupons}
          choose={setCoupons}
          close={() => setSheet(undefined)}
        />
      )}
    </Screen>
  );
}

function plain({ name, phone, region, place, street }: Address): Schema<"CheckoutAddress"> {
  return { name, phone, region, place, street };
}

function couponText(shown: Preview, chosen: string[] | undefined): string {
  const used = shown.quote.coupons;
  const v = money(used.reduce((sum, c) => sum + c.fen, 0));
  if (used.length > 0) {
    return chosen === undefined ? say(words.coupon_best, { v }) : say(words.coupon_some, { n: used.length, v });
  }
  return shown.offers.some((o) => !o.code) ? words.coupon_not : words.coupon_none;
}

/** The coupons one holds: what each would save, or why it cannot be used. */
function Coupons(props: {
  open: boolean;
  shown: Preview;
  chosen: string[] | undefined;
  choose: (ids: string[] | undefined) => void;
  close: () => void;
}) {
  const held = $api.useQuery("get", "/api/v1/shop/coupons", undefined, { enabled: props.open });
  const names = new Map(held.data?.items.map((h) => [h.gives.id, h]));
  const used = new Set(props.shown.quote.coupons.map((c) => c.id));
  const refused = new Map(props.shown.quote.refused.map((r) => [r.coupon, r]));
  return (
    <Sheet
      open={props.open}
      title={words.coupon}
      close={props.close}
      bar={
        <button type="button" className="primary wide" onClick={props.close}>
          {words.done}
        </button>
      }
    >
      <div className="chips">
        <button
          type="button"
          className="chip"
          aria-pressed={props.chosen === undefined}
          onClick={() => props.choose(undefined)}
        >
          {words.coupon_auto}
        </button>
        <button
          type="button"
          className="chip"
          aria-pressed={props.chosen?.length === 0}
          onClick={() => props.choose([])}
        >
          {words.coupon_not}
        </button>
      </div>
      <ul>
        {props.shown.offers.map((o) => {
          const h = names.get(o.coupon);
          const no = refused.get(o.coupon) ?? (o.code ? { code: o.code, values: o.values } : undefined);
          return (
            <li key={o.coupon} className="row">
              <span className="grow">
                <b>{h ? gives(h.gives) : "…"}</b> {h?.name}
                <br />
                <span className="small">
                  {no
                    ? refusal(no.code, no.values)
                    : `${say(words.coupon_saves, { v: money(o.fen) })}${h ? ` · ${say(words.coupon_until, { when: formatWhen(h.valid_until, reader) })}` : ""}`}
                </span>
              </span>
              <Tick
                name={h ? `${gives(h.gives)} ${h.name}` : o.coupon}
                on={used.has(o.coupon)}
                disabled={Boolean(o.code)}
                change={(on) => props.choose(on ? [...used, o.coupon] : [...used].filter((id) => id !== o.coupon))}
              />
            </li>
          );
        })}
      </ul>
    </Sheet>
  );
}
