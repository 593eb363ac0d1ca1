import { $api, type Schema } from "@huoshui/api";
import { Loaded, Panel, Why } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { App, Button, Checkbox, Input, InputNumber, Select, Switch } from "antd";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan, useStaff } from "../../shell/session";
import { channelText } from "./words";
import "./campaigns.css";

type State = Schema<"ChannelState">;
type Settings = Schema<"ChannelSettings">;

/** How messages leave: one card per channel, each with a way to try it out. */
export default function ChannelsTab() {
  const state = $api.useQuery("get", "/api/v1/channels");
  return <Loaded query={state}>{(s) => <Form key={s.version} state={s} />}</Loaded>;
}

function Form(props: { state: State }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const client = useQueryClient();
  const off = !useCan()("channels.write");
  const [set, setSet] = useState(props.state.settings);
  const changed = JSON.stringify(set) !== JSON.stringify(props.state.settings);
  const save = $api.useMutation("put", "/api/v1/channels", {
    onSuccess: async () => {
      message.success(t("campaigns.channels.saved"));
      await client.invalidateQueries({ queryKey: ["get", "/api/v1/channels"] });
    },
  });
  const change = <K extends keyof Settings>(channel: K, patch: Partial<Settings[K]>) =>
    setSet((old) => ({ ...old, [channel]: { ...old[channel], ...patch } }));
  return (
    <>
      <p className="hs-secondary campaigns-lead">{t("campaigns.channels.lead")}</p>
      <div className="campaigns-rules">
        <Email set={set.email} off={off} changed={changed} onChange={(p) => change("email", p)} />
        <Webhook set={set.webhook} off={off} changed={changed} onChange={(p) => change("webhook", p)} />
        {(["phone", "task"] as const).map((c) => (
          <Card key={c} channel={c} on={set[c].enabled} off={off} onSwitch={(enabled) => change(c, { enabled })}>
            <p className="hs-secondary">{t(`campaigns.channel_text.${c}`)}</p>
            <div className="campaigns-grid">
              <Cost fen={set[c].cost_fen} off={off} onChange={(cost_fen) => change(c, { cost_fen })} />
            </div>
          </Card>
        ))}
      </div>
      {off ? null : (
        <div className="campaigns-save">
          <Button
            type="primary"
            disabled={!changed}
            loading={save.isPending}
            onClick={() => save.mutate({ body: { settings: set, version: props.state.version } })}
          >
            {t("campaigns.channels.save")}
          </Button>
          {changed ? (
            <Button onClick={() => setSet(props.state.settings)}>{t("campaigns.channels.undo")}</Button>
          ) : null}
        </div>
      )}
    </>
  );
}

function Card(props: {
  channel: string;
  on: boolean;
  off: boolean;
  onSwitch: (on: boolean) => void;
  children: ReactNode;
}) {
  const { t } = useTranslation();
  return (
    <Panel
      title={channelText(t, props.channel)}
      actions={
        <span className="campaigns-row">
          <span className="hs-secondary">{t(props.on ? "campaigns.channels.enabled" : "campaigns.off")}</span>
          <Switch
            size="small"
            aria-label={`${channelText(t, props.channel)} ${t("campaigns.channels.enabled")}`}
            checked={props.on}
            disabled={props.off}
            onChange={props.onSwitch}
          />
        </span>
      }
    >
      {props.children}
    </Panel>
  );
}

function Field(props: { label: string; why?: string; wide?: boolean; children: ReactNode }) {
  return (
    <div className={props.wide ? "campaigns-field campaigns-wide" : "campaigns-field"}>
      <span className="campaigns-label">
        {props.label}
        {props.why ? <Why>{props.why}</Why> : null}
      </span>
      {props.children}
    </div>
  );
}

function Cost(props: { fen: number; off: boolean; onChange: (fen: number) => void }) {
  const { t } = useTranslation();
  return (
    <Field label={t("campaigns.channels.cost")} why={t("campaigns.channels.cost_why")}>
      <InputNumber
        style={{ width: "100%" }}
        aria-label={t("campaigns.channels.cost")}
        disabled={props.off}
        min={0}
        step={0.01}
        precision={2}
        suffix={t("campaigns.channels.yuan")}
        value={props.fen / 100}
        onChange={(v) => props.onChange(Math.round((v ?? 0) * 100))}
      />
    </Field>
  );
}

interface CardProps<S> {
  set: S;
  off: boolean;
  changed: boolean;
  onChange: (patch: Partial<S>) => void;
}

function Speed<S extends { connections: number; per_second: number; cost_fen: number }>(props: CardProps<S>) {
  const { t } = useTranslation();
  return (
    <>
      <Field label={t("campaigns.channels.connections")}>
        <InputNumber
          style={{ width: "100%" }}
          aria-label={t("campaigns.channels.connections")}
          disabled={props.off}
          min={1}
          max={64}
          precision={0}
          value={props.set.connections}
          onChange={(v) => props.onChange({ connections: v ?? 1 } as Partial<S>)}
        />
      </Field>
      <Field label={t("campaigns.channels.per_second")} why={t("campaigns.channels.per_second_why")}>
        <InputNumber
          style={{ width: "100%" }}
          aria-label={t("campaigns.channels.per_second")}
          disabled={props.off}
          min={0}
          value={props.set.per_second}
          onChange={(v) => props.onChange({ per_second: v ?? 0 } as Partial<S>)}
        />
      </Field>
      <Cost
        fen={props.set.cost_fen}
        off={props.off}
        onChange={(cost_fen) => props.onChange({ cost_fen } as Partial<S>)}
      />
    </>
  );
}

