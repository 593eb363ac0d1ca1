import { ArrowUpOutlined, CloseOutlined } from "@ant-design/icons";
import { $api } from "@huoshui/api";
import { ErrorNote, LayerTag, Loaded, Page, Panel, useReader, Why } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { App, Button, Checkbox, Input, InputNumber, Select, Space } from "antd";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { useUrlState } from "../../shell/url";
import { Sample } from "./Sample";
import { type Draft, draftOf, emptyDraft, type Strategy, say } from "./words";
import "./strategies.css";

const layers = ["vip", "potential", "new", "silent", "lost"] as const;
const goals = ["activate", "repeat", "care", "recall", "win_back", "listen"] as const;
const teams = ["community", "conversion", "vip_service", "senior_manager"] as const;
const channels = ["phone", "email", "task", "webhook"] as const;

/** Writes a new strategy, or the next version of one. */
export default function EditorPage() {
  const { id } = useParams({ strict: false }) as { id?: string };
  const [state] = useUrlState({ layer: "" });
  const one = $api.useQuery(
    "get",
    "/api/v1/strategies/{id}",
    { params: { path: { id: id ?? "" } } },
    { enabled: !!id, refetchOnWindowFocus: false },
  );
  if (!id) {
    return <Editor initial={emptyDraft(state.layer)} />;
  }
  return (
    <Loaded query={one}>
      {(s) => (
        <Editor key={s.version} strategy={s as unknown as Strategy} initial={draftOf(s as unknown as Strategy)} />
      )}
    </Loaded>
  );
}

