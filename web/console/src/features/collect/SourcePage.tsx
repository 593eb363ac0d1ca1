import { $api } from "@huoshui/api";
import {
  Cards,
  Count,
  Facts,
  formatCount,
  Loaded,
  None,
  Page,
  Panel,
  StatCard,
  useConfirmDanger,
  useProblemText,
  useReader,
  When,
} from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { Alert, App, Button, Modal, Radio, Tabs, Tag } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useChannelName } from "../../shell/channel-name";
import { useCan } from "../../shell/session";
import { useUrlState } from "../../shell/url";
import { Code } from "./Code";
import "./collect.css";
import { filled, MappingEditor } from "./MappingEditor";
import { About } from "./NewSourcePage";
import { SourceState } from "./SourcesPage";
import { snippets } from "./snippets";
import { TestButton } from "./TestButton";
import { type Draft, happened, type Mapping, type Source, sumOutcomes } from "./words";

/** One source: its key and the code to paste, what came from it, and what can be changed about it. */
export default function SourcePage() {
  const { t } = useTranslation();
  const { id } = useParams({ strict: false }) as { id: string };
  const one = $api.useQuery("get", "/api/v1/sources/{id}", { params: { path: { id } } }, { refetchInterval: 3_000 });
  const s = one.data;
  return (
    <Page
      title={s?.name ?? t("collect.source")}
      titleExtra={s ? <SourceState source={s} /> : null}
      crumbs={<Link to={"/collect" as never}>{t("collect.title")}</Link>}
      actions={s ? <Actions source={s} /> : null}
    >
      <Loaded query={one}>{(source) => <Body source={source} />}</Loaded>
    </Page>
  );
}

function useChanged() {
  const client = useQueryClient();
  return () =>
    Promise.all([
      client.invalidateQueries({ queryKey: ["get", "/api/v1/sources"] }),
      client.invalidateQueries({ queryKey: ["get", "/api/v1/sources/{id}"] }),
    ]);
}

function Actions(props: { source: Source }) {
  const { t } = useTranslation();
  const can = useCan();
  const ask = useConfirmDanger();
  const changed = useChanged();
  const { source } = props;
  const [rotating, setRotating] = useState(false);
  const pause = $api.useMutation("put", "/api/v1/sources/{id}/paused", { onSuccess: changed });
  const put = (paused: boolean) => pause.mutateAsync({ params: { path: { id: source.id } }, body: { paused } });
  return (
    <>
      <Link to={"/collect/live" as never} search={{ source: source.id } as never}>
        <Button>{t("collect.watch")}</Button>
      </Link>
      {can("collect.write") ? (
        <>
          <TestButton source={source} />
          <Button onClick={() => setRotating(true)}>{t("collect.rotate")}</Button>
          {source.paused ? (
            <Button loading={pause.isPending} onClick={() => void put(false)}>
              {t("collect.resume")}
            </Button>
          ) : (
            <Button
              onClick={() =>
                ask({
                  title: t("collect.pause_title", { name: source.name }),
                  consequence: t("collect.pause_text"),
                  action: t("collect.pause"),
                  run: () => put(true),
                })
              }
            >
              {t("collect.pause")}
            </Button>
          )}
          <Rotate source={source} open={rotating} onClose={() => setRotating(false)} />
        </>
      ) : null}
    </>
  );
}

