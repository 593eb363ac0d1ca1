import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { $api } from "@huoshui/api";
import { ErrorNote, LayerTag, Loaded, Page, Panel, useConfirmDanger, useReader, When } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { App, Button, Dropdown, Input, type InputRef, Select, Tabs, Tooltip } from "antd";
import type { TextAreaRef } from "antd/es/input/TextArea";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { ContentActions } from "./ContentActions";
import { Preview } from "./Preview";
import { type Body, type Content, channels, type Draft, draftOf, emptyDraft, insertAt, say, written } from "./words";
import "./content.css";

const layers = ["vip", "potential", "new", "silent", "lost"] as const;

/** Writes a new content, or the next version of one, beside a live preview on a real person. */
export default function EditorPage() {
  const { id } = useParams({ strict: false }) as { id?: string };
  const one = $api.useQuery(
    "get",
    "/api/v1/contents/{id}",
    { params: { path: { id: id ?? "" } } },
    { enabled: !!id, refetchOnWindowFocus: false },
  );
  if (!id) {
    return <Editor initial={emptyDraft()} />;
  }
  return <Loaded query={one}>{(c) => <Editor key={`${c.id}.${c.version}`} content={c} initial={draftOf(c)} />}</Loaded>;
}

function Editor(props: { content?: Content; initial: Draft }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const { message } = App.useApp();
  const can = useCan();
  const navigate = useNavigate();
  const client = useQueryClient();
  const confirm = useConfirmDanger();
  const [d, setDraft] = useState(props.initial);
  const [at, setAt] = useState(() =>
    Math.max(
      0,
      props.initial.bodies.findIndex((b) => b.language === language),
    ),
  );
  const versions = $api.useQuery(
    "get",
    "/api/v1/contents/{id}/versions",
    { params: { path: { id: props.content?.id ?? "" } } },
    { enabled: !!props.content },
  );
  const create = $api.useMutation("post", "/api/v1/contents", { meta: { quiet: true } });
  const revise = $api.useMutation("put", "/api/v1/contents/{id}", { meta: { quiet: true } });
  const error = create.error ?? revise.error;
  const dirty = JSON.stringify(d) !== JSON.stringify(props.initial);
  const set = (patch: Partial<Draft>) => setDraft((old) => ({ ...old, ...patch }));
  const body = d.bodies[at] ?? d.bodies[0];
  const setBody = (patch: Partial<Body>) =>
    set({ bodies: d.bodies.map((b, i) => (i === at ? { ...b, ...patch } : b)) });
  const bodyName = (b: Body) =>
    `${t(`content.channels.${b.channel || "all"}`)} · ${t(`content.languages.${b.language}`)}`;
  const missing = (["", ...channels] as const)
    .flatMap((channel) => (["zh", "en"] as const).map((l) => ({ channel, language: l })))
    .filter((m) => !d.bodies.some((b) => b.channel === m.channel && b.language === m.language));
  const save = async () => {
    const c = props.content;
    const kept = c
      ? await revise.mutateAsync({ params: { path: { id: c.id } }, body: { seen: c.version, draft: d } })
      : await create.mutateAsync({ body: d });
    await client.invalidateQueries({ queryKey: ["get", "/api/v1/contents"] });
    await client.invalidateQueries({ queryKey: ["get", "/api/v1/contents/{id}"] });
    await client.invalidateQueries({ queryKey: ["get", "/api/v1/contents/{id}/versions"] });
    message.success(t("content.done"));
    void navigate({ to: `/content/${kept.id}` as never });
  };
  const writes = can("content.write");
  return (
    <Page
      title={props.content ? say(props.content.name, language) : t("content.new")}
      crumbs={<Link to={"/content" as never}>{t("content.title")}</Link>}
      lead={dirty ? t("content.changed") : undefined}
      actions={
        writes ? (
          <>
            {props.content && !dirty ? <ContentActions content={props.content} page /> : null}
            {dirty ? <Button onClick={() => setDraft(props.initial)}>{t("content.leave")}</Button> : null}
            <Button
              type="primary"
              disabled={!dirty}
              loading={create.isPending || revise.isPending}
              onClick={() => void save().catch(() => undefined)}
            >
              {props.content ? t("content.save") : t("content.create")}
            </Button>
          </>
        ) : null
      }
      aside={
        <>
          <Panel title={t("content.preview")}>
            <Preview draft={d} channel={body?.channel || undefined} language={body?.language} />
          </Panel>
          {props.content ? (
            <Panel title={t("content.used_by")}>
              <ol className="ct-history">
                {versions.data?.items.map((v) => (
                  <li key={v.version}>
                    <button type="button" disabled={!writes} onClick={() => setDraft(draftOf(v))}>
                      {t("content.version", { n: v.version })}
                    </button>
                    <When at={v.changed_at} />
                  </li>
                ))}
              </ol>
            </Panel>
          ) : null}
        </>
      }
    >
      {error ? <ErrorNote error={error} /> : null}
      <Panel title={t("content.bodies")}>
        <Tabs
          type="editable-card"
          size="small"
          hideAdd
          activeKey={String(at)}
          onChange={(k) => setAt(Number(k))}
          tabBarExtraContent={
            missing.length > 0 && writes ? (
              <Dropdown
                menu={{
                  items: missing.map((m, i) => ({ key: String(i), label: bodyName({ ...m, subject: "", text: "" }) })),
                  onClick: ({ key }) => {
                    const m = missing[Number(key)];
                    if (m) {
                      set({ bodies: [...d.bodies, { ...m, subject: body?.subject ?? "", text: body?.text ?? "" }] });
                      setAt(d.bodies.length);
                    }
                  },
                }}
              >
                <Button size="small" icon={<PlusOutlined />}>
                  {t("content.body_add")}
                </Button>
              </Dropdown>
            ) : null
          }
          items={d.bodies.map((b, i) => ({ key: String(i), label: bodyName(b), closable: false }))}
        />
        {body ? (
          <BodyEditor
            key={at}
            body={body}
            readOnly={!writes}
            onChange={setBody}
            onRemove={
              d.bodies.length > 1 && writes
                ? () =>
                    confirm({
                      title: t("content.body_remove_q", { name: bodyName(body) }),
                      consequence: t("content.body_remove_text"),
                      action: t("content.body_remove"),
                      run: async () => {
                        set({ bodies: d.bodies.filter((_, i) => i !== at) });
                        setAt(0);
                      },
                    })
                : undefined
            }
          />
        ) : null}
      </Panel>
      <Panel title={t("content.about")}>
        <div className="ct-form">
          <Field label={t("content.field.name")}>
            <Input
              readOnly={!writes}
              value={d.name.zh}
              maxLength={80}
              onChange={(e) => set({ name: { ...d.name, zh: e.target.value } })}
            />
          </Field>
          <Field label={t("content.field.name_en")}>
            <Input
              readOnly={!writes}
              value={d.name.en}
              maxLength={80}
              onChange={(e) => set({ name: { ...d.name, en: e.target.value } })}
            />
          </Field>
          <Field label={t("content.field.layers")} wide>
            <Select
              mode="multiple"
              disabled={!writes}
              value={d.layers}
              placeholder={t("content.any_layer")}
              onChange={(next) => set({ layers: next })}
              options={layers.map((l) => ({ value: l, label: <LayerTag layer={l} /> }))}
            />
          </Field>
          <Field label={t("content.field.note")} wide>
            <Input.TextArea
              readOnly={!writes}
              value={language === "en" ? d.note.en : d.note.zh}
              autoSize={{ minRows: 2, maxRows: 6 }}
              maxLength={1000}
              onChange={(e) => set({ note: { ...d.note, [language]: e.target.value } })}
            />
          </Field>
        </div>
      </Panel>
    </Page>
  );
}

