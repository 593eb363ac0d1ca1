import { $api, problemOf, type Schema } from "@huoshui/api";
import { formatMoney } from "@huoshui/ui/format";
import { useEffect, useRef, useState } from "react";
import { TopBar, Trouble } from "./App";
import { Tabs } from "./Inbox";
import { language, say, words } from "./i18n";
import { Picture } from "./Picture";
import { go, type Place } from "./place";

type Ware = Schema<"DemoWare">;

/** The brand's mall: where a message leads, and where one buys. */
export function Shop({
  place,
  owner,
  from,
}: {
  place: Place;
  owner: Schema<"DemoOwner">;
  from?: Schema<"DemoReceived">;
}) {
  const shop = $api.useQuery("get", "/api/v1/demo/phones/{customer}/shop", {
    params: { path: { customer: owner.id } },
  });
  const chosen = shop.data?.items.find((w) => w.sku === place.sku);
  if (shop.isError) {
    return <Trouble error={shop.error} again={() => void shop.refetch()} />;
  }
  if (chosen) {
    return <Product key={chosen.sku} place={place} owner={owner} ware={chosen} />;
  }
  const wares = shop.data?.items ?? [];
  return (
    <div className="screen">
      <TopBar title={words.shop} back={from ? { ...place, screen: "message" } : undefined} />
      <div className="scroll">
        {from && (
          <section className="banner">
            <b>{from.title}</b>
            <span>{from.body}</span>
          </section>
        )}
        <h2 className="shelf-name">{from ? words.for_you : words.all_wares}</h2>
        <ul className="shelf" aria-busy={shop.isPending}>
          {(from ? wares.slice(0, 8) : wares).map((w) => (
            <li key={w.sku}>
              <button type="button" className="ware" onClick={() => go({ ...place, sku: w.sku })}>
                <Picture ware={w} />
                <span className="ware-name">{w.name}</span>
                <Price ware={w} />
              </button>
            </li>
          ))}
        </ul>
      </div>
      <Tabs place={place} />
    </div>
  );
}

function Product({ place, owner, ware }: { place: Place; owner: Schema<"DemoOwner">; ware: Ware }) {
  const view = $api.useMutation("post", "/api/v1/demo/phones/{customer}/views");
  const buy = $api.useMutation("post", "/api/v1/demo/phones/{customer}/orders");
  const [bought, setBought] = useState<Schema<"DemoBought">>();
  const asked = { params: { path: { customer: owner.id } }, body: { sku: ware.sku } };

  const looked = useRef(false);
  const { mutate } = view;
  useEffect(() => {
    if (!looked.current) {
      looked.current = true;
      mutate({ params: { path: { customer: owner.id } }, body: { sku: ware.sku } });
    }
  }, [mutate, owner.id, ware.sku]);

  const shelf = { ...place, sku: undefined };
  if (bought) {
    return (
      <div className="screen">
        <div className="done" role="status">
          <span className="tick" aria-hidden="true" />
          <h1>{words.bought}</h1>
          <p>{say(words.bought_more, { n: bought.order, v: formatMoney(bought.amount_fen, language) })}</p>
          <button type="button" className="primary" onClick={() => go(shelf)}>
            {words.go_on}
          </button>
        </div>
      </div>
    );
  }
  const busy = buy.isError && problemOf(buy.error).code === "demo.running";
  return (
    <div className="screen">
      <TopBar title={ware.category} back={shelf} />
      <div className="scroll product">
        <Picture ware={ware} large />
        <Price ware={ware} />
        <h2>{ware.name}</h2>
        {busy && <p role="alert">{words.busy}</p>}
        {buy.isError && !busy && <Trouble error={buy.error} again={() => buy.reset()} />}
      </div>
      <div className="bottom-bar">
        <button
          type="button"
          className="primary wide"
          disabled={buy.isPending}
          onClick={() => buy.mutate(asked, { onSuccess: setBought })}
        >
          {say(words.buy, { v: formatMoney(ware.now_fen, language) })}
        </button>
      </div>
    </div>
  );
}

function Price({ ware }: { ware: Ware }) {
  const saved = ware.price_fen - ware.now_fen;
  return (
    <span className="price">
      <b>{formatMoney(ware.now_fen, language)}</b>
      {saved > 0 && (
        <>
          <s>{formatMoney(ware.price_fen, language)}</s>
          <em>{say(words.saved, { v: formatMoney(saved, language) })}</em>
        </>
      )}
    </span>
  );
}
