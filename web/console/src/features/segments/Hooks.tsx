import { PlusOutlined } from "@ant-design/icons";
import { $api, type Schema } from "@huoshui/api";
import {
  type Column,
  DataTable,
  formatCount,
  Loaded,
  Panel,
  RowDrawer,
  Status,
  type Tone,
  useConfirmDanger,
  useProblemText,
  useReader,
  When,
  wholeList,
} from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Alert, App, Button, Checkbox, Form, Input, Modal } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";

type Hook = Schema<"Hook">;
type Delivery = Schema<"HookDelivery">;
type Draft = Schema<"HookDraft">;

/** The systems that are told who enters and leaves a segment: what became of it, and what can be done about it. */
export function Hooks(props: { segment: string }) {
  const { t } = useTranslation();
  const can = useCan();
  const path = { id: props.segment };
  const hooks = $api.useQuery("get", "/api/v1/segments/{id}/hooks", { params: { path } }, { refetchInterval: 5_000 });
  const [editing, setEditing] = useState<Hook | "new">();
  const [opened, setOpened] = useState<string>();
  return (
    <Panel
      title={t("segments.hooks.title")}
      definition={t("segments.hooks.why")}
      actions={
        can("segments.hook") ? (
          <Button size="small" icon={<PlusOutlined />} onClick={() => setEditing("new")}>
            {t("segments.hooks.add")}
          </Button>
        ) : null
      }
    >
      <Loaded query={hooks}>
        {(all) =>
          all.items.length === 0 ? (
            <p className="hs-secondary">{t("segments.hooks.none")}</p>
          ) : (
            <ul className="segments-hooks">
              {all.items.map((h) => (
                <One key={h.id} hook={h} onEdit={() => setEditing(h)} onOpen={() => setOpened(h.id)} />
              ))}
            </ul>
          )
        }
      </Loaded>
      {editing ? <Edit segment={props.segment} hook={editing} onDone={() => setEditing(undefined)} /> : null}
      <RowDrawer
        open={!!opened}
        title={hooks.data?.items.find((h) => h.id === opened)?.name}
        subtitle={t("segments.hooks.tries_why")}
        width={720}
        onClose={() => setOpened(undefined)}
      >
        {opened ? <Tries id={opened} /> : null}
      </RowDrawer>
    </Panel>
  );
}

function useChanged() {
  const client = useQueryClient();
  return () => client.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).includes("hooks") });
}

const tones: Record<"active" | "failing" | "paused" | "dead", Tone> = {
  active: "good",
  failing: "attention",
  paused: "calm",
  dead: "danger",
};

function One(props: { hook: Hook; onEdit: () => void; onOpen: () => void }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const can = useCan();
  const { hook: h } = props;
  const state = h.state === "active" && h.tries > 0 ? "failing" : h.state;
  return (
    <li>
      <div>
        <div className="segments-hook-head">
          <b>{h.name}</b>
          <Status tone={tones[state]} why={state === "dead" ? t("segments.hooks.dead_why") : undefined}>
            {t(`segments.hooks.state.${state}`)}
          </Status>
        </div>
        <div className="segments-hook-url" title={h.url}>
          {h.url}
        </div>
        <span className="hs-secondary">
          {h.delivered_at ? (
            <>
              {t("segments.hooks.delivered", { n: formatCount(h.delivered, language) })} · {t("segments.hooks.last")}{" "}
              {/* the machine's time, as other systems know it: not "ago" by the brand's clock, which a demo moves */}
              <When at={h.delivered_at} />
            </>
          ) : (
            t("segments.hooks.never")
          )}
        </span>
        {h.tries > 0 ? (
          <span className="segments-hook-error">
            {t("segments.hooks.failed", { n: formatCount(h.tries, language), error: h.error })}
            {h.next_at ? (
              <>
                {" · "}
                {t("segments.hooks.next")} <When at={h.next_at} style="time" />
              </>
            ) : null}
          </span>
        ) : null}
      </div>
      <div className="segments-hook-do">
        <Button size="small" onClick={props.onOpen}>
          {t("segments.hooks.tries")}
        </Button>
        {can("segments.hook") ? <Do hook={h} onEdit={props.onEdit} /> : null}
      </div>
    </li>
  );
}

