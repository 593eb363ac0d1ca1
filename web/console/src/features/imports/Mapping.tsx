import { $api, type Schema } from "@huoshui/api";
import { ErrorNote, Loaded, Loading, Panel, Status, Why } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Button, Checkbox, Input, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { DryResult } from "./Result";
import { assign, formatBytes, type Import, missing } from "./words";

type Format = Schema<"FilesFormat">;
type Spec = Schema<"ImportingSpec">;

const separators = [
  [",", "comma"],
  ["\t", "tab"],
  [";", "semicolon"],
  ["|", "bar"],
] as const;
const encodings = ["utf-8", "gb18030", "utf-16le", "utf-16be"] as const;

/** What was detected, what the columns mean, a trial, and the start. */
export function Mapping(props: { imp: Import }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { imp } = props;
  const path = { id: imp.id };
  const [spec, setSpec] = useState<Spec>(imp.spec);
  const [consent, setConsent] = useState(imp.spec.consent !== undefined);
  const [dry, setDry] = useState<Schema<"ImportingDryRun"> | undefined>(imp.dry_run ?? undefined);
  const refresh = () => client.invalidateQueries({ queryKey: ["get", "/api/v1/imports/{id}"] });
  const choices = $api.useQuery("get", "/api/v1/import-choices", { params: { query: { target: imp.target } } });
  const preview = $api.useQuery("get", "/api/v1/imports/{id}/preview", { params: { path } });
  const configure = $api.useMutation("put", "/api/v1/imports/{id}", { meta: { quiet: true } });
  const attempt = $api.useMutation("post", "/api/v1/imports/{id}/dry-run", { meta: { quiet: true } });
  const start = $api.useMutation("post", "/api/v1/imports/{id}/start", { meta: { quiet: true }, onSuccess: refresh });
  const reformat = $api.useMutation("put", "/api/v1/imports/{id}/format", {
    onSuccess: async (changed) => {
      setSpec(changed.spec);
      setDry(undefined);
      await refresh();
      await client.invalidateQueries({ queryKey: ["get", "/api/v1/imports/{id}/preview"] });
    },
  });
  const change = (patch: Partial<Spec>) => {
    setSpec((old) => ({ ...old, ...patch }));
    setDry(undefined);
  };
  const choosePreset = async (preset: string) => {
    const known = choices.data?.presets.find((p) => p.code === preset);
    const guess = await client.fetchQuery(
      $api.queryOptions("get", "/api/v1/imports/{id}/guess", { params: { path, query: { preset } } }),
    );
    change({ preset, columns: guess.columns, channel: known?.channel || spec.channel });
  };
  const needs = missing(imp.target, spec.columns, spec.channel);
  if (consent && (!spec.consent?.statement || spec.consent.channels.length === 0)) {
    needs.push("statement");
  }
  const body = { spec: { ...spec, consent: consent ? spec.consent : undefined } };
  const busy = configure.isPending || attempt.isPending || start.isPending;
  const failure = configure.error ?? attempt.error ?? start.error;
  const tryIt = async () => {
    await configure.mutateAsync({ params: { path }, body });
    setDry(await attempt.mutateAsync({ params: { path } }));
  };
  const startIt = async () => {
    await configure.mutateAsync({ params: { path }, body });
    await start.mutateAsync({ params: { path } });
  };
  const ignore = () => undefined; // the error is shown below
  return (
    <>
      <Panel title={t("imports.format")}>
        <Detected
          imp={imp}
          busy={reformat.isPending}
          onChange={(format) => reformat.mutate({ params: { path }, body: format })}
        />
        <div className="hs-import-form">
          <Labelled label={t("imports.preset")}>
            <Select
              value={spec.preset}
              onChange={(v) => void choosePreset(v)}
              options={(choices.data?.presets ?? [])
                .filter((p) => !p.target || p.target === imp.target)
                .map((p) => ({ value: p.code, label: t(`imports.presets.${p.code}`, { defaultValue: p.code }) }))}
            />
          </Labelled>
          <Labelled label={t("imports.channel")} why={t("imports.channel_why")}>
            <Input
              value={spec.channel}
              maxLength={40}
              status={spec.channel.trim() ? undefined : "warning"}
              placeholder={t("imports.channel_hint")}
              onChange={(e) => change({ channel: e.target.value.trim() })}
            />
          </Labelled>
        </div>
      </Panel>
      <Panel
        title={t("imports.mapping")}
        definition={t("imports.mapping_hint")}
        flush
        actions={
          needs.length > 0 ? (
            <Status tone="attention">
              {t("imports.missing", { fields: needs.map((n) => t(`imports.need.${n}`)).join(" · ") })}
            </Status>
          ) : (
            <Status tone="good">{t("imports.ready")}</Status>
          )
        }
      >
        <Loaded query={preview} loading={<Loading height={240} />}>
          {(p) => (
            <Columns
              preview={p}
              columns={spec.columns}
              fields={(choices.data?.fields ?? []).map((f) => f.code)}
              onAssign={(column, field) => change({ columns: assign(spec.columns, column, field) })}
            />
          )}
        </Loaded>
      </Panel>
      <Panel title={t("imports.consent")} definition={t("imports.consent_hint")}>
        <Checkbox
          checked={consent}
          onChange={(e) => {
            setConsent(e.target.checked);
            change({
              consent: e.target.checked ? (spec.consent ?? { channels: ["email"], statement: "" }) : undefined,
            });
          }}
        >
          {t("imports.consent_on")}
        </Checkbox>
        {consent && spec.consent ? (
          <div className="hs-import-form">
            <Labelled label={t("imports.consent_channels")}>
              <Checkbox.Group
                value={spec.consent.channels}
                onChange={(v) => change({ consent: { channels: v, statement: spec.consent?.statement ?? "" } })}
                options={(["email", "phone"] as const).map((c) => ({
                  value: c,
                  label: t(`imports.send_channel.${c}`),
                }))}
              />
            </Labelled>
            <Labelled label={t("imports.consent_statement")}>
              <Input
                value={spec.consent.statement}
                maxLength={200}
                placeholder={t("imports.consent_placeholder")}
                onChange={(e) =>
                  change({ consent: { channels: spec.consent?.channels ?? [], statement: e.target.value } })
                }
              />
            </Labelled>
          </div>
        ) : null}
      </Panel>
      {dry ? <DryResult dry={dry} header={preview.data?.header ?? []} /> : null}
      {failure ? <ErrorNote error={failure} small /> : null}
      <div className="hs-import-actions">
        <Button
          disabled={needs.length > 0 || busy}
          loading={attempt.isPending}
          title={t("imports.try_hint")}
          onClick={() => void tryIt().catch(ignore)}
        >
          {t("imports.try")}
        </Button>
        <Button
          type="primary"
          disabled={needs.length > 0 || busy}
          loading={start.isPending}
          onClick={() => void startIt().catch(ignore)}
        >
          {t("imports.start")}
        </Button>
        <span className="hs-secondary">{t("imports.start_text")}</span>
      </div>
    </>
  );
}

