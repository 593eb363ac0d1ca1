import { $api, type Schema } from "@huoshui/api";
import { ErrorNote, Loaded, Panel, Why } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Alert, App, Button, Input, InputNumber, Select } from "antd";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { Frame } from "./Frame";

/** How wallets and points work, and the merchant that WeChat Pay pays to. */
export default function RulesPage() {
  const can = useCan();
  const wallet = $api.useQuery("get", "/api/v1/finance/wallet-rules");
  const points = $api.useQuery("get", "/api/v1/finance/points-rules");
  return (
    <Frame tab="rules">
      <Loaded query={wallet}>{(r) => <WalletRules key={r.version} read={r} />}</Loaded>
      <Loaded query={points}>{(r) => <PointsRules key={r.version} read={r} />}</Loaded>
      {can("settings.write") ? (
        <>
          <Merchant />
          <OfficialAccount />
        </>
      ) : null}
    </Frame>
  );
}

function Row(props: { id: string; label: string; why?: string; children: ReactNode }) {
  return (
    <>
      <label htmlFor={props.id}>
        {props.label}
        {props.why ? <Why>{props.why}</Why> : null}
      </label>
      <div>{props.children}</div>
    </>
  );
}

function useSaved(address: string) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { message } = App.useApp();
  return async () => {
    message.success(t("finance.rules.saved"));
    await client.invalidateQueries({ predicate: (q) => q.queryKey[1] === address });
  };
}

function WalletRules(props: { read: Schema<"WalletRules"> }) {
  const { t } = useTranslation();
  const can = useCan();
  const [rules, setRules] = useState(props.read.rules);
  const saved = useSaved("/api/v1/finance/wallet-rules");
  const save = $api.useMutation("put", "/api/v1/finance/wallet-rules", { meta: { quiet: true }, onSuccess: saved });
  const off = !can("finance.write");
  return (
    <Panel title={t("finance.rules.wallet")}>
      <div className="hs-finance-form">
        <Row id="spend-order" label={t("finance.rules.spend_order")} why={t("finance.rules.spend_order_why")}>
          <Select
            id="spend-order"
            disabled={off}
            style={{ width: 280 }}
            value={rules.spend_order}
            onChange={(spend_order) => setRules({ ...rules, spend_order })}
            options={(["principal_first", "gift_first", "proportional"] as const).map((value) => ({
              value,
              label: t(`finance.rules.orders.${value}`),
            }))}
          />
        </Row>
        <Row id="gift-days" label={t("finance.rules.gift_days")} why={t("finance.rules.days_why")}>
          <Days
            id="gift-days"
            off={off}
            max={3650}
            n={rules.gift_days}
            on={(n) => setRules({ ...rules, gift_days: n })}
          />
        </Row>
        <Row id="gift-back" label={t("finance.rules.returned_days")} why={t("finance.rules.returned_days_why")}>
          <Days
            id="gift-back"
            off={off}
            max={365}
            n={rules.returned_gift_days}
            on={(n) => setRules({ ...rules, returned_gift_days: n })}
          />
        </Row>
      </div>
      {save.error ? <ErrorNote error={save.error} small /> : null}
      {off ? null : (
        <Button
          type="primary"
          loading={save.isPending}
          onClick={() => save.mutate({ body: { rules, version: props.read.version } })}
        >
          {t("finance.rules.save_wallet")}
        </Button>
      )}
    </Panel>
  );
}

