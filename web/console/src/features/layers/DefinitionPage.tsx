import { $api, problemOf, type Schema } from "@huoshui/api";
import {
  Count,
  Empty,
  formatCount,
  formatPercent,
  LayerTag,
  Loaded,
  Loading,
  layerCodes,
  Page,
  Panel,
  Status,
  useConfirmDanger,
  useProblemText,
  useReader,
  When,
} from "@huoshui/ui";
import { keepPreviousData, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { App, Button, Select } from "antd";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { DefinitionForm } from "./DefinitionForm";
import { differences } from "./draft";
import "./layers.css";
import { type Definition, of, total } from "./words";

type InForce = Schema<"LayerInForce">;
type Preview = Schema<"LayeringPreview">;

/** The definitions of scores, stages and layers, with who would move at the right while one edits. */
export default function DefinitionPage() {
  const inForce = $api.useQuery("get", "/api/v1/layers/definition", undefined, { refetchOnWindowFocus: false });
  return (
    <Loaded query={inForce} loading={<Loading height={480} />}>
      {(data) => <Editor key={data.version} inForce={data} />}
    </Loaded>
  );
}

/** The value as it was a moment ago: it follows when nothing has changed for that long. */
function useSettled<T>(value: T, ms: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}

function Editor(props: { inForce: InForce }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const { message } = App.useApp();
  const can = useCan();
  const client = useQueryClient();
  const confirm = useConfirmDanger();
  const { inForce } = props;
  const [draft, setDraft] = useState<Definition>(inForce.definition);
  const settled = useSettled(draft, 400);
  const changes = differences(inForce.definition, draft);
  const editable = can("layers.write");
  const preview = $api.useQuery(
    "post",
    "/api/v1/layers/definition/preview",
    { body: { definition: settled } },
    {
      enabled: differences(inForce.definition, settled) > 0,
      placeholderData: keepPreviousData,
      retry: false,
      staleTime: 60_000,
      meta: { quiet: true },
    },
  );
  const save = $api.useMutation("put", "/api/v1/layers/definition", {
    onSuccess: async () => {
      await client.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).startsWith("/api/v1/layers") });
      void message.success(t("layers.def.saved"));
    },
  });
  const problem = preview.error && changes > 0 ? problemOf(preview.error) : undefined;
  const fresh = settled === draft && !preview.isFetching && !problem;
  const askToSave = () => {
    const data = preview.data;
    if (!data) {
      return;
    }
    confirm({
      title: t("layers.def.save_title"),
      consequence: t("layers.def.save_text", {
        n: formatCount(data.moved, language),
        share: formatPercent(data.moved / Math.max(1, data.people), language),
      }),
      action: t("layers.def.save"),
      red: false,
      run: () => save.mutateAsync({ body: { base_version: inForce.version, definition: draft } }),
    });
  };
  return (
    <Page
      title={t("layers.definition_page")}
      crumbs={<Link to={"/layers" as never}>{t("layers.title")}</Link>}
      lead={t("layers.def.lead")}
      titleExtra={
        <span className="hs-secondary">
          {inForce.version > 0 ? t("layers.def.version", { n: inForce.version }) : t("layers.def.version_0")}
        </span>
      }
      actions={
        editable ? (
          <>
            {changes > 0 ? (
              <>
                <span className="hs-secondary layers-changed">{t("layers.def.changed", { n: changes })}</span>
                <Button onClick={() => setDraft(inForce.definition)}>{t("layers.def.reset")}</Button>
              </>
            ) : null}
            <Button type="primary" disabled={changes === 0 || !fresh || !preview.data} onClick={askToSave}>
              {t("layers.def.save")}
            </Button>
          </>
        ) : (
          <Status tone="calm">{t("layers.def.read_only")}</Status>
        )
      }
      aside={
        <>
          <Panel title={t("layers.def.panel")}>
            {changes === 0 ? (
              <p className="hs-secondary">{t("layers.def.panel_idle")}</p>
            ) : problem ? (
              <Refused error={preview.error} />
            ) : preview.data ? (
              <BeforeAfter preview={preview.data} waiting={!fresh} />
            ) : (
              <Loading height={200} />
            )}
          </Panel>
          <History onUse={setDraft} editable={editable} />
        </>
      }
    >
      <Panel>
        <div className="layers-preset">
          <span>{t("layers.def.preset")}</span>
          <Select
            aria-label={t("layers.def.preset")}
            disabled={!editable}
            value={draft.preset}
            style={{ minWidth: 160 }}
            onChange={(code) => {
              const preset = inForce.presets.find((p) => p.preset === code);
              if (preset) {
                setDraft(preset);
              }
            }}
            options={[
              ...inForce.presets.map((p) => ({ value: p.preset, label: t(`layers.def.presets.${p.preset}`) })),
              ...(draft.preset === "custom"
                ? [{ value: "custom" as const, label: t("layers.def.presets.custom"), disabled: true }]
                : []),
            ]}
          />
        </div>
      </Panel>
      <DefinitionForm
        draft={draft}
        base={inForce.definition}
        bad={problem?.field}
        onChange={setDraft}
        disabled={!editable}
      />
    </Page>
  );
}

