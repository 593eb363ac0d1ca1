import { ArrowDownOutlined, ArrowUpOutlined, CloseOutlined } from "@ant-design/icons";
import { $api, type Schema } from "@huoshui/api";
import { Count, Facts, formatCount, LayerTag, layerCodes, Panel, present, useReader, When, Why } from "@huoshui/ui";
import { Link } from "@tanstack/react-router";
import { Alert, App, Button, DatePicker, Input, Radio, Segmented, Select, Slider } from "antd";
import dayjs from "dayjs";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan, useStaff } from "../../shell/session";
import { TagName } from "../../tagging/TagName";
import type { Forecast } from "./Estimate";
import { Preview } from "./Look";
import { useSegments } from "./segments";
import { useTags } from "./tags";
import type { Draft } from "./WizardPage";
import { instantOf, soon, wallOf } from "./when";
import { channelCodes, channelText, inLanguage, type Plan, Target } from "./words";

interface Editing {
  plan: Plan;
  onChange: (patch: Partial<Plan>) => void;
}

/** A tag to choose, with how many carry it now. */
function TagOption(props: { tag: Schema<"Tag"> }) {
  return (
    <span className="campaigns-tag">
      <TagName name={props.tag.name} colour={props.tag.colour} />
      <span className="hs-secondary">
        <Count n={props.tag.size} />
      </span>
    </span>
  );
}

/** Who gets it: a layer, a segment or everybody, and who is left out. */
export function AudienceStep({ plan, onChange }: Editing) {
  const { t } = useTranslation();
  const layers = $api.useQuery("get", "/api/v1/layers");
  const segments = useSegments();
  const tags = useTags();
  const can = useCan();
  const kind = plan.audience.kind;
  return (
    <Panel title={t("campaigns.who")}>
      {layers.data?.snapshot.day === "" ? (
        <Alert
          type="info"
          showIcon
          style={{ marginBottom: 16 }}
          title={t("campaigns.nobody_yet")}
          action={
            <Link to={"/imports" as never}>
              <Button size="small">{t("campaigns.nobody_yet_do")}</Button>
            </Link>
          }
        />
      ) : null}
      <div className="campaigns-field">
        <Segmented
          value={kind}
          onChange={(v) => onChange({ audience: { kind: v as Plan["audience"]["kind"] } })}
          options={[
            { value: "layer", label: t("campaigns.who_layer") },
            { value: "segment", label: t("campaigns.who_segment") },
            ...(can("tags.read") ? [{ value: "tag", label: t("campaigns.who_tag") }] : []),
            { value: "everyone", label: t("campaigns.who_everyone") },
            ...(kind === "stage" || kind === "class" || kind === "warning"
              ? [{ value: kind, label: t(`campaigns.kind.${kind}`) }]
              : []),
          ]}
        />
      </div>
      {kind === "layer" ? (
        <div className="campaigns-field campaigns-choices">
          {layerCodes.map((code) => (
            <button
              type="button"
              key={code}
              className="campaigns-choice"
              aria-pressed={plan.audience.id === code}
              onClick={() => onChange({ audience: { kind: "layer", id: code } })}
            >
              <span className="campaigns-choice-head">
                <LayerTag layer={code} />
                <Count n={layers.data?.layers.find((l) => l.code === code)?.people} />
              </span>
              <small>{t(`campaigns.layer_text.${code}`)}</small>
            </button>
          ))}
        </div>
      ) : null}
      {kind === "segment" ? (
        <div className="campaigns-field campaigns-row">
          <Select
            showSearch={{ optionFilterProp: "label" }}
            style={{ width: 360 }}
            aria-label={t("campaigns.choose_segment")}
            placeholder={t("campaigns.choose_segment")}
            value={plan.audience.id || undefined}
            onChange={(id: string) => onChange({ audience: { kind: "segment", id } })}
            notFoundContent={t("campaigns.no_segments")}
            options={segments.items.map((s) => ({ value: s.id, label: s.name }))}
          />
          <Link to={"/segments/new" as never}>{t("campaigns.make_segment")}</Link>
        </div>
      ) : null}
      {kind === "tag" ? (
        <div className="campaigns-field campaigns-row">
          <Select
            showSearch={{ optionFilterProp: "name" }}
            style={{ width: 360 }}
            aria-label={t("campaigns.choose_tag")}
            placeholder={t("campaigns.choose_tag")}
            value={plan.audience.id || undefined}
            onChange={(id: string) => onChange({ audience: { kind: "tag", id } })}
            notFoundContent={t("campaigns.no_tags")}
            options={tags.items.map((tag) => ({ value: tag.id, name: tag.name, label: <TagOption tag={tag} /> }))}
          />
          <Link to={"/tags" as never}>{t("campaigns.see_tags")}</Link>
        </div>
      ) : null}
      {kind === "stage" || kind === "class" || kind === "warning" ? (
        <div className="campaigns-field">
          <Target target={plan.audience} segments={segments.names} />
        </div>
      ) : null}
      <div className="campaigns-field">
        <span className="campaigns-label">
          {t("campaigns.exclude")}
          <Why>{t("campaigns.exclude_why")}</Why>
        </span>
        <Select
          mode="multiple"
          style={{ width: "100%", maxWidth: 560 }}
          aria-label={t("campaigns.exclude")}
          placeholder={t("campaigns.exclude_hint")}
          value={plan.exclude_segments}
          onChange={(ids: string[]) => onChange({ exclude_segments: ids })}
          options={segments.items.map((s) => ({ value: s.id, label: s.name }))}
          showSearch={{ optionFilterProp: "label" }}
        />
      </div>
    </Panel>
  );
}