const mask = "••••••••";

/** A secret that is written and never read: what is kept shows as a placeholder. */
function Secret(props: { value: string | undefined; off: boolean; label: string; onChange: (v: string) => void }) {
  const { t } = useTranslation();
  const kept = props.value === mask;
  return (
    <Input.Password
      aria-label={props.label}
      autoComplete="new-password"
      disabled={props.off}
      placeholder={kept ? t("campaigns.channels.secret_kept") : t("campaigns.channels.optional")}
      value={kept ? "" : (props.value ?? "")}
      onChange={(e) => props.onChange(e.target.value)}
    />
  );
}

function Email(props: CardProps<Settings["email"]>) {
  const { t } = useTranslation();
  const { set, off, onChange } = props;
  const text = (key: "host" | "user" | "from" | "from_name" | "reply_to", placeholder?: string) => (
    <Input
      aria-label={t(`campaigns.channels.${key}`)}
      disabled={off}
      placeholder={placeholder}
      value={set[key] ?? ""}
      onChange={(e) =>
        onChange({ [key]: e.target.value.trim() || (key === "host" || key === "from" ? "" : undefined) })
      }
    />
  );
  return (
    <Card channel="email" on={set.enabled} off={off} onSwitch={(enabled) => onChange({ enabled })}>
      <div className="campaigns-grid">
        <Field label={t("campaigns.channels.host")}>{text("host", "smtp.example.com")}</Field>
        <Field label={t("campaigns.channels.port")}>
          <InputNumber
            style={{ width: "100%" }}
            aria-label={t("campaigns.channels.port")}
            disabled={off}
            min={1}
            max={65535}
            precision={0}
            value={set.port}
            onChange={(port) => onChange({ port: port ?? 587 })}
          />
        </Field>
        <Field label={t("campaigns.channels.tls")}>
          <Select
            style={{ width: "100%" }}
            aria-label={t("campaigns.channels.tls")}
            disabled={off}
            value={set.tls}
            onChange={(tls) => onChange({ tls })}
            options={(["starttls", "tls", "none"] as const).map((value) => ({
              value,
              label: t(`campaigns.channels.tls_kind.${value}`),
            }))}
          />
        </Field>
        <Field label={t("campaigns.channels.user")}>{text("user", t("campaigns.channels.optional"))}</Field>
        <Field label={t("campaigns.channels.password")}>
          <Secret
            label={t("campaigns.channels.password")}
            off={off}
            value={set.secret}
            onChange={(secret) => onChange({ secret })}
          />
        </Field>
        <Field label={t("campaigns.channels.reply_to")}>{text("reply_to", t("campaigns.channels.optional"))}</Field>
        <Field label={t("campaigns.channels.from")}>{text("from", "hello@example.com")}</Field>
        <Field label={t("campaigns.channels.from_name")}>{text("from_name", t("campaigns.channels.optional"))}</Field>
        <span />
        <Speed {...props} />
      </div>
      <Trial channel="email" on={set.enabled} changed={props.changed} off={off} />
    </Card>
  );
}

function Webhook(props: CardProps<Settings["webhook"]>) {
  const { t } = useTranslation();
  const { set, off, onChange } = props;
  return (
    <Card channel="webhook" on={set.enabled} off={off} onSwitch={(enabled) => onChange({ enabled })}>
      <div className="campaigns-grid">
        <Field label={t("campaigns.channels.url")} wide>
          <Input
            aria-label={t("campaigns.channels.url")}
            disabled={off}
            placeholder="https://example.com/hook"
            value={set.url}
            onChange={(e) => onChange({ url: e.target.value.trim() })}
          />
        </Field>
        <Field label={t("campaigns.channels.secret")} why={t("campaigns.channels.secret_why")}>
          <Secret
            label={t("campaigns.channels.secret")}
            off={off}
            value={set.secret}
            onChange={(secret) => onChange({ secret })}
          />
        </Field>
        <Speed {...props} />
        <Checkbox
          disabled={off}
          checked={set.allow_private}
          onChange={(e) => onChange({ allow_private: e.target.checked })}
        >
          {t("campaigns.channels.allow_private")}
          <Why>{t("campaigns.channels.allow_private_why")}</Why>
        </Checkbox>
      </div>
      <Trial channel="webhook" on={set.enabled} changed={props.changed} off={off} />
    </Card>
  );
}

/** Sends one line through the stored settings. */
function Trial(props: { channel: "email" | "webhook"; on: boolean; changed: boolean; off: boolean }) {
  const { t } = useTranslation();
  const staff = useStaff() as { email?: string };
  const { message } = App.useApp();
  const [to, setTo] = useState(staff.email ?? "");
  const test = $api.useMutation("post", "/api/v1/channels/test", {
    onSuccess: () => void message.success(t("campaigns.channels.test_done")),
  });
  if (!props.on || props.off) {
    return null;
  }
  const email = props.channel === "email";
  return (
    <div className="campaigns-row" style={{ marginTop: 16 }}>
      {email ? (
        <Input
          style={{ width: 260 }}
          aria-label={t("campaigns.channels.test_to")}
          placeholder={t("campaigns.channels.test_to")}
          value={to}
          onChange={(e) => setTo(e.target.value)}
        />
      ) : null}
      <Button
        loading={test.isPending}
        disabled={props.changed || (email && !to.includes("@"))}
        onClick={() => test.mutate({ body: { channel: props.channel, to: email ? to : undefined } })}
      >
        {t("campaigns.channels.test")}
      </Button>
      {props.changed ? <span className="hs-secondary">{t("campaigns.channels.test_save")}</span> : null}
    </div>
  );
}
