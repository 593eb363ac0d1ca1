import { CloseOutlined, PlusOutlined } from "@ant-design/icons";
import { $api, type Schema } from "@huoshui/api";
import { Loaded, Panel } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { App, Button, InputNumber, Radio, Select, TimePicker } from "antd";
import dayjs from "dayjs";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useSegments } from "./segments";
import { channelCodes, channelText } from "./words";
import "./campaigns.css";

type State = Schema<"PolicyState">;
type Rules = Schema<"PolicyRules">;
type Window = Schema<"PolicyWindow">;
type Cap = Schema<"PolicyCap">;

/** The rules that every message is asked by before it goes. */
export default function PolicyTab() {
  const state = $api.useQuery("get", "/api/v1/policy");
  return <Loaded query={state}>{(s) => <Form key={s.version} state={s} />}</Loaded>;
}

interface Editing {
  rules: Rules;
  off: boolean;
  onChange: (patch: Partial<Rules>) => void;
}

function Form(props: { state: State }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const client = useQueryClient();
  const can = useCan();
  const [rules, setRules] = useState(props.state.rules);
  const save = $api.useMutation("put", "/api/v1/policy", {
    onSuccess: async () => {
      message.success(t("campaigns.policy.saved"));
      await client.invalidateQueries({ queryKey: ["get", "/api/v1/policy"] });
    },
  });
  const changed = JSON.stringify(rules) !== JSON.stringify(props.state.rules);
  const editing: Editing = {
    rules,
    off: !can("policy.write"),
    onChange: (patch) => setRules((old) => ({ ...old, ...patch })),
  };
  return (
    <>
      <p className="hs-secondary hs-tab-lead">
        {t("campaigns.policy.lead")}{" "}
        {props.state.version > 0
          ? t("campaigns.policy.version", { n: props.state.version })
          : t("campaigns.policy.version_default")}
      </p>
      <div className="campaigns-rules">
        <Windows {...editing} />
        <Caps {...editing} />
        <Consent {...editing} />
        <Exclusion {...editing} />
        <Quotas {...editing} />
      </div>
      {editing.off ? null : (
        <div className="campaigns-save">
          <Button
            type="primary"
            disabled={!changed}
            loading={save.isPending}
            onClick={() => save.mutate({ body: { rules, version: props.state.version } })}
          >
            {t("campaigns.policy.save")}
          </Button>
          {changed ? <Button onClick={() => setRules(props.state.rules)}>{t("campaigns.policy.undo")}</Button> : null}
        </div>
      )}
    </>
  );
}

function Remove(props: { onClick: () => void; off: boolean }) {
  const { t } = useTranslation();
  return props.off ? null : (
    <Button
      type="text"
      size="small"
      icon={<CloseOutlined />}
      aria-label={t("campaigns.policy.remove")}
      onClick={props.onClick}
    />
  );
}

/** A window of the day, by the clock on the person's wall. */
function Hours(props: { window: Window; off: boolean; onChange: (w: Window) => void }) {
  const { t } = useTranslation();
  const time = (minutes: number) => dayjs().startOf("day").add(minutes, "minute");
  const minutes = (v: dayjs.Dayjs) => v.hour() * 60 + v.minute();
  const { open, close } = props.window;
  return (
    <TimePicker.RangePicker
      aria-label={t("campaigns.policy.window")}
      format="HH:mm"
      minuteStep={15}
      order={false}
      allowClear={false}
      needConfirm={false}
      disabled={props.off}
      value={[time(open % 1440), time(close % 1440)]}
      onChange={(v) => v?.[0] && v[1] && props.onChange({ open: minutes(v[0]), close: minutes(v[1]) })}
    />
  );
}