function Do(props: { hook: Hook; onEdit: () => void }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const text = useProblemText();
  const ask = useConfirmDanger();
  const changed = useChanged();
  const { hook: h } = props;
  const [where, setWhere] = useState(false);
  const params = { path: { id: h.id } };
  const settled = { onSettled: changed, onError: (e: unknown) => void message.error(text(e)) };
  const test = $api.useMutation("post", "/api/v1/segment-hooks/{id}/test", {
    ...settled,
    onSuccess: (d: Delivery) =>
      d.ok
        ? message.success(t("segments.hooks.test_ok", { status: d.status, ms: d.millis }))
        : message.warning(t("segments.hooks.test_bad", { said: d.status ? `HTTP ${d.status} ${d.said}` : d.said })),
  });
  const pause = $api.useMutation("put", "/api/v1/segment-hooks/{id}/paused", settled);
  const remove = $api.useMutation("delete", "/api/v1/segment-hooks/{id}", { onSettled: changed });
  const put = (paused: boolean, skip: boolean) => {
    setWhere(false);
    pause.mutate({ params, body: { paused, skip, version: h.version } });
  };
  return (
    <>
      <Button size="small" loading={test.isPending} onClick={() => test.mutate({ params })}>
        {t("segments.hooks.test")}
      </Button>
      <Button
        size="small"
        loading={pause.isPending}
        onClick={() => (h.state === "active" ? put(true, false) : setWhere(true))}
      >
        {t(`segments.hooks.${h.state === "active" ? "pause" : h.state === "dead" ? "revive" : "resume"}`)}
      </Button>
      <Button size="small" onClick={props.onEdit}>
        {t("segments.hooks.edit")}
      </Button>
      <Button
        size="small"
        danger
        onClick={() =>
          ask({
            title: t("segments.hooks.remove_title", { name: h.name }),
            consequence: t("segments.hooks.remove_text"),
            action: t("segments.hooks.remove"),
            final: true,
            run: () => remove.mutateAsync({ params }),
          })
        }
      >
        {t("segments.hooks.remove")}
      </Button>
      <Modal
        open={where}
        title={t("segments.hooks.resume_title")}
        width={440}
        onCancel={() => setWhere(false)}
        footer={
          <>
            <Button onClick={() => put(false, true)}>{t("segments.hooks.resume_skip")}</Button>
            <Button type="primary" onClick={() => put(false, false)}>
              {t("segments.hooks.resume_all")}
            </Button>
          </>
        }
      >
        <p>{t("segments.hooks.resume_where")}</p>
      </Modal>
    </>
  );
}