function PointsRules(props: { read: Schema<"PointsRules"> }) {
  const { t } = useTranslation();
  const can = useCan();
  const [rules, setRules] = useState(props.read.rules);
  const saved = useSaved("/api/v1/finance/points-rules");
  const save = $api.useMutation("put", "/api/v1/finance/points-rules", { meta: { quiet: true }, onSuccess: saved });
  const off = !can("finance.write");
  const share = (rules.fen_per_100_points / 100 / rules.fen_per_point) * 100;
  return (
    <Panel title={t("finance.rules.points")}>
      <p className="hs-secondary">{t("finance.rules.points_mean", { share: share.toFixed(2) })}</p>
      <div className="hs-finance-form">
        <Row id="per-point" label={t("finance.rules.per_point")}>
          <InputNumber
            id="per-point"
            disabled={off}
            prefix="¥"
            min={0.01}
            max={10_000}
            precision={2}
            value={rules.fen_per_point / 100}
            onChange={(n) => setRules({ ...rules, fen_per_point: Math.max(1, Math.round((n ?? 0) * 100)) })}
          />
        </Row>
        <Row id="per-100" label={t("finance.rules.per_100")} why={t("finance.rules.per_100_why")}>
          <InputNumber
            id="per-100"
            disabled={off}
            prefix="¥"
            min={0}
            max={10_000}
            precision={2}
            value={rules.fen_per_100_points / 100}
            onChange={(n) => setRules({ ...rules, fen_per_100_points: Math.round((n ?? 0) * 100) })}
          />
        </Row>
        <Row id="most" label={t("finance.rules.most")} why={t("finance.rules.most_why")}>
          <InputNumber
            id="most"
            disabled={off}
            suffix="%"
            min={0}
            max={100}
            precision={0}
            value={rules.most_percent}
            onChange={(n) => setRules({ ...rules, most_percent: n ?? 0 })}
          />
        </Row>
        <Row id="points-days" label={t("finance.rules.points_days")} why={t("finance.rules.days_why")}>
          <Days id="points-days" off={off} max={3650} n={rules.days} on={(n) => setRules({ ...rules, days: n })} />
        </Row>
        <Row id="points-back" label={t("finance.rules.returned_days")} why={t("finance.rules.returned_days_why")}>
          <Days
            id="points-back"
            off={off}
            max={365}
            n={rules.returned_days}
            on={(n) => setRules({ ...rules, returned_days: n })}
          />
        </Row>
        <Row id="level-percent" label={t("finance.rules.levels")} why={t("finance.rules.levels_why")}>
          <Levels off={off} of={rules.level_percent} on={(level_percent) => setRules({ ...rules, level_percent })} />
        </Row>
      </div>
      {save.error ? <ErrorNote error={save.error} small /> : null}
      {off ? null : (
        <Button
          type="primary"
          loading={save.isPending}
          onClick={() => save.mutate({ body: { rules, version: props.read.version } })}
        >
          {t("finance.rules.save_points")}
        </Button>
      )}
    </Panel>
  );
}

function Days(props: { id: string; off: boolean; max: number; n: number; on: (n: number) => void }) {
  const { t } = useTranslation();
  return (
    <InputNumber
      id={props.id}
      disabled={props.off}
      suffix={t("finance.rules.days")}
      min={0}
      max={props.max}
      precision={0}
      value={props.n}
      onChange={(n) => props.on(n ?? 0)}
    />
  );
}

/** Member levels that earn more, or less, than others. */
function Levels(props: { off: boolean; of: Record<string, number>; on: (of: Record<string, number>) => void }) {
  const { t } = useTranslation();
  const [level, setLevel] = useState("");
  const without = (name: string) => Object.fromEntries(Object.entries(props.of).filter(([l]) => l !== name));
  return (
    <div className="hs-finance-levels">
      {Object.entries(props.of).map(([name, percent]) => (
        <div key={name} className="hs-finance-bar">
          <span className="hs-finance-level">{name}</span>
          <InputNumber
            aria-label={name}
            disabled={props.off}
            suffix="%"
            min={0}
            max={10_000}
            precision={0}
            value={percent}
            onChange={(n) => props.on({ ...props.of, [name]: n ?? 0 })}
          />
          {props.off ? null : (
            <Button size="small" onClick={() => props.on(without(name))}>
              {t("finance.rules.drop_level")}
            </Button>
          )}
        </div>
      ))}
      {props.off ? null : (
        <div className="hs-finance-bar">
          <Input
            id="level-percent"
            maxLength={40}
            placeholder={t("finance.rules.level_hint")}
            value={level}
            onChange={(e) => setLevel(e.target.value)}
            style={{ width: 160 }}
          />
          <Button
            disabled={level.trim() === "" || level.trim() in props.of}
            onClick={() => {
              props.on({ ...props.of, [level.trim()]: 100 });
              setLevel("");
            }}
          >
            {t("finance.rules.add_level")}
          </Button>
        </div>
      )}
    </div>
  );
}