function Windows({ rules, off, onChange }: Editing) {
  const { t } = useTranslation();
  const own = rules.window_by_channel ?? {};
  const free = channelCodes.filter((c) => !(c in own));
  const set = (channel: string, w: Window | undefined) => {
    const next = { ...own };
    if (w) {
      next[channel] = w;
    } else {
      delete next[channel];
    }
    onChange({ window_by_channel: next });
  };
  return (
    <Panel title={t("campaigns.policy.window")}>
      <p className="hs-secondary">{t("campaigns.policy.window_text")}</p>
      <div className="campaigns-field">
        <Hours window={rules.window} off={off} onChange={(window) => onChange({ window })} />
      </div>
      <p className="campaigns-group">{t("campaigns.policy.window_by")}</p>
      {Object.entries(own).map(([channel, w]) => (
        <div className="campaigns-rule" key={channel}>
          <span style={{ width: 120 }}>{channelText(t, channel)}</span>
          <Radio.Group
            size="small"
            optionType="button"
            disabled={off}
            value={w.open === w.close}
            onChange={(e) => set(channel, e.target.value ? { open: 0, close: 0 } : rules.window)}
            options={[
              { value: true, label: t("campaigns.policy.window_all") },
              { value: false, label: t("campaigns.policy.window") },
            ]}
          />
          {w.open === w.close ? null : <Hours window={w} off={off} onChange={(next) => set(channel, next)} />}
          <span className="campaigns-rule-rest" />
          <Remove off={off} onClick={() => set(channel, undefined)} />
        </div>
      ))}
      {free.length > 0 && !off ? (
        <Select
          size="small"
          style={{ width: 160, marginTop: 8 }}
          aria-label={t("campaigns.policy.add_exception")}
          placeholder={t("campaigns.policy.add_exception")}
          value={null}
          onChange={(c: string | null) => c && set(c, { open: 0, close: 0 })}
          options={free.map((c) => ({ value: c, label: channelText(t, c) }))}
        />
      ) : null}
    </Panel>
  );
}

function usePeriods() {
  const { t } = useTranslation();
  return (["day", "week", "month"] as const).map((value) => ({ value, label: t(`campaigns.policy.per.${value}`) }));
}

function Caps({ rules, off, onChange }: Editing) {
  const { t } = useTranslation();
  const periods = usePeriods();
  const set = (i: number, patch: Partial<Cap>) =>
    onChange({ caps: rules.caps.map((c, j) => (i === j ? { ...c, ...patch } : c)) });
  return (
    <Panel title={t("campaigns.policy.caps")}>
      <p className="hs-secondary">{t("campaigns.policy.caps_text")}</p>
      {rules.caps.map((cap, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: caps have no id and are edited in place
        <div className="campaigns-rule" key={i}>
          <Select
            style={{ width: 190 }}
            disabled={off}
            aria-label={t("campaigns.policy.any_channel")}
            value={cap.channel ?? ""}
            onChange={(channel: string) => set(i, { channel: channel || undefined })}
            options={[
              { value: "", label: t("campaigns.policy.any_channel") },
              ...channelCodes.map((c) => ({ value: c as string, label: channelText(t, c) })),
            ]}
          />
          <Select
            style={{ width: 116 }}
            disabled={off}
            aria-label={t("campaigns.policy.caps")}
            value={cap.period}
            onChange={(period) => set(i, { period })}
            options={periods}
          />
          {t("campaigns.policy.at_most")}
          <InputNumber
            style={{ width: 80 }}
            disabled={off}
            aria-label={t("campaigns.policy.at_most")}
            min={0}
            max={1000}
            precision={0}
            value={cap.limit}
            onChange={(limit) => set(i, { limit: limit ?? 0 })}
          />
          {t("campaigns.policy.pieces")}
          <span className="campaigns-rule-rest" />
          <Remove off={off} onClick={() => onChange({ caps: rules.caps.filter((_, j) => j !== i) })} />
        </div>
      ))}
      {off ? null : (
        <Button
          size="small"
          icon={<PlusOutlined />}
          onClick={() => onChange({ caps: [...rules.caps, { period: "day", limit: 1 }] })}
        >
          {t("campaigns.policy.add_cap")}
        </Button>
      )}
    </Panel>
  );
}