function BodyEditor(props: {
  body: Body;
  readOnly: boolean;
  onChange: (patch: Partial<Body>) => void;
  onRemove?: () => void;
}) {
  const { t } = useTranslation();
  const subject = useRef<InputRef>(null);
  const text = useRef<TextAreaRef>(null);
  const last = useRef<"subject" | "text">("text");
  const variables = $api.useQuery("get", "/api/v1/contents/variables");
  const b = props.body;
  const insert = (name: string, always: boolean) => {
    const into = last.current;
    const box = into === "subject" ? subject.current?.input : text.current?.resizableTextArea?.textArea;
    const value = b[into];
    const from = box?.selectionStart ?? value.length;
    const to = box?.selectionEnd ?? from;
    const next = insertAt(value, from, to, written(name, always, t("content.fallback")));
    props.onChange({ [into]: next.value });
    requestAnimationFrame(() => {
      box?.focus();
      box?.setSelectionRange(next.cursor, next.cursor);
    });
  };
  const kind = b.channel === "email" || b.channel === "task" ? b.channel : undefined;
  return (
    <div className="ct-body">
      <Field label={t(kind ? `content.field.subject_${kind}` : "content.field.subject")}>
        <Input
          ref={subject}
          readOnly={props.readOnly}
          value={b.subject}
          maxLength={200}
          onFocus={() => {
            last.current = "subject";
          }}
          onChange={(e) => props.onChange({ subject: e.target.value })}
        />
      </Field>
      {props.readOnly ? null : (
        <fieldset className="ct-variables">
          <legend>{t("content.insert")}</legend>
          {variables.data?.items.map((v) => (
            <Tooltip key={v.name} title={t(v.always ? "content.always" : "content.needs_fallback")}>
              <button type="button" onMouseDown={(e) => e.preventDefault()} onClick={() => insert(v.name, v.always)}>
                {t(`content.variable.${v.name}`, { defaultValue: v.name })}
              </button>
            </Tooltip>
          ))}
        </fieldset>
      )}
      <Field label={t(b.channel === "task" ? "content.field.text_task" : "content.field.text")}>
        <Input.TextArea
          ref={text}
          readOnly={props.readOnly}
          value={b.text}
          autoSize={{ minRows: 10, maxRows: 28 }}
          maxLength={20000}
          onFocus={() => {
            last.current = "text";
          }}
          onChange={(e) => props.onChange({ text: e.target.value })}
        />
      </Field>
      <div className="ct-body-foot">
        <span className="hs-secondary">{t("content.markup")}</span>
        {props.onRemove ? (
          <Button size="small" type="text" icon={<DeleteOutlined />} onClick={props.onRemove}>
            {t("content.body_remove")}
          </Button>
        ) : null}
      </div>
    </div>
  );
}

function Field(props: { label: string; wide?: boolean; children: React.ReactNode }) {
  return (
    <fieldset className="ct-field" data-wide={props.wide || undefined} aria-label={props.label}>
      <span>{props.label}</span>
      {props.children}
    </fieldset>
  );
}
