import { CaretRightOutlined, ClearOutlined, PauseOutlined, RightOutlined } from "@ant-design/icons";
import { Count, Empty, formatWhen, Loading, Status, useReader } from "@huoshui/ui";
import { Link } from "@tanstack/react-router";
import { Button, Input, Segmented, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSettled } from "../../shell/find";
import { useCan } from "../../shell/session";
import { useUrlState } from "../../shell/url";
import { Frame } from "./Frame";
import { TestButton } from "./TestButton";
import { type Feed, useLive } from "./useLive";
import { type Live, type Source, special, tones, useSourceName, useSources } from "./words";

const firstVisitor = 2 ** 31;
const statuses = ["", "accepted", "duplicate", "blocked", "dead"] as const;

/** What comes in, as it comes: whose it is, what became of it and why. */
export default function LivePage() {
  const { t } = useTranslation();
  const [state, setState] = useUrlState({ source: "", name: "", key: "", status: "" });
  const [paused, setPaused] = useState(false);
  const [open, setOpen] = useState<number>();
  const sources = useSources();
  const filter = {
    source: state.source,
    name: useSettled(state.name, 300),
    key: useSettled(state.key, 300),
  };
  const { events, feed, clear, retry } = useLive(filter, paused);
  const shown = state.status ? events.filter((e) => e.status === state.status) : events;
  const count = (status: string) => (status ? events.filter((e) => e.status === status).length : events.length);
  const source = sources.data?.items.find((s) => s.id === state.source);
  return (
    <Frame
      tab="live"
      actions={
        <span className="hs-live-tools">
          <FeedState feed={paused ? "paused" : feed} onRetry={retry} />
          <Button
            icon={paused ? <CaretRightOutlined /> : <PauseOutlined />}
            aria-pressed={paused}
            onClick={() => setPaused(!paused)}
          >
            {t(paused ? "collect.live.go_on" : "collect.live.pause")}
          </Button>
          <Button icon={<ClearOutlined />} disabled={events.length === 0} onClick={clear}>
            {t("collect.live.clear")}
          </Button>
          {source ? <TestButton source={source} /> : null}
        </span>
      }
    >
      <div className="hs-live-bar">
        <Select
          aria-label={t("collect.source")}
          value={state.source}
          onChange={(value) => setState({ source: value })}
          popupMatchSelectWidth={false}
          showSearch={{ optionFilterProp: "label" }}
          style={{ minWidth: 168 }}
          options={[
            { value: "", label: t("collect.all_sources") },
            ...(sources.data?.items.map((s) => ({ value: s.id, label: s.name })) ?? []),
          ]}
        />
        <Input
          allowClear
          aria-label={t("collect.live.name")}
          placeholder={t("collect.live.name")}
          value={state.name}
          onChange={(e) => setState({ name: e.target.value })}
          style={{ width: 168 }}
        />
        <Input
          allowClear
          aria-label={t("collect.live.key")}
          placeholder={t("collect.live.key")}
          value={state.key}
          onChange={(e) => setState({ key: e.target.value })}
          style={{ width: 216 }}
        />
        <Segmented
          aria-label={t("collect.live.status")}
          value={state.status}
          onChange={(status) => setState({ status })}
          options={statuses.map((value) => ({
            value,
            label: (
              <>
                {t(value ? `collect.status.${value}` : "collect.live.all")} <Count n={count(value)} />
              </>
            ),
          }))}
        />
      </div>
      {shown.length > 0 ? (
        <div className="hs-live" data-testid="live">
          <div className="hs-live-head" aria-hidden="true">
            <span />
            <span>{t("collect.live.received")}</span>
            <span>{t("collect.live.status")}</span>
            <span>{t("collect.live.event")}</span>
            <span>{t("collect.live.person")}</span>
            <span>{t("collect.source")}</span>
          </div>
          <ul>
            {shown.map((e) => (
              <Row
                key={e.seq}
                event={e}
                open={open === e.seq}
                onToggle={() => setOpen(open === e.seq ? undefined : e.seq)}
              />
            ))}
          </ul>
        </div>
      ) : feed === "opening" && !paused ? (
        <Loading height={240} />
      ) : (
        <Nothing
          sources={sources.data?.items ?? []}
          source={source}
          filtered={Boolean(state.name || state.key || state.status)}
        />
      )}
    </Frame>
  );
}

function FeedState(props: { feed: Feed | "paused"; onRetry: () => void }) {
  const { t } = useTranslation();
  const tone = { opening: "running", open: "good", retrying: "attention", over: "danger", paused: "calm" } as const;
  return (
    <span role="status">
      <Status tone={tone[props.feed]}>{t(`collect.feed.${props.feed}`)}</Status>
      {props.feed === "over" ? (
        <Button size="small" type="link" onClick={props.onRetry}>
          {t("ui.retry")}
        </Button>
      ) : null}
    </span>
  );
}

