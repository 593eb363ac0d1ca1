import { Panel, Why } from "@huoshui/ui";
import { Checkbox, InputNumber, Segmented } from "antd";
import { createContext, type ReactNode, useContext } from "react";
import { useTranslation } from "react-i18next";
import { valueAt, withValue } from "./draft";
import type { Definition } from "./words";

interface Editing {
  draft: Definition;
  base: Definition;
  /** The path of the field that the API refused. */
  bad: string | undefined;
  disabled: boolean;
  onChange: (d: Definition) => void;
}

const EditingContext = createContext<Editing | undefined>(undefined);

function useEditing(): Editing {
  const editing = useContext(EditingContext);
  if (!editing) {
    throw new Error("a field outside of its form");
  }
  return editing;
}

/** Every value of a definition, in the order in which it is applied. */
export function DefinitionForm(props: Editing) {
  const { t } = useTranslation();
  const { rfm, layers } = props.draft;
  return (
    <EditingContext.Provider value={props}>
      <Panel title={t("layers.def.layers")} definition={t("layers.def.layers_text")}>
        <div className="layers-fields">
          <Group title={t("layers.def.vip")} layer="vip">
            <Field label={t("layers.def.vip_by")} path="layers.vip.by">
              <Choice
                path="layers.vip.by"
                options={{ amount: t("layers.def.vip_by_amount"), top_share: t("layers.def.vip_by_top") }}
              />
            </Field>
            <Days path="layers.vip.window_days" label={t("layers.def.field.window_days")} />
            {layers.vip.by === "amount" ? (
              <Yuan path="layers.vip.min_spent_fen" label={t("layers.def.field.min_spent")} />
            ) : (
              <Num path="layers.vip.top_percent" label={t("layers.def.field.top_percent")} unit="%" step={1} />
            )}
            <Num
              path="layers.vip.min_orders"
              label={t("layers.def.field.min_orders")}
              unit={t("layers.def.unit_orders")}
            />
            <Yuan path="layers.vip.min_lifetime_fen" label={t("layers.def.field.min_lifetime")} />
            <Days path="layers.vip.max_no_order_days" label={t("layers.def.field.max_no_order_days")} />
            <Days path="layers.vip.pseudo_no_contact_days" label={t("layers.def.field.pseudo_no_contact_days")} />
            <Num
              path="layers.vip.pseudo_gap_factor"
              label={t("layers.def.field.pseudo_gap_factor")}
              unit={t("layers.def.unit_fold")}
              step={0.5}
            />
          </Group>
          <Group title={t("layers.def.new")} layer="new">
            <Days path="layers.new.days" label={t("layers.def.field.new_days")} />
            <Num
              path="layers.new.max_orders"
              label={t("layers.def.field.new_max_orders")}
              unit={t("layers.def.unit_orders")}
            />
          </Group>
          <Group title={t("layers.def.silent")} layer="silent">
            <Yuan path="layers.silent.first_monthly_fen" label={t("layers.def.field.first_monthly")} />
            <Days path="layers.silent.first_no_order_days" label={t("layers.def.field.first_no_order_days")} />
          </Group>
          <Group title={t("layers.def.potential")} layer="potential">
            <Between
              label={t("layers.def.field.potential_orders")}
              low="layers.potential.min_orders"
              high="layers.potential.max_orders"
              unit={t("layers.def.unit_orders")}
            />
            <Between
              label={t("layers.def.field.potential_average")}
              low="layers.potential.min_average_fen"
              high="layers.potential.max_average_fen"
              scale={100}
              unit={t("layers.def.unit_yuan")}
            />
            <Between
              label={t("layers.def.field.potential_registered")}
              low="layers.potential.registered_min_days"
              high="layers.potential.registered_max_days"
              unit={t("layers.def.unit_days")}
            />
            <Flag path="layers.potential.must_be_active" label={t("layers.def.field.must_be_active")} />
          </Group>
        </div>
      </Panel>
      <Panel title={t("layers.def.lifecycle")} definition={t("layers.def.lifecycle_text")}>
        <div className="layers-fields">
          <div className="layers-group">
            {(
              [
                "growing_from_days",
                "growing_to_days",
                "silent_no_order_days",
                "silent_no_contact_days",
                "at_risk_days",
                "lost_after_days",
                "warn_no_order_days",
              ] as const
            ).map((key) => (
              <Days key={key} path={`lifecycle.${key}`} label={t(`layers.def.field.${key}`)} />
            ))}
          </div>
          <Group title={t("layers.def.activity")}>
            <Days path="activity.days" label={t("layers.def.field.days")} />
            <Num path="activity.visits" label={t("layers.def.field.visits")} unit={t("layers.def.unit_times")} />
          </Group>
        </div>
      </Panel>
      <Panel title={t("layers.def.rfm")} definition={t("layers.def.rfm_text")}>
        <div className="layers-fields">
          <div className="layers-group">
            <Field label={t("layers.def.method")} path="rfm.method" why={t(`layers.def.method_why.${rfm.method}`)}>
              <Choice
                path="rfm.method"
                options={{
                  quantile: t("layers.def.methods.quantile"),
                  kmeans: t("layers.def.methods.kmeans"),
                  manual: t("layers.def.methods.manual"),
                }}
              />
            </Field>
            <Num path="rfm.window_days" label={t("layers.def.window")} unit={t("layers.def.window_unit")} />
            <Flag path="rfm.net_refunds" label={t("layers.def.net")} />
            {rfm.method === "manual" ? null : (
              <Num
                path="rfm.winsorise_percent"
                label={t("layers.def.winsorise")}
                unit={t("layers.def.winsorise_unit")}
                step={0.5}
              />
            )}
            <Field label={t("layers.def.high")} path="rfm.high_by">
              <Choice
                path="rfm.high_by"
                options={{ score: t("layers.def.high_score"), mean: t("layers.def.high_mean") }}
              />
            </Field>
            {rfm.high_by === "score" ? (
              <Num path="rfm.high_from" label={t("layers.def.high_from")} unit={t("layers.def.unit_score")} />
            ) : null}
          </div>
          {rfm.method === "manual" ? (
            <Group title={t("layers.def.breaks")}>
              {(["recency_days", "frequency", "monetary_fen"] as const).map((column, i) => (
                <Field
                  key={column}
                  path={`rfm.manual.${column}`}
                  label={t(["layers.def.breaks_r", "layers.def.breaks_f", "layers.def.breaks_m"][i] ?? "")}
                >
                  <span className="layers-breaks">
                    {[0, 1, 2, 3].map((at) => (
                      <NumberInput
                        key={at}
                        path={`rfm.manual.${column}.${at}`}
                        scale={column === "monetary_fen" ? 100 : 1}
                        width={84}
                      />
                    ))}
                  </span>
                </Field>
              ))}
            </Group>
          ) : null}
        </div>
      </Panel>
    </EditingContext.Provider>
  );
}

