import { $api, type Schema } from "@huoshui/api";
import {
  Count,
  ErrorNote,
  formatCount,
  Loaded,
  Loading,
  Panel,
  Status,
  useConfirmDanger,
  useReader,
} from "@huoshui/ui";
import { keepPreviousData, useQueryClient } from "@tanstack/react-query";
import { App, Button, Checkbox, InputNumber, Switch } from "antd";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSettled } from "../../shell/find";
import { useCan } from "../../shell/session";
import { Frame, useCoverage } from "./Frame";

type Rules = Schema<"IdentityRules">;
type Inner = Rules["rules"];
type Effect = Schema<"IdentityEffect">;

/** Kinds of key with how much they prove (3 the most) and whether a person has one of them or may have several. */
const kinds = [
  ["phone", 3, false],
  ["unionid", 3, false],
  ["email", 2, true],
  ["openid", 2, false],
  ["external_userid", 2, true],
  ["card", 2, false],
  ["external", 2, true],
  ["user", 2, false],
  ["device", 1, true],
] as const;

const fields = [
  "phone_or_unionid",
  "phone",
  "email",
  "name",
  "gender",
  "birthday",
  "province",
  "city",
  "level",
  "store",
] as const;

/** By what two are taken for one person, when a key stands for nobody, and what a complete profile has. */
export default function RulesPage() {
  const rules = $api.useQuery("get", "/api/v1/identity/rules", {}, { refetchOnWindowFocus: false });
  return (
    <Frame tab="rules">
      <Loaded query={rules} loading={<Loading blocks={3} />}>
        {(data) => <Editor key={data.version} inForce={data} />}
      </Loaded>
    </Frame>
  );
}

function changes(a: Inner, b: Inner): number {
  return (
    Number(a.auto_merge !== b.auto_merge) +
    Number(a.shared_device !== b.shared_device) +
    Number(a.shared_key !== b.shared_key) +
    Number([...a.complete].sort().join() !== [...b.complete].sort().join())
  );
}

/** What rules come to with what is known today. */
function usePreview(rules: Inner) {
  return $api.useQuery(
    "post",
    "/api/v1/identity/rules/preview",
    { body: rules },
    { placeholderData: keepPreviousData, staleTime: 30_000, retry: false, enabled: rules.complete.length > 0 },
  );
}

function Editor(props: { inForce: Rules }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const { message } = App.useApp();
  const can = useCan();
  const client = useQueryClient();
  const confirm = useConfirmDanger();
  const { rules: base, version } = props.inForce;
  const [draft, setDraft] = useState<Inner>(base);
  const settled = useSettled(draft, 300);
  const now = usePreview(base);
  const then = usePreview(settled);
  const changed = changes(base, draft);
  const editable = can("identity.write");
  const fresh = settled === draft && !then.isFetching && !then.error;
  const save = $api.useMutation("put", "/api/v1/identity/rules", {
    meta: { quiet: true },
    onSuccess: async () => {
      message.success(t("identity.rules.saved"));
      await client.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).startsWith("/api/v1/identity") });
    },
  });
  const put = (part: Partial<Inner>) => setDraft({ ...draft, ...part });
  const ask = () => {
    const effect = then.data;
    if (!effect) {
      return;
    }
    const n = (count: number) => formatCount(count, language);
    confirm({
      title: t("identity.rules.save_ask"),
      consequence: (
        <ul className="hs-rules-consequence">
          {draft.auto_merge !== base.auto_merge ? (
            <li>
              {t(draft.auto_merge ? "identity.rules.save_auto_on" : "identity.rules.save_auto_off", {
                n: n(effect.merged),
              })}
            </li>
          ) : null}
          {draft.shared_device !== base.shared_device ? (
            <li>{t("identity.rules.save_device", { limit: draft.shared_device, n: n(effect.devices) })}</li>
          ) : null}
          {draft.shared_key !== base.shared_key ? (
            <li>{t("identity.rules.save_key", { limit: draft.shared_key, n: n(effect.keys) })}</li>
          ) : null}
          {draft.complete.join() !== base.complete.join() ? (
            <li>{t("identity.rules.save_complete", { n: n(effect.complete), of: n(effect.customers) })}</li>
          ) : null}
          <li>{t("identity.rules.save_from_now")}</li>
        </ul>
      ),
      action: t("identity.rules.save"),
      red: draft.auto_merge && (!base.auto_merge || draft.shared_key > base.shared_key),
      run: () => save.mutateAsync({ body: { rules: draft, version } }),
    });
  };
  return (
    <div className="hs-rules">
      <div className="hs-identity">
        <Panel title={t("identity.rules.keys")} definition={t("identity.rules.keys_why")}>
          <Keys />
        </Panel>
        <Panel title={t("identity.rules.merging")}>
          <Rule
            label={t("identity.rules.auto")}
            why={t("identity.rules.auto_why")}
            changed={draft.auto_merge !== base.auto_merge}
          >
            <Switch
              aria-label={t("identity.rules.auto")}
              checked={draft.auto_merge}
              disabled={!editable}
              onChange={(auto_merge) => put({ auto_merge })}
            />
          </Rule>
          <Rule
            label={t("identity.rules.device")}
            why={t("identity.rules.device_why", { n: draft.shared_device })}
            changed={draft.shared_device !== base.shared_device}
          >
            <Limit
              label={t("identity.rules.device")}
              unit={t("identity.rules.people")}
              value={draft.shared_device}
              disabled={!editable}
              onChange={(shared_device) => put({ shared_device })}
            />
          </Rule>
          <Rule
            label={t("identity.rules.key")}
            why={t("identity.rules.key_why", { n: draft.shared_key })}
            changed={draft.shared_key !== base.shared_key}
          >
            <Limit
              label={t("identity.rules.key")}
              unit={t("identity.rules.accounts")}
              value={draft.shared_key}
              disabled={!editable}
              onChange={(shared_key) => put({ shared_key })}
            />
          </Rule>
        </Panel>
        <Panel title={t("identity.rules.complete")} definition={t("identity.rules.complete_why")}>
          <Checkbox.Group
            className="hs-rules-fields"
            disabled={!editable}
            value={draft.complete}
            onChange={(complete) => put({ complete: fields.filter((f) => complete.includes(f)) })}
            options={fields.map((f) => ({ value: f, label: t(`identity.field.${f}`) }))}
          />
          {draft.complete.length === 0 ? <Status tone="attention">{t("identity.rules.complete_none")}</Status> : null}
        </Panel>
      </div>
      <div className="hs-rules-aside">
        <Panel title={t("identity.rules.effect")} definition={t("identity.rules.effect_why")}>
          {then.error ? (
            <ErrorNote error={then.error} onRetry={() => void then.refetch()} />
          ) : now.data && then.data ? (
            <BeforeAfter
              now={now.data}
              then={changed > 0 ? then.data : undefined}
              auto={draft.auto_merge}
              waiting={!fresh}
            />
          ) : (
            <Loading height={160} />
          )}
        </Panel>
        <div className="hs-rules-do">
          {!editable ? (
            <Status tone="calm">{t("identity.rules.read_only")}</Status>
          ) : (
            <>
              <Button
                type="primary"
                disabled={changed === 0 || !fresh || !then.data || draft.complete.length === 0}
                onClick={ask}
              >
                {t("identity.rules.save")}
              </Button>
              <Button disabled={changed === 0} onClick={() => setDraft(base)}>
                {t("identity.rules.reset")}
              </Button>
              <span className="hs-secondary">
                {version > 0 ? t("identity.rules.version", { n: version }) : t("identity.rules.version_0")}
              </span>
            </>
          )}
        </div>
      </div>
    </div>
  );
}