/** Makes an address or changes one; a new one's secret is shown once. */
function Edit(props: { segment: string; hook: Hook | "new"; onDone: () => void }) {
  const { t } = useTranslation();
  const can = useCan();
  const { message } = App.useApp();
  const text = useProblemText();
  const changed = useChanged();
  const [form] = Form.useForm<Draft>();
  const [secret, setSecret] = useState("");
  const old = props.hook === "new" ? undefined : props.hook;
  const failed = { onError: (e: unknown) => void message.error(text(e)) };
  const make = $api.useMutation("post", "/api/v1/segments/{id}/hooks", {
    ...failed,
    onSuccess: async (made: Schema<"NewHook">) => {
      await changed();
      setSecret(made.secret);
    },
  });
  const change = $api.useMutation("put", "/api/v1/segment-hooks/{id}", {
    ...failed,
    onSuccess: async () => {
      await changed();
      props.onDone();
    },
  });
  if (secret) {
    return (
      <Modal
        open
        title={t("segments.hooks.secret")}
        closable={false}
        mask={{ closable: false }}
        keyboard={false}
        footer={
          <Button type="primary" onClick={props.onDone}>
            {t("segments.hooks.done")}
          </Button>
        }
      >
        <Alert type="warning" showIcon title={t("segments.hooks.secret_once")} />
        <p className="segments-hook-secret">
          <code className="hs-num">{secret}</code>
          <Button
            size="small"
            onClick={async () => {
              await navigator.clipboard.writeText(secret);
              message.success(t("segments.hooks.copied"));
            }}
          >
            {t("segments.hooks.copy")}
          </Button>
        </p>
        <p className="hs-secondary">{t("segments.hooks.secret_use")}</p>
      </Modal>
    );
  }
  return (
    <Modal
      open
      title={t(old ? "segments.hooks.edit_title" : "segments.hooks.add")}
      okText={t("segments.hooks.save")}
      cancelText={t("ui.cancel")}
      confirmLoading={make.isPending || change.isPending}
      onCancel={props.onDone}
      onOk={() => form.submit()}
    >
      <Form<Draft>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{ name: old?.name, url: old?.url, allow_private: old?.allow_private ?? false }}
        onFinish={(draft) =>
          old
            ? change.mutate({ params: { path: { id: old.id } }, body: { ...draft, version: old.version } })
            : make.mutate({ params: { path: { id: props.segment } }, body: draft })
        }
      >
        <Form.Item
          name="name"
          label={t("segments.hooks.name")}
          rules={[{ required: true, whitespace: true, message: t("problem.hook/name") }]}
        >
          <Input maxLength={80} placeholder={t("segments.hooks.name_hint")} autoFocus />
        </Form.Item>
        <Form.Item
          name="url"
          label={t("segments.hooks.url")}
          rules={[{ required: true, pattern: /^https?:\/\/[^@/]+(\/|\?|$)/, message: t("problem.hook/url") }]}
        >
          <Input maxLength={2000} placeholder="https://example.com/huoshui" inputMode="url" />
        </Form.Item>
        <Form.Item
          name="secret"
          label={t("segments.hooks.secret")}
          extra={t(old ? "segments.hooks.secret_keep" : "segments.hooks.secret_new")}
          rules={[{ min: 16, message: t("problem.hook/secret") }]}
        >
          <Input.Password maxLength={200} autoComplete="new-password" />
        </Form.Item>
        {can("channels.write") ? (
          <Form.Item name="allow_private" valuePropName="checked" extra={t("segments.hooks.private_why")}>
            <Checkbox>{t("segments.hooks.private")}</Checkbox>
          </Form.Item>
        ) : null}
      </Form>
    </Modal>
  );
}

/** The last requests to an address. */
function Tries(props: { id: string }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const list = $api.useQuery(
    "get",
    "/api/v1/segment-hooks/{id}/deliveries",
    { params: { path: { id: props.id } } },
    { refetchInterval: 5_000 },
  );
  const columns: Column<Delivery>[] = [
    { key: "at", title: t("segments.hooks.at"), render: (d) => <When at={d.at} />, value: (d) => d.at, width: 150 },
    {
      key: "changes",
      title: t("segments.hooks.changes"),
      align: "right",
      render: (d) => (d.test ? t("segments.hooks.trial") : formatCount(d.changes, language)),
      value: (d) => d.changes,
      width: 80,
    },
    {
      key: "answer",
      title: t("segments.hooks.answer"),
      render: (d) => (
        <Status tone={d.ok ? "good" : "danger"}>{d.status ? `HTTP ${d.status}` : t("segments.hooks.no_answer")}</Status>
      ),
      value: (d) => d.status,
      width: 110,
    },
    {
      key: "took",
      title: t("segments.hooks.took"),
      align: "right",
      render: (d) => t("segments.hooks.ms", { n: formatCount(d.millis, language) }),
      value: (d) => d.millis,
      width: 90,
    },
    { key: "said", title: t("segments.hooks.said"), render: (d) => d.said, value: (d) => d.said, width: 220 },
  ];
  return (
    <DataTable
      id="segment-hook-tries"
      query={wholeList({ ...list, data: list.data?.items })}
      columns={columns}
      rowKey={(d) => d.id}
      state={{}}
      onState={() => undefined}
      exportable={false}
      empty={<p className="hs-secondary">{t("segments.hooks.never")}</p>}
    />
  );
}