function Group(props: { title: string; layer?: string; children: ReactNode }) {
  return (
    <fieldset className="layers-group">
      <legend>
        {props.layer ? (
          <span className="hs-layer" data-layer={props.layer}>
            {props.title}
          </span>
        ) : (
          props.title
        )}
      </legend>
      {props.children}
    </fieldset>
  );
}

function Field(props: { label: string; path: string; other?: string; why?: string; children: ReactNode }) {
  const { draft, base, bad } = useEditing();
  const changed = [props.path, props.other ?? props.path].some(
    (p) => JSON.stringify(valueAt(draft, p)) !== JSON.stringify(valueAt(base, p)),
  );
  const refused = bad !== undefined && [props.path, props.other].includes(bad);
  return (
    <div className="layers-field" data-changed={changed || undefined} data-bad={refused || undefined}>
      <span className="layers-field-label">
        {props.label}
        {props.why ? <Why>{props.why}</Why> : null}
      </span>
      <span className="layers-field-value">{props.children}</span>
    </div>
  );
}

function NumberInput(props: { path: string; scale?: number; step?: number; width?: number; label?: string }) {
  const { draft, bad, disabled, onChange } = useEditing();
  const scale = props.scale ?? 1;
  return (
    <InputNumber
      aria-label={props.label ?? props.path}
      size="small"
      min={0}
      step={props.step ?? 1}
      disabled={disabled}
      status={bad === props.path ? "error" : undefined}
      value={Number(valueAt(draft, props.path)) / scale}
      onChange={(n) => {
        if (typeof n === "number" && Number.isFinite(n)) {
          const whole = props.step === undefined || scale !== 1;
          onChange(withValue(draft, props.path, whole ? Math.round(n * scale) : n));
        }
      }}
      style={{ width: props.width ?? 96 }}
    />
  );
}

function Num(props: { path: string; label: string; unit?: string; step?: number; scale?: number }) {
  return (
    <Field label={props.label} path={props.path}>
      <NumberInput path={props.path} label={props.label} step={props.step} scale={props.scale} />
      {props.unit ? <span className="layers-unit">{props.unit}</span> : null}
    </Field>
  );
}

function Days(props: { path: string; label: string }) {
  const { t } = useTranslation();
  return <Num {...props} unit={t("layers.def.unit_days")} />;
}

function Yuan(props: { path: string; label: string }) {
  const { t } = useTranslation();
  return <Num {...props} scale={100} unit={t("layers.def.unit_yuan")} />;
}

function Between(props: { label: string; low: string; high: string; unit: string; scale?: number }) {
  return (
    <Field label={props.label} path={props.low} other={props.high}>
      <NumberInput path={props.low} label={props.label} scale={props.scale} width={84} />
      <span>–</span>
      <NumberInput path={props.high} label={props.label} scale={props.scale} width={84} />
      <span className="layers-unit">{props.unit}</span>
    </Field>
  );
}

function Flag(props: { path: string; label: string }) {
  const { draft, disabled, onChange } = useEditing();
  return (
    <Field label={props.label} path={props.path}>
      <Checkbox
        aria-label={props.label}
        disabled={disabled}
        checked={valueAt(draft, props.path) === true}
        onChange={(e) => onChange(withValue(draft, props.path, e.target.checked))}
      />
    </Field>
  );
}

function Choice(props: { path: string; options: Record<string, string> }) {
  const { draft, disabled, onChange } = useEditing();
  return (
    <Segmented
      size="small"
      disabled={disabled}
      value={String(valueAt(draft, props.path))}
      onChange={(v) => onChange(withValue(draft, props.path, v))}
      options={Object.entries(props.options).map(([value, label]) => ({ value, label }))}
    />
  );
}