function Labelled(props: { label: string; why?: string; children: React.ReactNode }) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is the child
    <label className="hs-import-field">
      <span className="hs-secondary">
        {props.label}
        {props.why ? <Why>{props.why}</Why> : null}
      </span>
      {props.children}
    </label>
  );
}

/** What was detected, to be corrected where it is wrong. */
function Detected(props: { imp: Import; busy: boolean; onChange: (format: Format) => void }) {
  const { t } = useTranslation();
  const { format } = props.imp;
  const set = (patch: Partial<Format>) => props.onChange({ ...format, ...patch });
  return (
    <div className="hs-import-form">
      <Labelled label={t("imports.kind")}>
        <span className="hs-num">
          {format.kind.toUpperCase()}
          {format.gzip ? ".GZ" : ""} · {formatBytes(props.imp.file_bytes)} · {t(`imports.target.${props.imp.target}`)}
        </span>
      </Labelled>
      {format.kind === "csv" ? (
        <>
          <Labelled label={t("imports.encoding")}>
            <Select
              value={format.encoding || "utf-8"}
              disabled={props.busy}
              onChange={(encoding) => set({ encoding })}
              options={encodings.map((e) => ({ value: e, label: e === "gb18030" ? "GBK / GB18030" : e.toUpperCase() }))}
            />
          </Labelled>
          <Labelled label={t("imports.separator")}>
            <Select
              value={format.separator || ","}
              disabled={props.busy}
              onChange={(separator) => set({ separator })}
              options={separators.map(([value, key]) => ({ value, label: t(`imports.separators.${key}`) }))}
            />
          </Labelled>
        </>
      ) : (
        <Labelled label={t("imports.sheet")}>
          <Select
            value={format.sheet}
            disabled={props.busy}
            onChange={(sheet) => set({ sheet })}
            options={(format.sheets ?? []).map((s) => ({ value: s, label: s }))}
          />
        </Labelled>
      )}
      <Labelled label={t("imports.header")}>
        <Select
          value={format.header}
          disabled={props.busy}
          onChange={(header) => set({ header })}
          options={[
            { value: true, label: t("imports.header_yes") },
            { value: false, label: t("imports.header_no") },
          ]}
        />
      </Labelled>
    </div>
  );
}

const previewRows = 6;

/** The beginning of the file; above every column, what it means. */
function Columns(props: {
  preview: Schema<"ImportingPreview">;
  columns: Record<string, number>;
  fields: readonly string[];
  onAssign: (column: number, field: string) => void;
}) {
  const { t } = useTranslation();
  const meaning = new Map(Object.entries(props.columns).map(([field, column]) => [column, field]));
  const rows = props.preview.rows.slice(0, previewRows);
  return (
    <div className="hs-mapping">
      <table>
        <thead>
          <tr>
            {props.preview.header.map((name, column) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a column is its place
              <th key={column} data-used={meaning.has(column)}>
                <span className="hs-mapping-name" title={name}>
                  {name}
                </span>
                <Select
                  size="small"
                  aria-label={name}
                  value={meaning.get(column) ?? ""}
                  popupMatchSelectWidth={200}
                  showSearch={{ optionFilterProp: "label" }}
                  onChange={(field) => props.onAssign(column, field)}
                  options={[
                    { value: "", label: t("imports.ignore") },
                    ...props.fields.map((f) => ({ value: f, label: t(`imports.field.${f}`, { defaultValue: f }) })),
                  ]}
                />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows of a file have no other name
            <tr key={i}>
              {props.preview.header.map((_, column) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a column is its place
                <td key={column} data-used={meaning.has(column)} title={row[column]}>
                  {row[column]}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