function Editor(props: { strategy?: Strategy; initial: Draft }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const { message } = App.useApp();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [d, setDraft] = useState(props.initial);
  const set = (patch: Partial<Draft>) => setDraft((old) => ({ ...old, ...patch }));
  const guard = (patch: Partial<Draft["guardrails"]>) => set({ guardrails: { ...d.guardrails, ...patch } });
  const time = (patch: Partial<Draft["timing"]>) => set({ timing: { ...d.timing, ...patch } });
  const contents = $api.useQuery("get", "/api/v1/contents", { params: { query: { limit: 200 } } });
  const create = $api.useMutation("post", "/api/v1/strategies", { meta: { quiet: true } });
  const revise = $api.useMutation("put", "/api/v1/strategies/{id}", { meta: { quiet: true } });
  const error = create.error ?? revise.error;
  const save = async () => {
    const s = props.strategy;
    const kept = s
      ? await revise.mutateAsync({ params: { path: { id: s.id } }, body: { seen: s.version, draft: d } })
      : await create.mutateAsync({ body: d });
    await client.invalidateQueries({ queryKey: ["get", "/api/v1/strategies"] });
    await client.invalidateQueries({ queryKey: ["get", "/api/v1/strategies/{id}"] });
    message.success(t("strategies.saved"));
    void navigate({ to: `/strategies/${kept.id}` as never });
  };
  const back = props.strategy ? `/strategies/${props.strategy.id}` : "/strategies";
  const free = channels.filter((c) => !d.channels.includes(c));
  const numeric = (value: number, onChange: (n: number) => void, unit: string, max: number, step = 1) => (
    <Space>
      <InputNumber
        value={value}
        min={0}
        max={max}
        step={step}
        onChange={(n) => onChange(n ?? 0)}
        style={{ width: 96 }}
      />
      <span className="hs-secondary">{unit}</span>
    </Space>
  );
  return (
    <Page
      title={props.strategy ? t("strategies.edit") : t("strategies.new")}
      crumbs={
        <Link to={back as never}>{props.strategy ? say(props.strategy.name, language) : t("strategies.title")}</Link>
      }
      actions={
        <>
          <Button onClick={() => void navigate({ to: back as never })}>{t("strategies.leave")}</Button>
          <Button
            type="primary"
            loading={create.isPending || revise.isPending}
            onClick={() => void save().catch(() => undefined)}
          >
            {props.strategy ? t("strategies.save") : t("strategies.create")}
          </Button>
        </>
      }
      aside={
        <Panel title={t("strategies.panel.title")}>
          <Sample draft={d} />
        </Panel>
      }
    >
      {error ? <ErrorNote error={error} /> : null}
      <Panel title={t("strategies.section.idea")}>
        <div className="st-form">
          <Field label={t("strategies.field.name")}>
            <Input
              value={d.name.zh}
              maxLength={80}
              onChange={(e) => set({ name: { ...d.name, zh: e.target.value } })}
            />
          </Field>
          <Field label={t("strategies.field.name_en")}>
            <Input
              value={d.name.en}
              maxLength={80}
              onChange={(e) => set({ name: { ...d.name, en: e.target.value } })}
            />
          </Field>
          <Field label={t("strategies.field.layer")}>
            <Select
              value={d.layer}
              onChange={(layer) => set({ layer })}
              options={layers.map((l) => ({ value: l, label: <LayerTag layer={l} /> }))}
            />
          </Field>
          <Field label={t("strategies.field.goal")}>
            <Select
              value={d.goal}
              onChange={(goal) => set({ goal })}
              options={goals.map((g) => ({ value: g, label: t(`strategies.goals.${g}`) }))}
            />
          </Field>
          <Field label={t("strategies.field.why")} wide>
            <Input.TextArea
              value={d.why.zh}
              autoSize={{ minRows: 2, maxRows: 6 }}
              maxLength={1000}
              onChange={(e) => set({ why: { ...d.why, zh: e.target.value } })}
            />
          </Field>
          <Field label={t("strategies.field.why_en")} wide>
            <Input.TextArea
              value={d.why.en}
              autoSize={{ minRows: 2, maxRows: 6 }}
              maxLength={1000}
              onChange={(e) => set({ why: { ...d.why, en: e.target.value } })}
            />
          </Field>
        </div>
      </Panel>
      <Panel title={t("strategies.section.what")}>
        <div className="st-form">
          <Field label={t("strategies.field.content")} wide>
            <Select
              value={d.content_id || undefined}
              placeholder={t("strategies.choose_content")}
              onChange={(content_id) => set({ content_id })}
              showSearch={{ optionFilterProp: "text" }}
              options={contents.data?.items.map((c) => ({
                value: c.id,
                text: `${c.name.zh} ${c.name.en ?? ""}`,
                label: say(c.name, language),
              }))}
            />
          </Field>
          <Field label={t("strategies.field.benefit")} why={t("strategies.field.benefit_why")}>
            <Input
              value={d.benefit.zh}
              maxLength={80}
              onChange={(e) => set({ benefit: { ...d.benefit, zh: e.target.value } })}
            />
          </Field>
          <Field label={t("strategies.field.benefit_en")}>
            <Input
              value={d.benefit.en}
              maxLength={80}
              onChange={(e) => set({ benefit: { ...d.benefit, en: e.target.value } })}
            />
          </Field>
          <Field label={t("strategies.field.coupon")} why={t("strategies.field.coupon_why")}>
            <Input value={d.coupon} maxLength={40} onChange={(e) => set({ coupon: e.target.value })} />
          </Field>
        </div>
      </Panel>
      <Panel title={t("strategies.section.how")}>
        <div className="st-form">
          <Field label={t("strategies.field.channels")} why={t("strategies.field.channels_why")} wide>
            <ol className="st-channels">
              {d.channels.map((c, i) => (
                <li key={c}>
                  <span className="hs-num">{i + 1}</span>
                  {t(`strategies.channels.${c}`)}
                  <Button
                    size="small"
                    type="text"
                    aria-label={t("strategies.up")}
                    disabled={i === 0}
                    icon={<ArrowUpOutlined />}
                    onClick={() => {
                      const next = [...d.channels];
                      next.splice(i, 1);
                      next.splice(i - 1, 0, c);
                      set({ channels: next });
                    }}
                  />
                  <Button
                    size="small"
                    type="text"
                    aria-label={t("strategies.remove")}
                    disabled={d.channels.length === 1}
                    icon={<CloseOutlined />}
                    onClick={() => set({ channels: d.channels.filter((x) => x !== c) })}
                  />
                </li>
              ))}
              {free.length > 0 ? (
                <li>
                  <Select
                    size="small"
                    value={null}
                    placeholder={t("strategies.add_channel")}
                    onChange={(c: string | null) => c && set({ channels: [...d.channels, c] })}
                    options={free.map((c) => ({ value: c, label: t(`strategies.channels.${c}`) }))}
                    style={{ width: 160 }}
                  />
                </li>
              ) : null}
            </ol>
          </Field>
          <Field label={t("strategies.field.at")} why={t("strategies.field.at_why")}>
            <Input
              type="time"
              value={d.timing.at}
              onChange={(e) => time({ at: e.target.value })}
              style={{ width: 120 }}
            />
          </Field>
          <Field label={t("strategies.field.team")}>
            <Select
              value={d.owner_team}
              onChange={(owner_team) => set({ owner_team })}
              options={teams.map((x) => ({ value: x, label: t(`strategies.teams.${x}`) }))}
            />
          </Field>
          <Field label={t("strategies.field.weekdays")} why={t("strategies.field.at_why")} wide>
            <Checkbox.Group
              value={d.timing.weekdays}
              onChange={(weekdays) => time({ weekdays: weekdays as number[] })}
              options={[1, 2, 3, 4, 5, 6, 7].map((n) => ({ value: n, label: t(`strategies.weekdays.d${n}`) }))}
            />
          </Field>
          <Field label={t("strategies.field.repeat")} why={t("strategies.field.repeat_why")}>
            {numeric(d.timing.repeat_days, (n) => time({ repeat_days: n }), t("strategies.unit_days"), 366)}
          </Field>
          <Field label={t("strategies.field.window")} why={t("strategies.field.window_why")}>
            {numeric(d.timing.window_days, (n) => time({ window_days: n }), t("strategies.unit_days"), 90)}
          </Field>
        </div>
      </Panel>
      <Panel title={t("strategies.section.guard")}>
        <div className="st-form">
          <Field label={t("strategies.field.holdout")} why={t("strategies.field.holdout_why")}>
            {numeric(d.guardrails.holdout_pct, (n) => guard({ holdout_pct: n }), t("strategies.percent"), 90)}
          </Field>
          <Field label={t("strategies.field.stop")}>
            {numeric(
              d.guardrails.stop_unsubscribe_pct,
              (n) => guard({ stop_unsubscribe_pct: n }),
              t("strategies.percent"),
              100,
              0.5,
            )}
          </Field>
          <Field label={t("strategies.field.rest")}>
            {numeric(d.guardrails.rest_days, (n) => guard({ rest_days: n }), t("strategies.unit_days"), 366)}
          </Field>
          <Field label={t("strategies.field.skip")}>
            {numeric(
              d.guardrails.skip_bought_days,
              (n) => guard({ skip_bought_days: n }),
              t("strategies.unit_days"),
              366,
            )}
          </Field>
          <Field label={t("strategies.field.cap")}>
            {numeric(
              d.guardrails.cost_cap_fen / 100,
              (n) => guard({ cost_cap_fen: Math.round(n * 100) }),
              t("strategies.per_person"),
              1_000_000,
              0.5,
            )}
          </Field>
        </div>
      </Panel>
    </Page>
  );
}

function Field(props: { label: string; why?: string; wide?: boolean; children: ReactNode }) {
  return (
    <fieldset className="st-field" data-wide={props.wide || undefined} aria-label={props.label}>
      <span className="st-label">
        {props.label}
        {props.why ? <Why>{props.why}</Why> : null}
      </span>
      {props.children}
    </fieldset>
  );
}