function Refused(props: { error: unknown }) {
  const { t } = useTranslation();
  const text = useProblemText();
  return (
    <div role="alert">
      <Status tone="danger">{t("layers.def.panel_error")}</Status>
      <p className="hs-secondary">{text(props.error)}</p>
    </div>
  );
}

function BeforeAfter(props: { preview: Preview; waiting: boolean }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const p = props.preview;
  return (
    <div
      className="layers-preview"
      data-waiting={props.waiting || undefined}
      aria-busy={props.waiting}
      aria-live="polite"
    >
      <div className="layers-preview-head">
        <span className="hs-secondary">{t("layers.def.panel_moved")}</span>
        <b className="hs-num">{formatCount(p.moved, language)}</b>
        <span className="hs-secondary">{formatPercent(p.moved / Math.max(1, p.people), language)}</span>
      </div>
      <table className="layers-table">
        <thead>
          <tr>
            <th>{t("layers.layer_column")}</th>
            <th className="layers-right">{t("layers.def.panel_before")}</th>
            <th className="layers-right">{t("layers.def.panel_after")}</th>
            <th className="layers-right">{t("layers.def.panel_diff")}</th>
          </tr>
        </thead>
        <tbody>
          {layerCodes.map((code) => {
            const before = of(p.before.layers, code).people;
            const after = of(p.after.layers, code).people;
            return (
              <tr key={code}>
                <td>
                  <LayerTag layer={code} />
                </td>
                <td className="layers-right">
                  <Count n={before} />
                </td>
                <td className="layers-right">
                  <Count n={after} />
                </td>
                <td className="layers-right">
                  <b>
                    <Count n={after - before} signed />
                  </b>
                </td>
              </tr>
            );
          })}
        </tbody>
        <tfoot>
          <tr>
            <td>{t("layers.list.total")}</td>
            <td className="layers-right">
              <Count n={total(p.before.layers, "people")} />
            </td>
            <td className="layers-right">
              <Count n={total(p.after.layers, "people")} />
            </td>
            <td />
          </tr>
        </tfoot>
      </table>
      {p.moves.length === 0 ? (
        <p className="hs-secondary">{t("layers.def.panel_none")}</p>
      ) : (
        <>
          <h3>{t("layers.def.panel_moves")}</h3>
          <ul className="layers-moves">
            {p.moves.slice(0, 6).map((m) => (
              <li key={`${m.from}>${m.to}`}>
                <div>
                  <span className="layers-move">
                    <LayerTag layer={m.from} />
                    <span aria-hidden>→</span>
                    <LayerTag layer={m.to} />
                  </span>
                  <Count n={m.people} />
                </div>
                <p className="hs-secondary">
                  {(p.samples[`${m.from}>${m.to}`] ?? [])
                    .slice(0, 3)
                    .map((who) => who.name || who.code || who.id)
                    .join(language === "zh" ? "、" : ", ")}
                </p>
              </li>
            ))}
          </ul>
        </>
      )}
      <p className="hs-secondary">{t("layers.def.panel_time", { seconds: p.seconds.toFixed(1) })}</p>
    </div>
  );
}

function History(props: { onUse: (d: Definition) => void; editable: boolean }) {
  const { t } = useTranslation();
  const history = $api.useQuery("get", "/api/v1/layers/definition/history");
  return (
    <Panel title={t("layers.def.history")}>
      <Loaded query={history} loading={<Loading height={60} />}>
        {(page) =>
          page.items.length === 0 ? (
            <Empty small title={t("layers.def.history_none")} />
          ) : (
            <ul className="layers-versions">
              {page.items.map((v) => (
                <li key={v.version}>
                  <div>
                    <b>{t("layers.def.history_version", { n: v.version })}</b>
                    {props.editable ? (
                      <Button type="link" size="small" onClick={() => props.onUse(v.definition)}>
                        {t("layers.def.history_use")}
                      </Button>
                    ) : null}
                  </div>
                  <span className="hs-secondary">
                    {v.changed_by} · <When at={v.changed_at} />
                  </span>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Panel>
  );
}