function Consent({ rules, off, onChange }: Editing) {
  const { t } = useTranslation();
  const own = rules.consent_by_channel ?? {};
  const options = [
    { value: "opt_out", label: t("campaigns.policy.opt_out") },
    { value: "opt_in", label: t("campaigns.policy.opt_in") },
  ];
  return (
    <Panel title={t("campaigns.policy.consent")}>
      <p className="hs-secondary">{t("campaigns.policy.consent_text")}</p>
      <div className="campaigns-field">
        <Radio.Group
          disabled={off}
          value={rules.consent}
          onChange={(e) => onChange({ consent: e.target.value })}
          options={options}
        />
      </div>
      <p className="campaigns-group">{t("campaigns.policy.consent_by")}</p>
      {channelCodes.map((c) => (
        <div className="campaigns-rule" key={c}>
          <span style={{ width: 120 }}>{channelText(t, c)}</span>
          <Select
            style={{ width: 320 }}
            disabled={off}
            aria-label={channelText(t, c)}
            allowClear
            placeholder={options.find((o) => o.value === rules.consent)?.label}
            value={own[c]}
            onChange={(v?: string) => {
              const next = { ...own };
              if (v) {
                next[c] = v;
              } else {
                delete next[c];
              }
              onChange({ consent_by_channel: next });
            }}
            options={options}
          />
        </div>
      ))}
    </Panel>
  );
}

function Exclusion({ rules, off, onChange }: Editing) {
  const { t } = useTranslation();
  const segments = useSegments();
  return (
    <Panel title={t("campaigns.policy.exclude")}>
      <p className="hs-secondary">{t("campaigns.policy.exclude_text")}</p>
      <Select
        mode="multiple"
        disabled={off}
        style={{ width: "100%", maxWidth: 560 }}
        aria-label={t("campaigns.policy.exclude")}
        placeholder={t("campaigns.policy.exclude_hint")}
        showSearch={{ optionFilterProp: "label" }}
        value={rules.exclude_segments}
        onChange={(exclude_segments: string[]) => onChange({ exclude_segments })}
        options={segments.items.map((s) => ({ value: s.id, label: s.name }))}
      />
    </Panel>
  );
}

function Quotas({ rules, off, onChange }: Editing) {
  const { t } = useTranslation();
  const periods = usePeriods();
  const set = (i: number, patch: Partial<Rules["quotas"][number]>) =>
    onChange({ quotas: rules.quotas.map((q, j) => (i === j ? { ...q, ...patch } : q)) });
  return (
    <Panel title={t("campaigns.policy.quotas")}>
      <p className="hs-secondary">{t("campaigns.policy.quotas_text")}</p>
      {rules.quotas.map((q, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: quotas have no id and are edited in place
        <div className="campaigns-rule" key={i}>
          <Select
            style={{ width: 190 }}
            disabled={off}
            aria-label={t("campaigns.policy.quotas")}
            value={q.channel}
            onChange={(channel) => set(i, { channel })}
            options={channelCodes.map((c) => ({ value: c as string, label: channelText(t, c) }))}
          />
          <Select
            style={{ width: 116 }}
            disabled={off}
            aria-label={t("campaigns.policy.quotas")}
            value={q.period}
            onChange={(period) => set(i, { period })}
            options={periods}
          />
          {t("campaigns.policy.at_most")}
          <InputNumber
            style={{ width: 120 }}
            disabled={off}
            aria-label={t("campaigns.policy.at_most")}
            min={0}
            precision={0}
            value={q.limit}
            onChange={(limit) => set(i, { limit: limit ?? 0 })}
          />
          {t("campaigns.policy.pieces")}
          <span className="campaigns-rule-rest" />
          <Remove off={off} onClick={() => onChange({ quotas: rules.quotas.filter((_, j) => j !== i) })} />
        </div>
      ))}
      {off ? null : (
        <Button
          size="small"
          icon={<PlusOutlined />}
          onClick={() => onChange({ quotas: [...rules.quotas, { channel: "email", period: "day", limit: 10000 }] })}
        >
          {t("campaigns.policy.add_quota")}
        </Button>
      )}
    </Panel>
  );
}