/** What it says: a strategy with everything in it, or a content of the library. */
export function ContentStep({ plan, onChange }: Editing) {
  const { t } = useTranslation();
  const { language } = useReader();
  const [by, setBy] = useState(plan.content && !plan.strategy ? "content" : "strategy");
  const strategies = $api.useQuery("get", "/api/v1/strategies", { params: { query: { limit: 200 } } });
  const contents = $api.useQuery("get", "/api/v1/contents", { params: { query: { limit: 200 } } });
  const all = strategies.data?.items ?? [];
  const layer = plan.audience.kind === "layer" ? plan.audience.id : undefined;
  const fitting = all.filter((s) => s.layer === layer);
  const others = all.filter((s) => s.layer !== layer);
  const chosen = all.find((s) => s.id === plan.strategy);
  // A strategy that came by the address brings its channels once it is known.
  useEffect(() => {
    if (chosen && plan.channels.length === 0) {
      onChange({ channels: chosen.channels, holdout_pct: chosen.guardrails.holdout_pct });
    }
  }, [chosen, plan.channels.length, onChange]);
  const groups = [
    { title: layer ? t("campaigns.for_layer") : "", items: layer ? fitting : all },
    { title: t("campaigns.all_strategies"), items: layer ? others : [] },
  ].filter((g) => g.items.length > 0);
  return (
    <>
      <Panel title={t("campaigns.what")}>
        <div className="campaigns-field">
          <Segmented
            value={by}
            onChange={(v) => {
              setBy(String(v));
              onChange(v === "strategy" ? { content: undefined, offer: undefined } : { strategy: undefined });
            }}
            options={[
              { value: "strategy", label: t("campaigns.by_strategy") },
              { value: "content", label: t("campaigns.by_content") },
            ]}
          />
        </div>
        {by === "strategy"
          ? groups.map((g) => (
              <div key={g.title}>
                {g.title ? <p className="campaigns-group">{g.title}</p> : null}
                <div className="campaigns-choices">
                  {g.items.map((s) => (
                    <button
                      type="button"
                      key={s.id}
                      className="campaigns-choice"
                      aria-pressed={plan.strategy === s.id}
                      onClick={() =>
                        onChange({
                          strategy: s.id,
                          content: undefined,
                          offer: undefined,
                          channels: s.channels,
                          holdout_pct: s.guardrails.holdout_pct,
                        })
                      }
                    >
                      <span className="campaigns-choice-head">
                        <b>{inLanguage(s.name, language)}</b>
                        <LayerTag layer={s.layer} />
                      </span>
                      <small>{inLanguage(s.benefit, language)}</small>
                      <small>{s.channels.map((c) => channelText(t, c)).join(" → ")}</small>
                    </button>
                  ))}
                </div>
              </div>
            ))
          : null}
        {by === "strategy" && strategies.data && all.length === 0 ? (
          <p className="hs-secondary">{t("campaigns.no_strategies")}</p>
        ) : null}
        {by === "content" ? (
          <>
            <div className="campaigns-field">
              <span className="campaigns-label">{t("campaigns.content")}</span>
              <Select
                showSearch={{ optionFilterProp: "label" }}
                style={{ width: 420 }}
                aria-label={t("campaigns.choose_content")}
                placeholder={t("campaigns.choose_content")}
                value={plan.content || undefined}
                onChange={(content: string) => {
                  const bodies = contents.data?.items.find((c) => c.id === content)?.bodies ?? [];
                  const speaks = channelCodes.filter((c) => bodies.some((b) => b.channel === c || b.channel === ""));
                  onChange({ content, channels: plan.channels.length > 0 ? plan.channels : speaks.slice(0, 1) });
                }}
                options={contents.data?.items.map((c) => ({ value: c.id, label: inLanguage(c.name, language) }))}
              />
            </div>
            <div className="campaigns-row">
              <div className="campaigns-field">
                <span className="campaigns-label">
                  {t("campaigns.benefit")}
                  <Why>{t("campaigns.offer_why", { benefit: "{{benefit}}", coupon: "{{coupon}}" })}</Why>
                </span>
                <Input
                  style={{ width: 280 }}
                  aria-label={t("campaigns.benefit")}
                  placeholder={t("campaigns.benefit_hint")}
                  value={plan.offer?.benefit ?? ""}
                  onChange={(e) => onChange({ offer: { ...plan.offer, benefit: e.target.value || undefined } })}
                />
              </div>
              <div className="campaigns-field">
                <span className="campaigns-label">{t("campaigns.coupon")}</span>
                <Input
                  style={{ width: 160 }}
                  aria-label={t("campaigns.coupon")}
                  value={plan.offer?.coupon ?? ""}
                  onChange={(e) => onChange({ offer: { ...plan.offer, coupon: e.target.value || undefined } })}
                />
              </div>
            </div>
          </>
        ) : null}
      </Panel>
      <Preview plan={plan} ready={(!!plan.strategy || !!plan.content) && plan.channels.length > 0} />
    </>
  );
}

