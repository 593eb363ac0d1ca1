import { $api, keyset, type Schema } from "@huoshui/api";
import { Count, ErrorNote, formatCount, formatWhen, LayerTag, Loading, Money, useReader, When } from "@huoshui/ui";
import { keepPreviousData } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button, DatePicker } from "antd";
import type { TFunction } from "i18next";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { TagFact } from "../../tagging/TagFact";
import { Channel } from "./Channel";
import "./customers.css";

export type Fact = Schema<"Happening">;

/** What happened at one moment about one thing: an order and its lines are one happening. */
export interface Moment {
  key: string;
  fact: Fact;
  lines: Fact[];
}

const kinds = ["orders", "visits", "messages", "tags", "standing", "tasks"] as const;
type Kind = (typeof kinds)[number];

/** Facts of an order at one instant together, everything else alone; the order of the list is kept. */
export function moments(facts: readonly Fact[]): Moment[] {
  const out: Moment[] = [];
  const open = new Map<string, Moment>();
  facts.forEach((fact, i) => {
    const isLine = fact.name === "order.line";
    const key = fact.name === "order.paid" || isLine ? `${fact.at} ${fact.subject}` : "";
    const known = key ? open.get(key) : undefined;
    if (known) {
      if (isLine) {
        known.lines.push(fact);
      } else {
        known.fact = fact;
      }
      return;
    }
    const moment = { key: `${i}`, fact, lines: isLine ? [fact] : [] };
    out.push(moment);
    if (key) {
      open.set(key, moment);
    }
  });
  return out;
}

/** A customer's history, newest first, by days; `onOrder` opens an order, `counts` tells how many there are of each kind. */
export function Timeline(props: { id: string; counts?: Record<string, number>; onOrder?: (id: string) => void }) {
  const { t } = useTranslation();
  const reader = useReader();
  const [shown, setShown] = useState<readonly Kind[]>([]);
  const [days, setDays] = useState<{ from?: string; to?: string }>({});
  const facts = $api.useInfiniteQuery(
    "get",
    "/api/v1/customers/{id}/timeline",
    {
      params: {
        path: { id: props.id },
        query: { limit: 60, kind: shown.length > 0 ? [shown.join(",") as Kind] : undefined, ...days },
      },
    },
    { ...keyset, placeholderData: keepPreviousData },
  );
  const all = moments(facts.data?.pages.flatMap((p) => p.items) ?? []);
  let day = "";
  return (
    <div className="hs-timeline">
      <div className="hs-timeline-filters">
        <fieldset aria-label={t("customers.timeline_kinds")}>
          <button type="button" aria-pressed={shown.length === 0} onClick={() => setShown([])}>
            {t("customers.kind.all")}
          </button>
          {kinds.map((k) => (
            <button
              key={k}
              type="button"
              aria-pressed={shown.includes(k)}
              disabled={props.counts !== undefined && !props.counts[k] && !shown.includes(k)}
              onClick={() => setShown(shown.includes(k) ? shown.filter((one) => one !== k) : [...shown, k])}
            >
              {t(`customers.kind.${k}`)}
              {props.counts?.[k] ? (
                <span className="hs-num">{formatCount(props.counts[k], reader.language)}</span>
              ) : null}
            </button>
          ))}
        </fieldset>
        <DatePicker.RangePicker
          size="small"
          allowEmpty={[true, true]}
          placeholder={[t("customers.timeline_from"), t("customers.timeline_to")]}
          onChange={(range) =>
            setDays({ from: range?.[0]?.format("YYYY-MM-DD"), to: range?.[1]?.format("YYYY-MM-DD") })
          }
          style={{ width: 232 }}
        />
      </div>
      {facts.isPending ? <Loading rows={6} /> : null}
      {facts.error && all.length === 0 ? (
        <ErrorNote error={facts.error} onRetry={() => void facts.refetch()} small />
      ) : null}
      {!facts.isPending && !facts.error && all.length === 0 ? (
        <p className="hs-secondary">{t("customers.timeline_empty")}</p>
      ) : null}
      <ol>
        {all.map((m) => {
          const on = formatWhen(m.fact.at, reader, "date");
          const heading = on === day ? null : on;
          day = on;
          return (
            <li key={m.key} data-first={heading !== null}>
              {heading ? <div className="hs-timeline-day hs-num">{heading}</div> : null}
              <div className="hs-timeline-item" data-kind={m.fact.name.split(".")[0]}>
                <span className="hs-timeline-at">
                  <When at={m.fact.at} style="time" />
                </span>
                <div className="hs-timeline-what">
                  <Happening moment={m} onOrder={props.onOrder} />
                </div>
              </div>
            </li>
          );
        })}
      </ol>
      {facts.hasNextPage ? (
        <Button size="small" loading={facts.isFetchingNextPage} onClick={() => void facts.fetchNextPage()}>
          {t("customers.older")}
        </Button>
      ) : null}
    </div>
  );
}