/** Nothing has come: which source to send a test event with, and how. */
function Nothing(props: { sources: Source[]; source: Source | undefined; filtered: boolean }) {
  const { t } = useTranslation();
  const can = useCan();
  const [chosen, setChosen] = useState("");
  const list = props.sources.filter((s) => s.kind !== "webhook");
  const source = props.source ?? list.find((s) => s.id === chosen) ?? list[0];
  if (props.filtered) {
    return <Empty title={t("collect.live.nothing_filtered")}>{t("collect.live.nothing_filtered_text")}</Empty>;
  }
  if (!source) {
    return (
      <Empty
        title={t("collect.live.nothing")}
        action={
          can("collect.write") ? (
            <Link to={"/collect/sources/new" as never}>
              <Button type="primary">{t("collect.new")}</Button>
            </Link>
          ) : null
        }
      >
        {t("collect.empty_text")}
      </Empty>
    );
  }
  return (
    <Empty
      title={t("collect.live.nothing")}
      action={
        <span className="hs-collect-pair">
          {props.source ? null : (
            <Select
              aria-label={t("collect.source")}
              value={source.id}
              onChange={setChosen}
              options={list.map((s) => ({ value: s.id, label: s.name }))}
              style={{ minWidth: 168 }}
            />
          )}
          <TestButton source={source} primary />
        </span>
      }
      link={<Link to={`/collect/sources/${source.id}` as never}>{t("collect.live.code")}</Link>}
    >
      {t(source.kind === "webhook" ? "collect.live.nothing_hook" : "collect.live.nothing_text")}
    </Empty>
  );
}

function Row(props: { event: Live; open: boolean; onToggle: () => void }) {
  const { t } = useTranslation();
  const reader = useReader();
  const name = useSourceName();
  const { event: e, open } = props;
  const title = eventTitle(e, t);
  const why = reasonOf(e, t);
  return (
    <li className="hs-live-item" data-open={open || undefined}>
      <button type="button" className="hs-live-row" aria-expanded={open} onClick={props.onToggle}>
        <RightOutlined className="hs-live-caret" />
        <span className="hs-num hs-live-at">{formatWhen(e.received_at, reader, "second").slice(-8)}</span>
        <span className="hs-live-status">
          <Status tone={tones[e.status]}>{t(`collect.status.${e.status}`)}</Status>
        </span>
        <span className="hs-live-event">
          <b>{title}</b>
          {why ? <span className="hs-live-why">{why}</span> : null}
        </span>
        <span className="hs-live-person">{e.keys.map((k) => k.value).join(" · ") || "—"}</span>
        <span className="hs-live-source">{name(e.source)}</span>
      </button>
      {open ? <Detail event={e} /> : null}
    </li>
  );
}

type T = ReturnType<typeof useTranslation>["t"];

function eventTitle(e: Live, t: T): string {
  if (e.kind === "") {
    return t("collect.live.unread");
  }
  return e.kind === "track"
    ? e.name
    : [t(`collect.event_kind.${e.kind}`, { defaultValue: e.kind }), e.name].filter(Boolean).join(" · ");
}

function reasonOf(e: Live, t: T): string {
  if (e.status === "dead" && e.reason) {
    return t(`collect.reason.${e.reason}`, { defaultValue: e.reason });
  }
  return e.status === "duplicate" || e.status === "blocked" ? t(`collect.status_why.${e.status}`) : "";
}

function Detail(props: { event: Live }) {
  const { t } = useTranslation();
  const reader = useReader();
  const { event: e } = props;
  const facts: [string, React.ReactNode][] = [
    [
      t("collect.live.at"),
      <span key="at" className="hs-num">
        {formatWhen(e.at, reader, "second")}
      </span>,
    ],
    [
      t("collect.live.received"),
      <span key="r" className="hs-num">
        {formatWhen(e.received_at, reader, "second")}
      </span>,
    ],
  ];
  if (e.fact) {
    facts.push([t("collect.fact"), <code key="f">{e.fact}</code>]);
  }
  for (const k of e.keys) {
    facts.push([t(`collect.key.${k.kind}`, { defaultValue: k.kind }), <code key={k.kind + k.value}>{k.value}</code>]);
  }
  if (e.customer) {
    facts.push([
      t("collect.live.person"),
      e.customer >= firstVisitor ? (
        t("collect.live.visitor")
      ) : (
        <Link key="c" to={`/customers/${e.customer}` as never}>
          {t("collect.live.open_person", { number: e.customer })}
        </Link>
      ),
    ]);
  }
  return (
    <div className="hs-live-detail">
      <dl>
        {facts.map(([label, value]) => (
          <div key={label + String((value as { key?: string })?.key ?? "")}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
        {e.status === "dead" ? (
          <div>
            <dt>{t("collect.tab.letters")}</dt>
            <dd>
              <Link to={"/collect/letters" as never} search={{ source: e.source, reason: e.reason } as never}>
                {t("collect.live.to_letters")}
              </Link>
            </dd>
          </div>
        ) : special(e.name) || e.kind !== "track" ? null : (
          <div>
            <dt>{t("collect.tab.dictionary")}</dt>
            <dd>
              <Link
                to={"/collect/dictionary" as never}
                search={{ source: e.source, open: `${e.source}|${e.name}` } as never}
              >
                {t("collect.live.to_dictionary")}
              </Link>
            </dd>
          </div>
        )}
      </dl>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <section tabIndex={0} aria-label={t("collect.live.props")}>
        <pre>{e.props === undefined ? t("collect.live.no_props") : JSON.stringify(e.props, null, 2)}</pre>
      </section>
    </div>
  );
}