/** How and when: the order of channels, the start, the deadline, and who is held out. */
export function ChannelStep(props: { draft: Draft; onChange: Editing["onChange"]; onAt: (at: string) => void }) {
  const { t } = useTranslation();
  const { language, zone } = useReader();
  const { plan, at, advised } = props.draft;
  const strategies = $api.useQuery("get", "/api/v1/strategies", { params: { query: { limit: 200 } } });
  const timing = strategies.data?.items.find((s) => s.id === plan.strategy)?.timing;
  // The picker knows only the browser's zone: it is given, and gives, what a clock in the business's zone shows.
  const picked = (iso: string) => dayjs(wallOf(iso, zone));
  const instant = (v: dayjs.Dayjs) => instantOf(v.format("YYYY-MM-DD HH:mm"), zone);
  return (
    <>
      <Panel title={t("campaigns.order")}>
        <Order plan={plan} onChange={props.onChange} />
      </Panel>
      <Panel title={t("campaigns.when")} definition={t("campaigns.when_why")}>
        <div className="campaigns-field campaigns-row">
          <Radio.Group
            value={at !== ""}
            onChange={(e) => props.onAt(e.target.value ? advised || soon(present()) : "")}
            options={[
              { value: false, label: t("campaigns.when_now") },
              { value: true, label: t("campaigns.when_at") },
            ]}
          />
          {at ? (
            <DatePicker
              showTime={{ format: "HH:mm" }}
              format="YYYY-MM-DD HH:mm"
              aria-label={t("campaigns.when_hint")}
              allowClear={false}
              value={picked(at)}
              onChange={(v) => v && props.onAt(instant(v))}
            />
          ) : null}
        </div>
        {timing ? (
          <p className="hs-secondary campaigns-field">
            {t(timing.weekdays.length % 7 === 0 ? "campaigns.when_advised_any" : "campaigns.when_advised", {
              days: weekdays(timing.weekdays, language),
              at: timing.at,
              zone,
            })}
            {at === advised ? ` ${t("campaigns.when_filled")}` : ""}
          </p>
        ) : null}
        <div className="campaigns-field">
          <span className="campaigns-label">
            {t("campaigns.deadline")}
            <Why>{t("campaigns.deadline_why")}</Why>
          </span>
          <DatePicker
            showTime={{ format: "HH:mm" }}
            format="YYYY-MM-DD HH:mm"
            placeholder={t("campaigns.deadline_hint")}
            value={plan.deadline ? picked(plan.deadline) : null}
            onChange={(v) => props.onChange({ deadline: v ? instant(v) : undefined })}
          />
        </div>
      </Panel>
      <Panel title={t("campaigns.share")} definition={t("campaigns.holdout_why")}>
        <Slider
          ariaLabelForHandle={t("campaigns.share")}
          min={0}
          max={50}
          step={5}
          value={plan.holdout_pct}
          marks={{ 0: "0", 10: "10%", 20: "20%", 50: "50%" }}
          onChange={(holdout_pct) => props.onChange({ holdout_pct })}
        />
        <p className="hs-secondary">
          {plan.holdout_pct > 0 ? t("campaigns.share_text", { n: plan.holdout_pct }) : t("campaigns.share_none")}
          {plan.strategy ? ` ${t("campaigns.sticky")}` : ""}
        </p>
      </Panel>
    </>
  );
}