function Rotate(props: { source: Source; open: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const changed = useChanged();
  const [grace, setGrace] = useState(24);
  const rotate = $api.useMutation("post", "/api/v1/sources/{id}/key", {
    onSuccess: async () => {
      await changed();
      props.onClose();
      message.success(t("collect.rotated"));
    },
  });
  const hook = props.source.kind === "webhook";
  return (
    <Modal
      open={props.open}
      title={t("collect.rotate_title", { name: props.source.name })}
      width={480}
      okText={t("collect.rotate_do")}
      okButtonProps={{ danger: hook || grace === 0 }}
      cancelText={t("ui.cancel")}
      confirmLoading={rotate.isPending}
      onCancel={props.onClose}
      onOk={() => rotate.mutate({ params: { path: { id: props.source.id } }, body: { grace_hours: hook ? 0 : grace } })}
    >
      {hook ? (
        <p>{t("collect.rotate_hook")}</p>
      ) : (
        <>
          <p>{t("collect.rotate_text")}</p>
          <Radio.Group
            className="hs-collect-grace"
            value={grace}
            onChange={(e) => setGrace(Number(e.target.value))}
            options={[24, 168, 0].map((value) => ({ value, label: t(`collect.grace.h${value}`) }))}
          />
        </>
      )}
    </Modal>
  );
}

function Body(props: { source: Source }) {
  const { t } = useTranslation();
  const can = useCan();
  const navigate = useNavigate();
  const { language } = useReader();
  const { source } = props;
  const [state, setState] = useUrlState({ made: false, tab: "" });
  const status = $api.useQuery(
    "get",
    "/api/v1/collect/status",
    { params: { query: { days: 7 } } },
    { refetchInterval: 5_000 },
  );
  const week = sumOutcomes(status.data?.outcomes ?? [], source.id);
  const codes = snippets(source);
  const tab = codes.find((c) => c.key === state.tab)?.key ?? codes[0]?.key;
  return (
    <>
      {state.made ? (
        <Alert type="success" showIcon closable title={t("collect.made")} description={t("collect.made_text")} />
      ) : null}
      {source.paused ? <Alert type="warning" showIcon title={t("collect.paused_why")} /> : null}
      {week.crowded > 0 ? (
        <Alert type="warning" showIcon title={t("collect.crowded_why", { n: formatCount(week.crowded, language) })} />
      ) : null}
      <Cards min={160}>
        <StatCard
          label={t("collect.accepted")}
          definition={t("collect.accepted_why")}
          value={<Count n={week.accepted} short />}
          onClick={() => void navigate({ to: "/collect/dictionary" as never, search: { source: source.id } as never })}
        />
        <StatCard
          label={t("collect.duplicate")}
          definition={t("collect.duplicate_why")}
          value={<Count n={week.duplicate} short />}
        />
        <StatCard
          label={t("collect.blocked")}
          definition={t("collect.blocked_why")}
          value={<Count n={week.blocked} short />}
        />
        <StatCard
          label={t("collect.dead")}
          definition={t("collect.dead_why")}
          value={<Count n={week.dead} short />}
          onClick={() => void navigate({ to: "/collect/letters" as never, search: { source: source.id } as never })}
        />
        <StatCard
          label={t("collect.last")}
          value={happened(source.last_at) ? <When at={source.last_at} ago /> : <None />}
          note={
            source.refused > 0 ? t("collect.refused_note", { n: formatCount(source.refused, language) }) : undefined
          }
        />
      </Cards>
      <Panel title={t("collect.code")} definition={t("collect.code_why")}>
        {can("collect.write") ? null : <p className="hs-secondary">{t("collect.key_hidden")}</p>}
        <div className="hs-collect-keys">
          <span>{source.kind === "webhook" ? t("collect.secret") : t("collect.write_key")}</span>
          <Code label={t("collect.write_key")}>
            {(source.kind === "webhook" ? source.secret : source.write_key) ?? "…"}
          </Code>
        </div>
        <Tabs
          size="small"
          activeKey={tab}
          onChange={(key) => setState({ tab: key })}
          items={codes.map((c) => ({
            key: c.key,
            label: t(`collect.snippet.${c.key}`),
            children: (
              <>
                <p className="hs-secondary hs-collect-note">{t(`collect.snippet_note.${c.key}`)}</p>
                <Code label={t(`collect.snippet.${c.key}`)}>{c.code}</Code>
              </>
            ),
          }))}
        />
      </Panel>
      {source.kind === "webhook" ? <HookMapping source={source} /> : null}
      <Settings source={source} />
    </>
  );
}

/** The draft that says of a source what it says already. */
function draftOf(s: Source): Draft {
  return {
    name: s.name,
    kind: s.kind,
    protocols: s.protocols,
    origins: s.origins,
    channel: s.channel,
    trusted: s.trusted,
    mapping: s.mapping,
  };
}

function useSave(source: Source) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const changed = useChanged();
  const save = $api.useMutation("put", "/api/v1/sources/{id}", {
    meta: { quiet: true },
    onSuccess: async () => {
      await changed();
      message.success(t("collect.saved"));
    },
  });
  return {
    ...save,
    put: (draft: Draft) => save.mutateAsync({ params: { path: { id: source.id } }, body: draft }),
  };
}

