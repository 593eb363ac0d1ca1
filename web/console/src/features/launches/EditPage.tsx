import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { $api } from "@huoshui/api";
import {
  ErrorNote,
  formatMoney,
  formatWhen,
  Loaded,
  Loading,
  Page,
  Panel,
  useConfirmDanger,
  useReader,
  Why,
} from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { App, Button, Dropdown, Input, InputNumber, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { Field } from "../../trading/Field";
import { ActionEditor } from "./ActionEditor";
import { Faults, useFaultText } from "./Faults";
import { Instant, useGoods } from "./parts";
import {
  actionKinds,
  bare,
  type Fault,
  figure,
  freshAction,
  type Launch,
  type Measure,
  measures,
  type Stage,
  type StageKind,
  shifted,
  stageKinds,
} from "./words";
import "../../trading/trading.css";
import "./launches.css";

/** A draft that is written, checked and started. */
export default function EditPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const { t } = useTranslation();
  const launch = $api.useQuery(
    "get",
    "/api/v1/launches/{id}",
    { params: { path: { id } } },
    { staleTime: Number.POSITIVE_INFINITY },
  );
  return (
    <Loaded query={launch} loading={<Page title={t("launches.edit")}>{<Loading blocks={5} />}</Page>}>
      {(l) => <Editor key={l.id} first={l} />}
    </Loaded>
  );
}

function Editor(props: { first: Launch }) {
  const { t } = useTranslation();
  const reader = useReader();
  const can = useCan();
  const confirm = useConfirmDanger();
  const navigate = useNavigate();
  const client = useQueryClient();
  const { message } = App.useApp();
  const [saved, setSaved] = useState(props.first);
  const [name, setName] = useState(saved.name);
  const [goods, setGoods] = useState(saved.goods);
  const [stages, setStages] = useState<Stage[]>(saved.stages);
  const all = useGoods();
  const edit = $api.useMutation("put", "/api/v1/launches/{id}", { meta: { quiet: true } });
  const start = $api.useMutation("post", "/api/v1/launches/{id}/start", { meta: { quiet: true } });
  const discard = $api.useMutation("delete", "/api/v1/launches/{id}", { meta: { quiet: true } });
  const check = $api.useQuery("get", "/api/v1/launches/{id}/check", { params: { path: { id: saved.id } } });
  const draft = { name: name.trim(), goods, stages: bare(stages) };
  const clean =
    JSON.stringify(draft) === JSON.stringify({ name: saved.name, goods: saved.goods, stages: bare(saved.stages) });

  const set = (kind: StageKind, part: Partial<Stage>) =>
    setStages((old) => old.map((s) => (s.kind === kind ? { ...s, ...part } : s)));
  const save = async () => {
    const kept = await edit.mutateAsync({
      params: { path: { id: saved.id } },
      body: { ...draft, revision: saved.revision },
    });
    setSaved(kept);
    setStages(kept.stages);
    await client.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).startsWith("/api/v1/launches") });
    return kept;
  };
  const saveAndCheck = async () => {
    await save();
    message.success(t("launches.saved"));
  };
  const begin = () =>
    confirm({
      title: t("launches.start_title", { name: saved.name }),
      consequence: t("launches.start_text", {
        stages: saved.stages.length,
        steps: saved.stages.reduce((n, s) => n + s.actions.length, 0),
        begins: formatWhen(saved.begins_at, reader),
        sale: formatWhen(saved.sale_at, reader),
      }),
      action: t("launches.start"),
      red: false,
      run: async () => {
        await start.mutateAsync({ params: { path: { id: saved.id } }, body: { revision: saved.revision } });
        message.success(t("launches.started"));
        await client.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).startsWith("/api/v1/launches") });
        await navigate({ to: `/launches/${saved.id}` as never });
      },
    });
  const drop = () =>
    confirm({
      title: t("launches.delete_title", { name: saved.name }),
      consequence: t("launches.delete_text"),
      action: t("launches.delete"),
      run: async () => {
        await discard.mutateAsync({ params: { path: { id: saved.id } } });
        message.success(t("launches.deleted"));
        await navigate({ to: "/launches" as never });
      },
    });
  const sale = stages.find((s) => s.kind === "sale");
  const missing = stageKinds.filter((k) => !stages.some((s) => s.kind === k));
  return (
    <Page
      title={saved.name}
      crumbs={<Link to={"/launches" as never}>{t("launches.title")}</Link>}
      aside={<Check query={check.data} clean={clean} />}
      actions={
        <>
          <Button onClick={drop}>{t("launches.delete")}</Button>
          <Button
            type={clean ? "default" : "primary"}
            disabled={clean || draft.name === ""}
            loading={edit.isPending}
            onClick={() => void saveAndCheck().catch(() => undefined)}
          >
            {t("launches.save")}
          </Button>
          {can("campaigns.send") ? (
            <Button type={clean ? "primary" : "default"} disabled={!clean || !check.data?.ready} onClick={begin}>
              {t("launches.start")}
            </Button>
          ) : null}
        </>
      }
    >
      {edit.error ? <ErrorNote error={edit.error} small /> : null}
      <Panel>
        <div className="hs-trade-form">
          <Field label={t("launches.name")}>
            <Input
              aria-label={t("launches.name")}
              maxLength={60}
              style={{ maxWidth: 360 }}
              value={name}
              onChange={(e) => setName(e.target.value)}
            />
          </Field>
          <Field label={t("launches.goods")}>
            <Select
              aria-label={t("launches.goods")}
              mode="multiple"
              placeholder={t("launches.goods_hint")}
              showSearch={{ optionFilterProp: "label" }}
              style={{ width: "100%", maxWidth: 560 }}
              value={goods}
              onChange={setGoods}
              options={(all.data?.items ?? []).map((g) => ({ value: g.id, label: g.title }))}
            />
          </Field>
          {sale ? (
            <Field label={t("launches.move_all")} why={t("launches.move_all_why")}>
              <span className="hs-secondary">{t("launches.sale_at")}</span>
              <Instant
                label={t("launches.move_all")}
                at={sale.begins_at}
                onChange={(at) => setStages((old) => shifted(old, Date.parse(at) - Date.parse(sale.begins_at)))}
              />
            </Field>
          ) : null}
        </div>
        <Faults of={(check.data?.faults ?? []).filter((f) => !f.stage)} />
      </Panel>
      {stages.map((s) => (
        <StageEditor
          key={s.kind}
          stage={s}
          goods={goods}
          looked={check.data}
          onChange={(part) => set(s.kind, part)}
          onRemove={() => setStages((old) => old.filter((o) => o.kind !== s.kind))}
        />
      ))}
      {missing.length > 0 ? (
        <Dropdown
          menu={{
            items: missing.map((key) => ({ key, label: t(`launches.stage.${key}`) })),
            onClick: ({ key }) => setStages((old) => withStage(old, key as StageKind)),
          }}
        >
          <Button icon={<PlusOutlined />}>{t("launches.add_stage")}</Button>
        </Dropdown>
      ) : null}
    </Page>
  );
}

