import { Button, Checkbox, DatePicker, Input, InputNumber, Radio } from "antd";
import dayjs from "dayjs";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Filter, filterValues, type TableState } from "./table-state";

/** The little form behind a chip. */
export default function FilterEditor<State extends TableState>(props: {
  filter: Filter;
  state: State;
  onState: (patch: Partial<State>) => void;
  onDone: () => void;
}) {
  const { t } = useTranslation();
  const { filter } = props;
  const set = (patch: TableState) => props.onState(patch as Partial<State>);
  const values = filterValues(filter, props.state);
  switch (filter.kind) {
    case "choice":
      return (
        <div className="hs-filter">
          {filter.many ? (
            <Checkbox.Group
              className="hs-filter-options"
              value={values}
              onChange={(next) => set({ [filter.key]: next.map(String) })}
              options={filter.options.map((o) => ({ ...o }))}
            />
          ) : (
            <Radio.Group
              className="hs-filter-options"
              value={values[0] ?? ""}
              onChange={(e) => {
                set({ [filter.key]: String(e.target.value) });
                props.onDone();
              }}
              options={filter.options.map((o) => ({ ...o }))}
            />
          )}
        </div>
      );
    case "flag":
      return (
        <Radio.Group
          value={values[0] ?? ""}
          onChange={(e) => {
            set({ [filter.key]: String(e.target.value) });
            props.onDone();
          }}
          options={[
            { value: "true", label: t("ui.table.yes") },
            { value: "false", label: t("ui.table.no") },
          ]}
        />
      );
    case "text":
      return (
        <TextFilter
          value={values[0] ?? ""}
          placeholder={filter.placeholder}
          onApply={(text) => {
            set({ [filter.key]: text });
            props.onDone();
          }}
        />
      );
    default:
      return (
        <RangeFilter
          kind={filter.kind}
          values={[values[0] ?? "", values[1] ?? ""]}
          onApply={([min, max]) => {
            set({ [`${filter.key}_min`]: min, [`${filter.key}_max`]: max });
            props.onDone();
          }}
        />
      );
  }
}

function TextFilter(props: { value: string; placeholder?: string; onApply: (text: string) => void }) {
  const { t } = useTranslation();
  const [text, setText] = useState(props.value);
  return (
    <form
      className="hs-filter-row"
      onSubmit={(e) => {
        e.preventDefault();
        props.onApply(text.trim());
      }}
    >
      <Input
        size="small"
        autoFocus
        value={text}
        placeholder={props.placeholder}
        onChange={(e) => setText(e.target.value)}
      />
      <Button size="small" type="primary" htmlType="submit">
        {t("ui.table.apply")}
      </Button>
    </form>
  );
}

function RangeFilter(props: {
  kind: "number" | "money" | "date";
  values: [string, string];
  onApply: (values: [string, string]) => void;
}) {
  const { t } = useTranslation();
  const [values, setValues] = useState(props.values);
  const field = (at: 0 | 1) => {
    const put = (text: string) => setValues((old) => (at === 0 ? [text, old[1]] : [old[0], text]));
    if (props.kind === "date") {
      return (
        <DatePicker
          size="small"
          value={values[at] ? dayjs(values[at]) : null}
          placeholder={t(at === 0 ? "ui.table.from" : "ui.table.to")}
          onChange={(day) => put(day ? day.format("YYYY-MM-DD") : "")}
        />
      );
    }
    const scale = props.kind === "money" ? 100 : 1;
    return (
      <InputNumber
        size="small"
        prefix={props.kind === "money" ? "¥" : undefined}
        value={values[at] ? Number(values[at]) / scale : null}
        placeholder={t(at === 0 ? "ui.table.min" : "ui.table.max")}
        onChange={(n) => put(typeof n === "number" ? String(Math.round(n * scale)) : "")}
      />
    );
  };
  return (
    <form
      className="hs-filter-row"
      onSubmit={(e) => {
        e.preventDefault();
        props.onApply(values);
      }}
    >
      {field(0)}
      <span>–</span>
      {field(1)}
      <Button size="small" type="primary" htmlType="submit">
        {t("ui.table.apply")}
      </Button>
    </form>
  );
}
