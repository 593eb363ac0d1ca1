import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { $api } from "@huoshui/api";
import { Panel, Status, useProblemText, When } from "@huoshui/ui";
import { Button, Input, Select } from "antd";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSettled } from "../../shell/find";
import { Field } from "./Field";
import type { Mapping } from "./words";

const sample = `{
  "id": "evt_1001",
  "type": "Order Paid",
  "created_at": "2026-03-08 10:24:00",
  "data": {
    "order_id": "A1001",
    "total": "199.00",
    "buyer": { "mobile": "13800138000", "name": "李雷" }
  }
}`;

/** The mapping that reads the sample, to begin with. */
export const emptyMapping: Mapping = {
  name: "type",
  id: "id",
  at: "created_at",
  amount: "data.total",
  unit: "yuan",
  keys: [{ kind: "phone", path: "data.buyer.mobile" }],
  props: [{ name: "order_id", path: "data.order_id" }],
};

const keyKinds = ["phone", "unionid", "openid", "external_userid", "card", "user", "email", "device"] as const;

/** Says where in a webhook's JSON what is found, with the sample at the right that shows at once what comes of it. */
export function MappingEditor(props: { mapping: Mapping; onChange: (mapping: Mapping) => void }) {
  const { t } = useTranslation();
  const { mapping } = props;
  const set = (patch: Partial<Mapping>) => props.onChange({ ...mapping, ...patch });
  return (
    <div className="hs-collect-mapping">
      <Panel title={t("collect.mapping.title")} definition={t("collect.mapping.why")}>
        <div className="hs-collect-form">
          {(["name", "each", "id", "at"] as const).map((field) => (
            <Field key={field} label={t(`collect.mapping.${field}`)} hint={t(`collect.mapping.${field}_hint`)}>
              {(id) => (
                <Input
                  id={id}
                  className="hs-collect-mono"
                  maxLength={200}
                  value={mapping[field] ?? ""}
                  placeholder={t(`collect.mapping.${field}_example`)}
                  onChange={(e) => set({ [field]: e.target.value })}
                />
              )}
            </Field>
          ))}
          <div className="hs-collect-field">
            <span id="amount">{t("collect.mapping.amount")}</span>
            <div className="hs-collect-pair">
              <Input
                className="hs-collect-mono"
                aria-labelledby="amount"
                maxLength={200}
                value={mapping.amount ?? ""}
                onChange={(e) => set({ amount: e.target.value })}
              />
              <Select
                aria-label={t("collect.mapping.unit")}
                value={mapping.unit ?? "yuan"}
                onChange={(unit) => set({ unit })}
                options={(["yuan", "fen"] as const).map((value) => ({ value, label: t(`collect.mapping.${value}`) }))}
              />
            </div>
          </div>
          <div className="hs-collect-field">
            <span>{t("collect.mapping.keys")}</span>
            <span className="hs-secondary">{t("collect.mapping.keys_hint")}</span>
            {(mapping.keys ?? []).map((key, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: rows of a form have no other name
              <div key={i} className="hs-collect-row">
                <Select
                  aria-label={t("collect.mapping.key_kind")}
                  value={key.kind}
                  onChange={(kind) => set({ keys: replaced(mapping.keys, i, { ...key, kind }) })}
                  options={keyKinds.map((value) => ({ value, label: t(`collect.key.${value}`) }))}
                />
                <Input
                  className="hs-collect-mono"
                  aria-label={t("collect.mapping.path")}
                  value={key.path}
                  onChange={(e) => set({ keys: replaced(mapping.keys, i, { ...key, path: e.target.value }) })}
                />
                <Remove onClick={() => set({ keys: replaced(mapping.keys, i) })} />
              </div>
            ))}
            <Add onClick={() => set({ keys: [...(mapping.keys ?? []), { kind: "phone", path: "" }] })}>
              {t("collect.mapping.add_key")}
            </Add>
          </div>
          {(["traits", "props"] as const).map((field) => (
            <div key={field} className="hs-collect-field">
              <span>{t(`collect.mapping.${field}`)}</span>
              <span className="hs-secondary">{t(`collect.mapping.${field}_hint`)}</span>
              {(mapping[field] ?? []).map((as, i) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: rows of a form have no other name
                <div key={i} className="hs-collect-row">
                  <Input
                    aria-label={t("collect.mapping.as")}
                    placeholder={t("collect.mapping.as")}
                    value={as.name}
                    onChange={(e) => set({ [field]: replaced(mapping[field], i, { ...as, name: e.target.value }) })}
                  />
                  <Input
                    className="hs-collect-mono"
                    aria-label={t("collect.mapping.path")}
                    placeholder={t("collect.mapping.path")}
                    value={as.path}
                    onChange={(e) => set({ [field]: replaced(mapping[field], i, { ...as, path: e.target.value }) })}
                  />
                  <Remove onClick={() => set({ [field]: replaced(mapping[field], i) })} />
                </div>
              ))}
              <Add onClick={() => set({ [field]: [...(mapping[field] ?? []), { name: "", path: "" }] })}>
                {t("collect.mapping.add_field")}
              </Add>
            </div>
          ))}
        </div>
      </Panel>
      <Trial mapping={mapping} />
    </div>
  );
}