/** Days of the week (1 is Monday) in words. */
function weekdays(days: readonly number[], language: string): string {
  const format = new Intl.DateTimeFormat(language === "en" ? "en" : "zh-CN", { weekday: "short", timeZone: "UTC" });
  return [...days]
    .sort((a, b) => a - b)
    .map((d) => format.format(Date.UTC(2024, 0, d))) // 1 January 2024 was a Monday
    .join(language === "en" ? ", " : "、");
}

function Order({ plan, onChange }: Editing) {
  const { t } = useTranslation();
  const state = $api.useQuery("get", "/api/v1/channels");
  const enabled = state.data?.enabled;
  const move = (from: number, to: number) => {
    const next = [...plan.channels];
    const [moved] = next.splice(from, 1);
    if (moved) {
      next.splice(to, 0, moved);
      onChange({ channels: next });
    }
  };
  const free = channelCodes.filter((c) => !plan.channels.includes(c));
  return (
    <>
      <p className="hs-secondary">{t("campaigns.order_text")}</p>
      <ol className="campaigns-order">
        {plan.channels.map((c, i) => (
          <li key={c}>
            <span className="campaigns-order-n">{i + 1}</span>
            <div>
              {channelText(t, c)}
              {enabled && !enabled.includes(c) ? (
                <small>
                  {t("campaigns.off")} · <Link to={"/settings/channels" as never}>{t("campaigns.set_up")}</Link>
                </small>
              ) : (
                <small>{t(`campaigns.channel_text.${c}`)}</small>
              )}
            </div>
            <Button
              size="small"
              type="text"
              aria-label={t("campaigns.up")}
              icon={<ArrowUpOutlined />}
              disabled={i === 0}
              onClick={() => move(i, i - 1)}
            />
            <Button
              size="small"
              type="text"
              aria-label={t("campaigns.down")}
              icon={<ArrowDownOutlined />}
              disabled={i === plan.channels.length - 1}
              onClick={() => move(i, i + 1)}
            />
            <Button
              size="small"
              type="text"
              aria-label={t("campaigns.remove")}
              icon={<CloseOutlined />}
              onClick={() => onChange({ channels: plan.channels.filter((x) => x !== c) })}
            />
          </li>
        ))}
      </ol>
      {free.length > 0 ? (
        <Select
          size="small"
          style={{ width: 180 }}
          aria-label={t("campaigns.add_channel")}
          placeholder={t("campaigns.add_channel")}
          value={null}
          onChange={(c: string | null) => c && onChange({ channels: [...plan.channels, c] })}
          options={free.map((c) => ({ value: c, label: channelText(t, c) }))}
        />
      ) : null}
    </>
  );
}

