import { $api, type Schema } from "@huoshui/api";
import { useProblemText, Why } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Alert, App, Button, Checkbox, InputNumber, Modal, Switch } from "antd";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";

type Alarm = Schema<"LayerAlarm">;
type Rule = Alarm["rule"];

const signs = ["pseudo_vip", "overdue", "at_risk", "never_bought"] as const;

/** When a rising number of people about to leave raises an alert. */
export function RuleDialog(props: { open: boolean; alert: Alarm; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Modal
      open={props.open}
      title={t("warning.rule")}
      width={460}
      footer={null}
      onCancel={props.onClose}
      destroyOnHidden
    >
      <Form alert={props.alert} onClose={props.onClose} />
    </Modal>
  );
}

function Form(props: { alert: Alarm; onClose: () => void }) {
  const { t } = useTranslation();
  const can = useCan();
  const text = useProblemText();
  const client = useQueryClient();
  const { message } = App.useApp();
  const [rule, setRule] = useState<Rule>(props.alert.rule);
  const put = (part: Partial<Rule>) => setRule({ ...rule, ...part });
  const fixed = !can("layers.write");
  const save = $api.useMutation("put", "/api/v1/warnings/alert", {
    meta: { quiet: true },
    onSuccess: async () => {
      message.success(t("warning.rule_saved"));
      await client.invalidateQueries({ queryKey: ["get", "/api/v1/warnings"] });
      props.onClose();
    },
  });
  return (
    <form
      className="hs-warning-rule"
      onSubmit={(e) => {
        e.preventDefault();
        save.mutate({ body: { rule, version: props.alert.version } });
      }}
    >
      <Line label={t("warning.rule_on")} why={t("warning.rule_on_why")}>
        <Switch aria-label={t("warning.rule_on")} checked={rule.on} disabled={fixed} onChange={(on) => put({ on })} />
      </Line>
      <Line label={t("warning.rule_signs")}>
        <Checkbox.Group
          disabled={fixed || !rule.on}
          value={rule.signs}
          onChange={(chosen) => put({ signs: signs.filter((s) => chosen.includes(s)) })}
          options={signs.map((s) => ({ value: s, label: t(`warning.sign.${s}`) }))}
        />
      </Line>
      <Line label={t("warning.rule_min")}>
        <InputNumber
          aria-label={t("warning.rule_min")}
          min={1}
          max={1_000_000_000}
          precision={0}
          disabled={fixed || !rule.on}
          value={rule.min}
          suffix={t("warning.people_unit")}
          onChange={(n) => typeof n === "number" && put({ min: n })}
        />
      </Line>
      <Line label={t("warning.rule_growth")}>
        <InputNumber
          aria-label={t("warning.rule_growth")}
          min={0}
          max={1000}
          disabled={fixed || !rule.on}
          value={rule.growth_pct}
          suffix="%"
          onChange={(n) => typeof n === "number" && put({ growth_pct: n })}
        />
      </Line>
      {rule.signs.length === 0 ? <Alert type="warning" showIcon title={t("warning.rule_none")} /> : null}
      {save.error ? <Alert type="error" showIcon title={text(save.error)} /> : null}
      {fixed ? null : (
        <div className="hs-warning-foot">
          <Button type="primary" htmlType="submit" loading={save.isPending} disabled={rule.signs.length === 0}>
            {t("warning.rule_save")}
          </Button>
        </div>
      )}
    </form>
  );
}

function Line(props: { label: string; why?: string; children: ReactNode }) {
  return (
    <div className="hs-warning-line">
      <span>
        {props.label}
        {props.why ? <Why>{props.why}</Why> : null}
      </span>
      <div>{props.children}</div>
    </div>
  );
}