function replaced<T>(list: readonly T[] | undefined, at: number, item?: T): T[] {
  return (list ?? []).flatMap((old, i) => (i === at ? (item ? [item] : []) : [old]));
}

function Add(props: { onClick: () => void; children: string }) {
  return (
    <Button size="small" type="dashed" icon={<PlusOutlined />} onClick={props.onClick}>
      {props.children}
    </Button>
  );
}

function Remove(props: { onClick: () => void }) {
  const { t } = useTranslation();
  return (
    <Button type="text" icon={<DeleteOutlined />} aria-label={t("collect.mapping.remove")} onClick={props.onClick} />
  );
}

/** A mapping as the API takes it: rows that are half filled in are not told yet. */
export function filled(m: Mapping): Mapping {
  const whole = (as: { name: string; path: string }) => as.name.trim() !== "" && as.path.trim() !== "";
  return {
    ...m,
    keys: m.keys?.filter((k) => k.path.trim() !== ""),
    traits: m.traits?.filter(whole),
    props: m.props?.filter(whole),
  };
}

/** What the mapping makes of a body, as the server would: asked again when either has settled. */
function Trial(props: { mapping: Mapping }) {
  const { t } = useTranslation();
  const text = useProblemText();
  const [body, setBody] = useState(sample);
  const asked = useSettled(JSON.stringify({ mapping: filled(props.mapping), body }), 300);
  const trial = $api.useMutation("post", "/api/v1/sources/try", { meta: { quiet: true } });
  const { mutate } = trial;
  useEffect(() => mutate({ body: JSON.parse(asked) }), [asked, mutate]);
  return (
    <Panel title={t("collect.trial.title")} definition={t("collect.trial.why")} className="hs-collect-trial">
      <Input.TextArea
        className="hs-collect-mono"
        aria-label={t("collect.trial.body")}
        autoSize={{ minRows: 8, maxRows: 16 }}
        maxLength={65536}
        value={body}
        onChange={(e) => setBody(e.target.value)}
      />
      <div aria-live="polite" className="hs-collect-found">
        {trial.error ? <Status tone="danger">{text(trial.error)}</Status> : null}
        {trial.data?.events.map((e, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: what came of the body has no other name
          <dl key={i} className="hs-collect-event">
            <div>
              <dt>{t(`collect.event_kind.${e.kind}`)}</dt>
              <dd>
                <b>{e.name || t("collect.nameless")}</b>
              </dd>
            </div>
            <div>
              <dt>{t("collect.trial.at")}</dt>
              <dd>
                <When at={e.at} style="second" />
              </dd>
            </div>
            <div>
              <dt>{t("collect.trial.who")}</dt>
              <dd>
                {e.keys.length > 0
                  ? e.keys.map((k) => `${t(`collect.key.${k.kind}`)} ${k.value}`).join(" · ")
                  : t("collect.trial.nobody")}
              </dd>
            </div>
            {Object.entries({ ...e.traits, ...e.props }).map(([name, value]) => (
              <div key={name}>
                <dt className="hs-collect-mono">{name}</dt>
                <dd className="hs-collect-mono">{JSON.stringify(value)}</dd>
              </div>
            ))}
          </dl>
        ))}
        {trial.data?.bad.map((b, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: what came of the body has no other name
          <p key={i}>
            <Status tone="danger" why={b.detail}>
              {t(`collect.reason.${b.reason}`, { defaultValue: b.reason })}
            </Status>
          </p>
        ))}
      </div>
    </Panel>
  );
}