/** Every kind of key: what it proves, how many of it a person has, and how many customers have one. */
function Keys() {
  const { t } = useTranslation();
  const coverage = useCoverage();
  return (
    <table className="hs-identity-table hs-rules-keys">
      <thead>
        <tr>
          <th>{t("identity.kind")}</th>
          <th>{t("identity.rules.strength")}</th>
          <th>{t("identity.rules.several")}</th>
          <th className="hs-right">{t("identity.have")}</th>
        </tr>
      </thead>
      <tbody>
        {kinds.map(([kind, strength, several]) => {
          const have = coverage.data?.kinds.find((k) => k.kind === kind);
          return (
            <tr key={kind}>
              <td>{t(`identity.key.${kind}`)}</td>
              <td>
                <b>{t(`identity.rules.s${strength}`)}</b>
                <small className="hs-secondary">{t(`identity.rules.s${strength}_why`)}</small>
              </td>
              <td>
                {t(
                  several
                    ? "identity.rules.many"
                    : kind === "openid"
                      ? "identity.rules.one_each"
                      : "identity.rules.one",
                )}
              </td>
              <td className="hs-right">{have ? <Count n={have.customers} /> : "–"}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Rule(props: { label: string; why: string; changed: boolean; children: ReactNode }) {
  return (
    <div className="hs-rule" data-changed={props.changed || undefined}>
      <div>
        <b>{props.label}</b>
        <p className="hs-secondary">{props.why}</p>
      </div>
      <span>{props.children}</span>
    </div>
  );
}

function Limit(props: {
  label: string;
  unit: string;
  value: number;
  disabled: boolean;
  onChange: (n: number) => void;
}) {
  return (
    <>
      <InputNumber
        aria-label={props.label}
        min={1}
        max={100}
        precision={0}
        value={props.value}
        disabled={props.disabled}
        style={{ width: 80 }}
        onChange={(n) => {
          if (typeof n === "number" && n >= 1 && n <= 100) {
            props.onChange(n);
          }
        }}
      />
      <span className="hs-secondary">{props.unit}</span>
    </>
  );
}

/** Figures under the rules in force, and under those that are being written. */
function BeforeAfter(props: { now: Effect; then?: Effect; auto: boolean; waiting: boolean }) {
  const { t } = useTranslation();
  const { now, then } = props;
  const rows = [
    ["complete", now.complete, then?.complete],
    ["devices", now.devices, then?.devices],
    ["claimed", now.keys, then?.keys],
  ] as const;
  return (
    <>
      <table className="hs-identity-table" aria-busy={props.waiting}>
        <thead>
          <tr>
            <th />
            <th className="hs-right">{t("identity.rules.now")}</th>
            <th className="hs-right">{t("identity.rules.after")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([key, before, after]) => (
            <tr key={key}>
              <td>{t(`identity.rules.effects.${key}`)}</td>
              <td className="hs-right">
                <Count n={before} />
              </td>
              <td className="hs-right">
                {after === undefined ? (
                  "–"
                ) : after === before ? (
                  <Count n={after} />
                ) : (
                  <b>
                    <Count n={after} />
                  </b>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="hs-secondary">
        {t(props.auto ? "identity.rules.merged_auto" : "identity.rules.merged_off", { n: now.merged })}
      </p>
    </>
  );
}