function HookMapping(props: { source: Source }) {
  const { t } = useTranslation();
  const can = useCan();
  const text = useProblemText();
  const [mapping, setMapping] = useState<Mapping>(props.source.mapping);
  const save = useSave(props.source);
  const changed = JSON.stringify(filled(mapping)) !== JSON.stringify(props.source.mapping);
  return (
    <>
      <MappingEditor mapping={mapping} onChange={setMapping} />
      {save.error ? <Alert type="error" showIcon title={text(save.error)} /> : null}
      {can("collect.write") ? (
        <div className="hs-collect-next">
          <Button
            type="primary"
            disabled={!changed}
            loading={save.isPending}
            onClick={() => void save.put({ ...draftOf(props.source), mapping: filled(mapping) }).catch(() => undefined)}
          >
            {t("collect.save_mapping")}
          </Button>
          <span className="hs-secondary">{t("collect.mapping.later")}</span>
        </div>
      ) : null}
    </>
  );
}

function Settings(props: { source: Source }) {
  const { t } = useTranslation();
  const channel = useChannelName();
  const can = useCan();
  const text = useProblemText();
  const { source } = props;
  const [draft, setDraft] = useState<Draft>();
  const save = useSave(source);
  return (
    <Panel
      title={t("collect.settings")}
      actions={
        can("collect.write") && !draft ? (
          <Button size="small" onClick={() => setDraft(draftOf(source))}>
            {t("collect.edit")}
          </Button>
        ) : null
      }
    >
      {draft ? (
        <>
          <About draft={draft} onChange={setDraft} />
          {draft.kind === "webhook" ? null : (
            <div className="hs-collect-form">
              <div className="hs-collect-field">
                <span>{t("collect.trust")}</span>
                <Radio.Group
                  value={draft.trusted ?? false}
                  onChange={(e) => setDraft({ ...draft, trusted: Boolean(e.target.value) })}
                  options={[true, false].map((value) => ({
                    value,
                    label: t(value ? "collect.trusted" : "collect.not_trusted"),
                  }))}
                />
                <span className="hs-secondary">{t("collect.trust_hint")}</span>
              </div>
            </div>
          )}
          {save.error ? <Alert type="error" showIcon title={text(save.error)} /> : null}
          <div className="hs-collect-next">
            <Button
              type="primary"
              disabled={draft.name.trim() === ""}
              loading={save.isPending}
              onClick={() =>
                void save.put(draft).then(
                  () => setDraft(undefined),
                  () => undefined,
                )
              }
            >
              {t("collect.save")}
            </Button>
            <Button onClick={() => setDraft(undefined)}>{t("ui.cancel")}</Button>
          </div>
        </>
      ) : (
        <Facts
          columns={4}
          items={[
            { label: t("collect.kind"), value: t(`collect.kinds.${source.kind}`) },
            {
              label: t("collect.protocols"),
              value: source.protocols.map((p) => t(`collect.protocol.${p}`)).join(" · "),
            },
            {
              label: t("collect.trust"),
              why: t("collect.trust_hint"),
              value: t(source.trusted ? "collect.trusted" : "collect.not_trusted"),
            },
            {
              label: t("collect.channel"),
              why: t("collect.channel_hint"),
              value: source.channel ? channel(source.channel) : <None />,
            },
            { label: t("collect.changed"), value: <When at={source.changed_at} /> },
            ...(source.kind === "browser"
              ? [
                  {
                    label: t("collect.origins"),
                    why: t("collect.origins_hint"),
                    value:
                      source.origins.length > 0
                        ? source.origins.map((o) => <Tag key={o}>{o}</Tag>)
                        : t("collect.origins_any"),
                  },
                ]
              : []),
          ]}
        />
      )}
    </Panel>
  );
}
