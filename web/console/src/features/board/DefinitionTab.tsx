import { $api, type Schema } from "@huoshui/api";
import { ErrorNote, Loaded, Panel, Why } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { App, Button, InputNumber, Space, Switch } from "antd";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import "./board.css";

type Definition = Schema<"BoardDefinition">;

/** How effects are measured: a tab of the settings. */
export default function DefinitionTab() {
  const query = $api.useQuery("get", "/api/v1/board/definition");
  return <Loaded query={query}>{(d) => <Form key={d.version} definition={d} />}</Loaded>;
}

function Form(props: { definition: Definition }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const can = useCan();
  const client = useQueryClient();
  const [d, setDefinition] = useState(props.definition);
  const set = (patch: Partial<Definition>) => setDefinition((old) => ({ ...old, ...patch }));
  const save = $api.useMutation("put", "/api/v1/board/definition", { meta: { quiet: true } });
  const number = (
    key: "window_days" | "margin_pct" | "worthwhile_pp" | "min_people" | "min_buyers",
    unit: string,
    min: number,
    max: number,
    step = 1,
  ) => (
    <Space>
      <InputNumber
        value={d[key]}
        min={min}
        max={max}
        step={step}
        onChange={(n) => set({ [key]: n ?? min })}
        style={{ width: 112 }}
      />
      <span className="hs-secondary">{unit}</span>
    </Space>
  );
  return (
    <Panel
      title={t("board.definition")}
      actions={
        <span className="hs-secondary">
          {d.version > 0 ? t("board.def.version", { n: d.version }) : t("board.def.version_0")}
        </span>
      }
    >
      <p className="hs-secondary">{t("board.def.lead")}</p>
      {save.error ? <ErrorNote small error={save.error} /> : null}
      <div className="bd-form">
        <Row label={t("board.def.window_days")} why={t("board.def.window_why")}>
          {number("window_days", t("board.def.days"), 1, 90)}
        </Row>
        <Row label={t("board.def.net_refunds")}>
          <Switch checked={d.net_refunds} onChange={(net_refunds) => set({ net_refunds })} />
        </Row>
        <Row label={t("board.def.margin")} why={t("board.def.margin_why")}>
          {number("margin_pct", "%", 1, 100)}
        </Row>
        <Row label={t("board.def.worthwhile")} why={t("board.def.worthwhile_why")}>
          {number("worthwhile_pp", t("board.def.pp"), 0.01, 20, 0.1)}
        </Row>
        <Row label={t("board.def.min_people")}>{number("min_people", t("board.def.people"), 10, 100000)}</Row>
        <Row label={t("board.def.min_buyers")}>{number("min_buyers", t("board.def.people"), 5, 10000)}</Row>
      </div>
      {can("layers.write") ? (
        <Button
          type="primary"
          loading={save.isPending}
          onClick={async () => {
            const { version: _, ...body } = d;
            await save.mutateAsync({ body });
            await client.invalidateQueries();
            message.success(t("board.def.saved"));
          }}
        >
          {t("board.def.save")}
        </Button>
      ) : null}
    </Panel>
  );
}

function Row(props: { label: string; why?: string; children: ReactNode }) {
  return (
    <fieldset className="bd-field" aria-label={props.label}>
      <span>
        {props.label}
        {props.why ? <Why>{props.why}</Why> : null}
      </span>
      {props.children}
    </fieldset>
  );
}
