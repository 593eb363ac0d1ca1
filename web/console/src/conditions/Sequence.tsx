import { CloseOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Checkbox, InputNumber, Select } from "antd";
import { useTranslation } from "react-i18next";
import { FactPicker, WhereFields, WindowField } from "./fields";
import { type Duration, type Spec, type Step, unitOfDuration } from "./tree";

const mostSteps = 10;

/** What all steps may have to share. */
const sames = ["", "product", "category", "campaign", "strategy", "channel"] as const;

/** What somebody did in a row: one step below the other, with the time between them and what did not come between. */
export function Sequence({ spec, onChange }: { spec: Spec; onChange: (spec: Spec) => void }) {
  const { t } = useTranslation();
  const steps = spec.steps ?? [];
  const set = (next: Step[]) => onChange({ ...spec, steps: ruled(next) });
  const change = (at: number, step: Step) => set(steps.map((s, i) => (i === at ? step : s)));
  const last = steps.length - 1;
  const absent = steps[last]?.not === true;
  const add = () => {
    const step: Step = { fact: "order.paid", within: { days: 1 } };
    set(absent ? [...steps.slice(0, last), step, ...steps.slice(last)] : [...steps, step]);
  };
  return (
    <div className="segments-sequence">
      <div className="segments-sequence-window">
        <WindowField
          ever
          window={spec.window ?? {}}
          onChange={(w) => onChange({ ...spec, window: Object.keys(w).length > 0 ? w : undefined })}
        />
        <span className="hs-secondary">{t("segments.sequence.inside")}</span>
        <Select
          size="small"
          aria-label={t("segments.sequence.same_label")}
          value={spec.same ?? ""}
          popupMatchSelectWidth={false}
          onChange={(same) => onChange({ ...spec, same: same || undefined })}
          options={sames.map((s) => ({ value: s, label: t(`segments.sequence.same.${s || "any"}`) }))}
        />
      </div>
      <ol>
        {steps.map((step, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a step is nothing but its place in the row
          <li key={i} data-absent={step.not || undefined}>
            <span className="segments-step-mark hs-num" aria-hidden>
              {i + 1}
            </span>
            <StepFields
              step={step}
              first={i === 0}
              last={i === last && i > 0}
              name={t("segments.sequence.step", { n: i + 1 })}
              onChange={(next) => change(i, next)}
            />
            {steps.length > 1 ? (
              <Button
                size="small"
                type="text"
                icon={<CloseOutlined />}
                aria-label={t("segments.sequence.drop", { n: i + 1 })}
                onClick={() => set(steps.filter((_, at) => at !== i))}
              />
            ) : null}
          </li>
        ))}
      </ol>
      <Button size="small" type="text" icon={<PlusOutlined />} disabled={steps.length >= mostSteps} onClick={add}>
        {t("segments.sequence.add")}
      </Button>
    </div>
  );
}

/** The steps without what cannot stand where they have come to stand. */
function ruled(steps: Step[]): Step[] {
  return steps.map((step, i) => {
    const { within, without, not, days_running, ...rest } = step;
    const isNot = not && i > 0 && i === steps.length - 1;
    return {
      ...rest,
      ...(i === 0 ? { days_running } : { within }),
      ...(isNot ? { not } : {}),
      ...(i > 0 && !isNot && without?.length ? { without } : {}),
    };
  });
}

function StepFields(props: {
  step: Step;
  first: boolean;
  last: boolean;
  name: string;
  onChange: (step: Step) => void;
}) {
  const { t } = useTranslation();
  const { step, first, onChange } = props;
  const without = step.without ?? [];
  const running = step.days_running ?? 0;
  return (
    <div className="segments-step">
      <div className="segments-step-line">
        {first ? null : <WithinField within={step.within} onChange={(within) => onChange({ ...step, within })} />}
        {props.last ? (
          <Select
            size="small"
            aria-label={t("segments.sequence.did_label")}
            value={step.not ? "not" : "did"}
            popupMatchSelectWidth={false}
            onChange={(v) => onChange({ ...step, not: v === "not" || undefined })}
            options={(["did", "not"] as const).map((v) => ({ value: v, label: t(`segments.sequence.${v}`) }))}
          />
        ) : null}
        <FactPicker fact={step.fact} label={props.name} onChange={(fact) => onChange({ ...step, fact })} />
        {first ? (
          <>
            <Checkbox
              checked={running > 0}
              onChange={(e) => onChange({ ...step, days_running: e.target.checked ? 3 : undefined })}
            >
              {t("segments.sequence.running")}
            </Checkbox>
            {running > 0 ? (
              <>
                <InputNumber
                  size="small"
                  aria-label={t("segments.sequence.running")}
                  min={2}
                  max={90}
                  precision={0}
                  value={running}
                  onChange={(n) => onChange({ ...step, days_running: n ?? 2 })}
                  style={{ width: 56 }}
                />
                <span className="hs-secondary">{t("segments.sequence.running_unit")}</span>
              </>
            ) : null}
          </>
        ) : null}
        <WhereFields fact={step.fact} where={step.where} onChange={(where) => onChange({ ...step, where })} />
        {first || step.not ? null : (
          <Button
            size="small"
            type="text"
            icon={<PlusOutlined />}
            onClick={() => onChange({ ...step, without: [...without, { fact: "order.paid" }] })}
          >
            {t("segments.sequence.without_add")}
          </Button>
        )}
      </div>
      {without.map((w, i) => {
        const change = (next: typeof w) =>
          onChange({ ...step, without: without.map((o, at) => (at === i ? next : o)) });
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: told apart by nothing but their place
          <div key={i} className="segments-step-line segments-step-without">
            <span>{t("segments.sequence.without")}</span>
            <FactPicker
              fact={w.fact}
              label={t("segments.sequence.without")}
              onChange={(fact) => change({ ...w, fact })}
            />
            <WhereFields fact={w.fact} where={w.where} onChange={(where) => change({ ...w, where })} />
            <Button
              size="small"
              type="text"
              icon={<CloseOutlined />}
              aria-label={t("segments.sequence.without_drop")}
              onClick={() => onChange({ ...step, without: without.filter((_, at) => at !== i) })}
            />
          </div>
        );
      })}
    </div>
  );
}

const units = ["minutes", "hours", "days"] as const;

/** How long after the step before it, at most; or whenever. */
function WithinField(props: { within: Duration | undefined; onChange: (within: Duration | undefined) => void }) {
  const { t } = useTranslation();
  const span = props.within ? unitOfDuration(props.within) : undefined;
  const label = t("segments.sequence.within_label");
  return (
    <>
      <Select
        size="small"
        aria-label={label}
        value={span ? "within" : "later"}
        popupMatchSelectWidth={false}
        onChange={(v) => props.onChange(v === "within" ? { hours: 2 } : undefined)}
        options={(["within", "later"] as const).map((v) => ({ value: v, label: t(`segments.sequence.${v}`) }))}
      />
      {span ? (
        <>
          <InputNumber
            size="small"
            aria-label={label}
            min={0}
            max={36_500}
            precision={0}
            value={span.n}
            status={span.n === 0 ? "error" : undefined}
            onChange={(n) => props.onChange({ [span.unit]: n ?? 0 })}
            style={{ width: 64 }}
          />
          <Select
            size="small"
            aria-label={t("segments.sequence.unit_label")}
            value={span.unit}
            popupMatchSelectWidth={false}
            onChange={(unit) => props.onChange({ [unit]: span.n })}
            options={units.map((u) => ({ value: u, label: t(`segments.sequence.unit.${u}`) }))}
          />
        </>
      ) : null}
    </>
  );
}