/** Stages with another one in its place, between its neighbours or beside them. */
function withStage(stages: readonly Stage[], kind: StageKind): Stage[] {
  const at = stageKinds.indexOf(kind);
  const before = stages.filter((s) => stageKinds.indexOf(s.kind) < at);
  const after = stages.filter((s) => stageKinds.indexOf(s.kind) > at);
  const from = before.at(-1)?.ends_at ?? new Date(Date.parse(after[0]?.begins_at ?? "") - 3 * 86_400_000).toISOString();
  const until = after[0] && Date.parse(after[0].begins_at) > Date.parse(from) ? after[0].begins_at : undefined;
  const ends = until ?? new Date(Date.parse(from) + 3 * 86_400_000).toISOString();
  return [...before, { kind, begins_at: from, ends_at: ends, actions: [] }, ...after];
}

function StageEditor(props: {
  stage: Stage;
  goods: readonly string[];
  looked: { faults: Fault[]; people: Record<string, number> } | undefined;
  onChange: (part: Partial<Stage>) => void;
  onRemove: () => void;
}) {
  const { t } = useTranslation();
  const { language } = useReader();
  const s = props.stage;
  const goal = s.goal;
  const faults = (props.looked?.faults ?? []).filter((f) => f.stage === s.kind && !f.action);
  const last =
    goal && s.last
      ? goal.measure === "revenue"
        ? formatMoney(s.last.revenue_fen, language)
        : String(figure(s.last, goal.measure))
      : undefined;
  return (
    <Panel
      title={t(`launches.stage.${s.kind}`)}
      definition={t(`launches.stage_why.${s.kind}`)}
      actions={
        <Button
          size="small"
          type="text"
          icon={<DeleteOutlined />}
          aria-label={`${t("launches.remove_stage")} ${t(`launches.stage.${s.kind}`)}`}
          onClick={props.onRemove}
        />
      }
    >
      <div className="hs-trade-form">
        <Field label={t("launches.window")}>
          <Instant
            label={`${t(`launches.stage.${s.kind}`)} ${t("launches.window")}`}
            at={s.begins_at}
            onChange={(begins_at) => props.onChange({ begins_at })}
          />
          –
          <Instant
            label={`${t(`launches.stage.${s.kind}`)} ${t("launches.window")} –`}
            at={s.ends_at}
            onChange={(ends_at) => props.onChange({ ends_at })}
          />
        </Field>
        <Field label={t("launches.goal")}>
          <Select
            aria-label={`${t(`launches.stage.${s.kind}`)} ${t("launches.goal")}`}
            style={{ width: 160 }}
            value={goal?.measure ?? ""}
            onChange={(measure: Measure | "") =>
              props.onChange({ goal: measure ? { measure, target: goal?.target ?? 100 } : undefined })
            }
            options={[
              { value: "", label: t("launches.goal_none") },
              ...measures.map((value) => ({ value, label: t(`launches.measure.${value}`) })),
            ]}
          />
          {goal ? (
            <InputNumber
              aria-label={`${t(`launches.stage.${s.kind}`)} ${t(`launches.measure.${goal.measure}`)}`}
              min={goal.measure === "revenue" ? 0.01 : 1}
              max={1_000_000_000}
              precision={goal.measure === "revenue" ? 2 : 0}
              controls={false}
              prefix={goal.measure === "revenue" ? "¥" : undefined}
              value={goal.measure === "revenue" ? goal.target / 100 : goal.target}
              onChange={(n) =>
                props.onChange({
                  goal: { ...goal, target: Math.max(1, Math.round((n ?? 1) * (goal.measure === "revenue" ? 100 : 1))) },
                })
              }
            />
          ) : null}
          {goal ? <Why>{t(`launches.measure_why.${goal.measure}`)}</Why> : null}
          {last === undefined ? null : <span className="hs-secondary">{t("launches.last_wave", { n: last })}</span>}
        </Field>
      </div>
      <Faults of={faults} />
      <ul className="launch-actions" aria-label={t("launches.actions")}>
        {s.actions.map((a, i) => (
          <ActionEditor
            key={a.id ?? `new-${i}`}
            action={a}
            goods={props.goods}
            looked={props.looked}
            onChange={(next) => props.onChange({ actions: s.actions.map((o, j) => (j === i ? next : o)) })}
            onRemove={() => props.onChange({ actions: s.actions.filter((_, j) => j !== i) })}
          />
        ))}
      </ul>
      <Dropdown
        menu={{
          items: actionKinds
            .filter((k) => k !== "presale" || s.kind === "presale")
            .map((key) => ({ key, label: t(`launches.action.${key}`) })),
          onClick: ({ key }) =>
            props.onChange({ actions: [...s.actions, freshAction(key as (typeof actionKinds)[number])] }),
        }}
      >
        <Button size="small" icon={<PlusOutlined />}>
          {t("launches.add")}
        </Button>
      </Dropdown>
    </Panel>
  );
}

/** What the server thinks of the draft as it is saved. */
function Check(props: { query: { faults: Fault[]; ready: boolean } | undefined; clean: boolean }) {
  const { t } = useTranslation();
  const text = useFaultText();
  if (!props.query) {
    return null;
  }
  const bad = props.query.faults.filter((f) => !f.warning);
  const warnings = props.query.faults.filter((f) => f.warning);
  return (
    <section className="launch-check" data-stale={!props.clean || undefined} aria-live="polite">
      <h2>{t("launches.check")}</h2>
      <p>
        {bad.length > 0
          ? t("launches.check_bad", { n: bad.length })
          : warnings.length > 0
            ? t("launches.check_warn", { n: warnings.length })
            : t("launches.check_ok")}
      </p>
      <ul>
        {[...bad, ...warnings].map((f) => (
          <li key={`${f.stage} ${f.action} ${f.field} ${f.code}`} data-warning={f.warning || undefined}>
            <b>{f.stage ? t(`launches.stage.${f.stage}`) : t("launches.the_launch")}</b> {text(f)}
          </li>
        ))}
      </ul>
    </section>
  );
}