/** What a fact is called: a custom event by its description, else by the name that its source gave it. */
export function factWord(t: TFunction, fact: Fact): string {
  if (fact.name.startsWith("event.")) {
    return fact.description || fact.name.slice("event.".length);
  }
  return t(`customers.fact.${fact.name.replace(".", "_")}`, { defaultValue: fact.name });
}

function Happening(props: { moment: Moment; onOrder?: (id: string) => void }): ReactNode {
  const { t } = useTranslation();
  const { fact, lines } = props.moment;
  const word = factWord(t, fact);
  const { onOrder } = props;
  const order =
    fact.order_number && fact.subject ? (
      onOrder ? (
        <button type="button" className="hs-drill" onClick={() => onOrder(fact.subject ?? "")}>
          {t("customers.order_no", { number: fact.order_number })}
        </button>
      ) : (
        <span className="hs-secondary">{t("customers.order_no", { number: fact.order_number })}</span>
      )
    ) : null;
  switch (fact.name) {
    case "order.paid":
    case "order.line":
      return (
        <>
          <div className="hs-timeline-head">
            <b>{word}</b> {order}
            {fact.channel ? (
              <span className="hs-secondary">
                <Channel code={fact.channel} />
              </span>
            ) : null}
            <span className="hs-timeline-amount">
              <Money fen={fact.amount_fen} />
            </span>
          </div>
          {lines.length > 0 ? <Lines lines={lines} /> : null}
        </>
      );
    case "order.refunded":
    case "order.amended":
      return (
        <div className="hs-timeline-head">
          <b>{word}</b> {order}
          <span>{fact.product_name || fact.product}</span>
          <span className="hs-timeline-amount">
            {fact.name === "order.refunded" ? "−" : "+"}
            <Money fen={fact.amount_fen} />
          </span>
        </div>
      );
    case "tag.added":
    case "tag.removed":
      return (
        <div className="hs-timeline-head">
          <b>{word}</b> <TagFact subject={fact.subject} props={fact.props} />
        </div>
      );
    case "layer.changed": {
      const [from, to] = (fact.detail ?? "").split(">");
      return (
        <div className="hs-timeline-head">
          <b>{word}</b>
          {from ? <LayerTag layer={from} /> : null}
          {from ? <span className="hs-secondary">→</span> : null}
          <LayerTag layer={to} />
        </div>
      );
    }
    case "campaign.assigned":
      return (
        <div className="hs-timeline-head">
          <b>{word}</b>
          {fact.campaign ? (
            <Link to={`/campaigns/${fact.campaign}` as never}>{fact.about || fact.campaign}</Link>
          ) : null}
          <span className="hs-secondary">{t(`customers.arm.${fact.detail}`, { defaultValue: fact.detail ?? "" })}</span>
        </div>
      );
    case "segment.entered":
    case "segment.left":
      return (
        <div className="hs-timeline-head">
          <b>{word}</b>
          <Link to={`/segments/${fact.subject}` as never}>{fact.about || fact.subject}</Link>
        </div>
      );
    default:
      return (
        <div className="hs-timeline-head">
          <b>{word}</b>
          {fact.channel ? (
            <span className="hs-secondary">
              {t([`customers.consent_channel.${fact.channel}`, `customers.channel.${fact.channel}`], {
                defaultValue: fact.channel,
              })}
            </span>
          ) : null}
          <span>{fact.product_name || fact.product}</span>
          {fact.detail ? (
            <span className="hs-secondary">
              {t(`customers.consent_state.${fact.detail}`, {
                defaultValue: t(`campaigns.reason.${fact.detail}`, { defaultValue: fact.detail }),
              })}
            </span>
          ) : null}
        </div>
      );
  }
}

const shownLines = 4;

function Lines(props: { lines: readonly Fact[] }) {
  const { t } = useTranslation();
  const [all, setAll] = useState(false);
  const sorted = [...props.lines].sort((a, b) => (b.amount_fen ?? 0) - (a.amount_fen ?? 0));
  const shown = all ? sorted : sorted.slice(0, shownLines);
  return (
    <ul className="hs-timeline-lines">
      {shown.map((l, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: alike lines of one order are told apart by nothing else
        <li key={i}>
          <span>{l.product_name || l.product}</span>
          <span className="hs-secondary hs-num">
            × <Count n={l.quantity ?? 0} />
          </span>
          <span className="hs-num">
            <Money fen={l.amount_fen} />
          </span>
        </li>
      ))}
      {sorted.length > shown.length ? (
        <li>
          <button type="button" className="hs-drill" onClick={() => setAll(true)}>
            {t("customers.more")} ({sorted.length - shown.length})
          </button>
        </li>
      ) : null}
    </ul>
  );
}