/** What it will do, one more look, and a message to oneself. */
export function CheckStep(props: { draft: Draft; forecast: Forecast | undefined; onName: (name: string) => void }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const segments = useSegments();
  const { plan, name } = props.draft;
  const strategies = $api.useQuery("get", "/api/v1/strategies", { params: { query: { limit: 200 } } });
  const strategy = strategies.data?.items.find((s) => s.id === plan.strategy);
  return (
    <>
      <Panel title={t("campaigns.name")}>
        <Input
          autoFocus
          maxLength={120}
          style={{ maxWidth: 480 }}
          aria-label={t("campaigns.name")}
          placeholder={t("campaigns.name_hint")}
          value={name}
          onChange={(e) => props.onName(e.target.value)}
        />
      </Panel>
      <Panel title={t("campaigns.plan")}>
        <Facts
          columns={2}
          items={[
            { label: t("campaigns.audience"), value: <Target target={plan.audience} segments={segments.names} /> },
            {
              label: t("campaigns.strategy"),
              value: strategy ? inLanguage(strategy.name, language) : t("campaigns.no_strategy"),
            },
            {
              label: t("campaigns.benefit"),
              value: plan.offer?.benefit || (strategy ? inLanguage(strategy.benefit, language) : "—"),
            },
            {
              label: t("campaigns.when"),
              value: props.draft.at ? <When at={props.draft.at} /> : t("campaigns.when_now"),
              why: t("campaigns.when_why"),
            },
            { label: t("campaigns.order"), value: plan.channels.map((c) => channelText(t, c)).join(" → ") },
            { label: t("campaigns.share"), value: `${plan.holdout_pct}%`, why: t("campaigns.holdout_why") },
            {
              label: t("campaigns.by_channel"),
              value: props.forecast
                ? Object.entries(props.forecast.channels)
                    .map(([c, n]) => `${channelText(t, c)} ${formatCount(n, language)}`)
                    .join(" · ") || "—"
                : "—",
            },
          ]}
        />
      </Panel>
      <Trial plan={plan} />
      <Preview plan={plan} ready />
    </>
  );
}

/** Sends the message to the operator. */
function Trial(props: { plan: Plan }) {
  const { t } = useTranslation();
  const staff = useStaff() as { email?: string };
  const { message } = App.useApp();
  const state = $api.useQuery("get", "/api/v1/channels");
  const [to, setTo] = useState(staff.email ?? "");
  const send = $api.useMutation("post", "/api/v1/campaigns/test", {
    onSuccess: () => void message.success(t("campaigns.test_done")),
  });
  const usable = (["email", "webhook"] as const).filter(
    (c) => props.plan.channels.includes(c) && state.data?.enabled.includes(c),
  );
  return (
    <Panel title={t("campaigns.test")}>
      {usable.length === 0 ? <p className="hs-secondary">{t("campaigns.test_need")}</p> : null}
      <div className="campaigns-row">
        {usable.map((channel) => (
          <span key={channel} className="campaigns-row">
            {channel === "email" ? (
              <Input
                style={{ width: 260 }}
                aria-label={t("campaigns.test_to")}
                placeholder={t("campaigns.test_to")}
                value={to}
                onChange={(e) => setTo(e.target.value)}
              />
            ) : null}
            <Button
              loading={send.isPending}
              disabled={channel === "email" && !to.includes("@")}
              onClick={() =>
                send.mutate({ body: { plan: props.plan, channel, to: channel === "email" ? to : undefined } })
              }
            >
              {channelText(t, channel)} · {t("campaigns.test_do")}
            </Button>
          </span>
        ))}
      </div>
    </Panel>
  );
}