const blank = { mchid: "", appid: "", serial: "", private_key: "", api_v3_key: "", public_key_id: "", public_key: "" };

/** The merchant of the real WeChat Pay. What was entered is never shown again. */
function Merchant() {
  const { t } = useTranslation();
  const state = $api.useQuery("get", "/api/v1/finance");
  const [form, setForm] = useState(blank);
  const { message } = App.useApp();
  const save = $api.useMutation("put", "/api/v1/finance/merchant", {
    meta: { quiet: true },
    onSuccess: () => {
      setForm(blank);
      message.success(t("finance.rules.merchant_saved"));
    },
  });
  const complete = Object.values(form).every((v) => v.trim() !== "");
  return (
    <Panel title={t("finance.rules.merchant")}>
      <Alert
        type="info"
        showIcon
        title={t(state.data?.simulated ? "finance.rules.merchant_none" : "finance.rules.merchant_real")}
        description={t("finance.rules.merchant_text")}
      />
      <div className="hs-finance-form">
        {(Object.keys(blank) as (keyof typeof blank)[]).map((field) => {
          const long = field === "private_key" || field === "public_key";
          const shared = {
            id: `merchant-${field}`,
            value: form[field],
            autoComplete: "off",
            spellCheck: false,
            onChange: (e: { target: { value: string } }) => setForm({ ...form, [field]: e.target.value }),
          };
          return (
            <Row key={field} id={`merchant-${field}`} label={t(`finance.rules.merchant_fields.${field}`)}>
              {long ? (
                <Input.TextArea {...shared} rows={3} placeholder="-----BEGIN …" />
              ) : field === "api_v3_key" ? (
                <Input.Password {...shared} maxLength={32} />
              ) : (
                <Input {...shared} maxLength={64} />
              )}
            </Row>
          );
        })}
      </div>
      {save.error ? <ErrorNote error={save.error} small /> : null}
      <Button type="primary" disabled={!complete} loading={save.isPending} onClick={() => save.mutate({ body: form })}>
        {t("finance.rules.merchant_save")}
      </Button>
    </Panel>
  );
}

/** The Official Account by which customers sign in to the store. Its secret is never shown again. */
function OfficialAccount() {
  const { t } = useTranslation();
  const [form, setForm] = useState({ appid: "", secret: "" });
  const { message } = App.useApp();
  const save = $api.useMutation("put", "/api/v1/wechat/account", {
    meta: { quiet: true },
    onSuccess: () => {
      setForm({ appid: "", secret: "" });
      message.success(t("finance.rules.merchant_saved"));
    },
  });
  return (
    <Panel title={t("finance.rules.oa")}>
      <p className="hs-secondary">{t("finance.rules.oa_text")}</p>
      <div className="hs-finance-form">
        <Row id="oa-appid" label={t("finance.rules.merchant_fields.appid")}>
          <Input
            id="oa-appid"
            maxLength={32}
            autoComplete="off"
            value={form.appid}
            onChange={(e) => setForm({ ...form, appid: e.target.value })}
          />
        </Row>
        <Row id="oa-secret" label={t("finance.rules.oa_secret")}>
          <Input.Password
            id="oa-secret"
            maxLength={64}
            autoComplete="off"
            value={form.secret}
            onChange={(e) => setForm({ ...form, secret: e.target.value })}
          />
        </Row>
      </div>
      {save.error ? <ErrorNote error={save.error} small /> : null}
      <Button
        type="primary"
        disabled={form.appid.trim().length < 8 || form.secret.trim().length < 16}
        loading={save.isPending}
        onClick={() => save.mutate({ body: { appid: form.appid.trim(), secret: form.secret.trim() } })}
      >
        {t("finance.rules.oa_save")}
      </Button>
    </Panel>
  );
}
