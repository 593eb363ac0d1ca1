import { DeleteOutlined, HistoryOutlined, RedoOutlined, UndoOutlined } from "@ant-design/icons";
import { $api, problemOf, type Schema } from "@huoshui/api";
import {
  ErrorNote,
  LayerTag,
  Loaded,
  layerCodes,
  Page,
  present,
  Status,
  useConfirmDanger,
  useProblemText,
  useReader,
  Why,
} from "@huoshui/ui";
import { keepPreviousData, useQueryClient } from "@tanstack/react-query";
import { Link, useBlocker, useNavigate, useParams } from "@tanstack/react-router";
import { App, Button, DatePicker, Input, Modal, Segmented, Space, Tooltip } from "antd";
import dayjs from "dayjs";
import { useCallback, useDeferredValue, useEffect, useReducer, useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { instantOf, wallOf } from "../../shell/zone";
import { Canvas } from "./Canvas";
import { begin, blocksOf, type Design, type Standing, step } from "./design";
import { BlockForm } from "./kinds";
import { Phone } from "./Phone";
import { Field } from "./pickers";
import { Versions } from "./Versions";
import "./store.css";

/** Designs one page of the store. */
export default function DesignerPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const one = $api.useQuery(
    "get",
    "/api/v1/store-pages/{id}",
    { params: { path: { id } } },
    { refetchOnWindowFocus: false, staleTime: Number.POSITIVE_INFINITY, gcTime: 0 },
  );
  return <Loaded query={one}>{(page) => <Designer key={page.id} of={page} />}</Loaded>;
}

const workOf = (p: Standing) => ({ title: p.title, design: p.draft });

function Designer(props: { of: Standing }) {
  const { t } = useTranslation();
  const readOnly = !useCan()("store.design");
  const { message } = App.useApp();
  const client = useQueryClient();
  const navigate = useNavigate();
  const ask = useConfirmDanger();
  const [page, setPage] = useState(props.of);
  const [history, act] = useReducer(step, workOf(props.of), begin);
  const [kept, setKept] = useState(history.now);
  const [layer, setLayer] = useState("");
  const [chosen, setChosen] = useState("");
  const [drawer, setDrawer] = useState(false);
  const [publishing, setPublishing] = useState(false);
  const { title, design } = history.now;
  const unsaved = history.now !== kept;
  const own = layer === "" || !!design.variants?.[layer];
  const blocks = blocksOf(design, layer);
  const block = blocks.find((b) => b.id === chosen);

  const preview = usePreview(title, design, layer);
  const save = $api.useMutation("put", "/api/v1/store-pages/{id}", { meta: { quiet: true } });
  const takeOff = $api.useMutation("post", "/api/v1/store-pages/{id}/take-off", { meta: { quiet: true } });
  const remove = $api.useMutation("delete", "/api/v1/store-pages/{id}", { meta: { quiet: true } });
  const problem = preview.error ? problemOf(preview.error) : undefined;
  const wrong = String(problem?.params?.block ?? preview.data?.faults[0]?.block ?? "");

  const learn = (next: Standing) => {
    setPage(next);
    void client.invalidateQueries({ queryKey: ["get", "/api/v1/store-pages"] });
  };
  const open = (next: Standing) => {
    const work = workOf(next);
    act({ do: "open", work });
    setKept(work);
    learn(next);
  };
  const keep = async (): Promise<Standing> => {
    const now = history.now;
    const saved = await save.mutateAsync({
      params: { path: { id: page.id } },
      body: { revision: page.revision, title: now.title, design: now.design },
    });
    setKept(now);
    learn(saved);
    return saved;
  };
  useLeaving(unsaved && !readOnly);
  useEffect(() => {
    const key = (e: KeyboardEvent) => {
      const typing = (e.target as Element).closest?.("input, textarea, [contenteditable]");
      if (!typing && !readOnly && (e.metaKey || e.ctrlKey) && e.key.toLowerCase() === "z") {
        e.preventDefault();
        act({ do: e.shiftKey ? "redo" : "undo" });
      }
    };
    window.addEventListener("keydown", key);
    return () => window.removeEventListener("keydown", key);
  }, [readOnly]);
  const choose = useCallback((id: string) => setChosen(id), []);

  return (
    <Page
      title={page.title}
      crumbs={<Link to={"/store" as never}>{t("store.title")}</Link>}
      titleExtra={
        <span className="store-state">
          {page.live ? (
            <Status tone="good">{t("store.live", { n: page.live })}</Status>
          ) : (
            <Status tone="calm">{t("store.off")}</Status>
          )}
          {unsaved ? (
            <Status tone="attention">{t("store.unsaved")}</Status>
          ) : page.unpublished ? (
            <Status tone="attention">{t("store.unpublished")}</Status>
          ) : null}
        </span>
      }
      actions={
        <>
          {readOnly ? null : (
            <Space.Compact>
              <Tooltip title={t("store.undo")}>
                <Button
                  aria-label={t("store.undo")}
                  icon={<UndoOutlined />}
                  disabled={history.past.length === 0}
                  onClick={() => act({ do: "undo" })}
                />
              </Tooltip>
              <Tooltip title={t("store.redo")}>
                <Button
                  aria-label={t("store.redo")}
                  icon={<RedoOutlined />}
                  disabled={history.future.length === 0}
                  onClick={() => act({ do: "redo" })}
                />
              </Tooltip>
            </Space.Compact>
          )}
          <Button icon={<HistoryOutlined />} onClick={() => setDrawer(true)}>
            {t("store.versions")}
          </Button>
          {readOnly ? null : (
            <>
              {page.name === "home" ? null : page.live ? (
                <Button
                  onClick={() =>
                    ask({
                      title: t("store.take_off"),
                      consequence: t("store.take_off_ask"),
                      action: t("store.take_off"),
                      run: async () => {
                        learn(await takeOff.mutateAsync({ params: { path: { id: page.id } }, body: {} }));
                        message.success(t("store.taken_off"));
                      },
                    })
                  }
                >
                  {t("store.take_off")}
                </Button>
              ) : page.planned.length === 0 ? (
                <Tooltip title={t("store.delete")}>
                  <Button
                    aria-label={t("store.delete")}
                    icon={<DeleteOutlined />}
                    onClick={() =>
                      ask({
                        title: t("store.delete"),
                        consequence: t("store.delete_ask"),
                        action: t("store.delete"),
                        final: true,
                        run: async () => {
                          await remove.mutateAsync({ params: { path: { id: page.id } } });
                          await client.invalidateQueries({ queryKey: ["get", "/api/v1/store-pages"] });
                          setKept(history.now);
                          message.success(t("store.deleted"));
                          void navigate({ to: "/store" as never, ignoreBlocker: true });
                        },
                      })
                    }
                  />
                </Tooltip>
              ) : null}
              <Button
                disabled={!unsaved}
                loading={save.isPending}
                onClick={() =>
                  void keep().then(
                    () => message.success(t("store.saved")),
                    () => undefined,
                  )
                }
              >
                {t("store.save")}
              </Button>
              <Button type="primary" onClick={() => setPublishing(true)}>
                {t("store.publish")}
              </Button>
            </>
          )}
        </>
      }
    >
      {save.error ? <ErrorNote error={save.error} /> : null}
      <div className="store-layers">
        <Segmented
          aria-label={t("store.variants")}
          value={layer}
          onChange={(l) => {
            setLayer(l);
            setChosen("");
          }}
          options={[
            { value: "", label: t("store.everyone") },
            ...layerCodes.map((l) => ({
              value: l as string,
              label: (
                <span data-own={design.variants?.[l] ? "" : undefined}>
                  <LayerTag layer={l} />
                </span>
              ),
            })),
          ]}
        />
        {layer && !readOnly ? (
          own ? (
            <Button size="small" onClick={() => act({ do: "variant", layer, on: false })}>
              {t("store.variant_remove")}
            </Button>
          ) : (
            <>
              <span className="hs-secondary">{t("store.variant_none")}</span>
              <Button size="small" type="primary" ghost onClick={() => act({ do: "variant", layer, on: true })}>
                {t("store.variant_add")}
              </Button>
              <Why>{t("store.variant_add_why")}</Why>
            </>
          )
        ) : null}
        <Field label={t("store.page_title")}>
          <Input
            aria-label={t("store.page_title")}
            value={title}
            maxLength={40}
            disabled={readOnly}
            onChange={(e) => act({ do: "title", title: e.target.value })}
          />
        </Field>
      </div>
      <div className="store-designer">
        <Canvas
          blocks={blocks}
          chosen={chosen}
          wrong={wrong}
          readOnly={readOnly || !own}
          onChoose={choose}
          onAdd={(b, at) => {
            act({ do: "add", layer, at, block: b });
            setChosen(b.id);
          }}
          onMove={(from, to) => act({ do: "move", layer, from, to })}
          onRemove={(id) => act({ do: "remove", layer, id })}
        />
        <section className="store-form hs-panel" aria-label={t("store.properties")}>
          <h2>{block ? t(`store.blocks.${block.kind}`) : t("store.properties")}</h2>
          {block ? (
            <fieldset disabled={readOnly || !own}>
              {problem && wrong === block.id ? <ErrorNote error={preview.error} /> : null}
              <BlockForm
                key={`${layer} ${block.id}`}
                block={block}
                onChange={(b, field) => act({ do: "change", layer, block: b, field })}
              />
            </fieldset>
          ) : (
            <p className="hs-secondary">{t("store.choose_block")}</p>
          )}
        </section>
        <section className="store-preview" aria-label={t("store.preview")} aria-busy={preview.isFetching}>
          <h2>
            {t("store.preview")}
            <Why>{t("store.preview_why")}</Why>
            {problem ? <span className="store-broken">{t("store.preview_broken")}</span> : null}
          </h2>
          <Phone page={preview.data?.page} chosen={chosen} onChoose={choose} />
        </section>
      </div>
      <Versions
        page={page}
        open={drawer}
        readOnly={readOnly}
        onClose={() => setDrawer(false)}
        onRestored={(p) => {
          open(p);
          setDrawer(false);
        }}
        onChanged={() =>
          void client
            .fetchQuery($api.queryOptions("get", "/api/v1/store-pages/{id}", { params: { path: { id: page.id } } }))
            .then(learn)
        }
      />
      {publishing ? (
        <Publish
          page={page}
          faults={preview.data?.faults ?? []}
          save={() => (unsaved ? keep() : Promise.resolve(page))}
          onClose={() => setPublishing(false)}
          onPublished={(p) => {
            learn(p);
            setPublishing(false);
          }}
        />
      ) : null}
    </Page>
  );
}

/** The design as somebody of a layer sees it, a moment after it was changed. */
function usePreview(title: string, design: Design, layer: string) {
  const [asked, setAsked] = useState({ title, design, layer });
  const wanted = useDeferredValue(design);
  useEffect(() => {
    const timer = setTimeout(() => setAsked({ title, design: wanted, layer }), 250);
    return () => clearTimeout(timer);
  }, [title, wanted, layer]);
  return $api.useQuery(
    "post",
    "/api/v1/store-pages/preview",
    { body: { title: asked.title, design: asked.design, layer: asked.layer as "" } },
    { placeholderData: keepPreviousData, retry: false, refetchOnWindowFocus: false, meta: { quiet: true } },
  );
}

/** Asks before a change that is not saved is left behind: within the console, and by the browser. */
function useLeaving(unsaved: boolean) {
  const { t } = useTranslation();
  const { modal } = App.useApp();
  useBlocker({
    shouldBlockFn: () =>
      unsaved &&
      new Promise<boolean>((resolve) => {
        modal.confirm({
          title: t("store.unsaved"),
          icon: null,
          content: t("store.leave"),
          okText: t("store.leave_ok"),
          okButtonProps: { danger: true },
          cancelText: t("store.stay"),
          onOk: () => resolve(false),
          onCancel: () => resolve(true),
        });
      }),
    enableBeforeUnload: unsaved,
  });
}

/** Publishes the draft, now or for a while. */
function Publish(props: {
  page: Standing;
  faults: readonly Schema<"StorefrontFault">[];
  save: () => Promise<Standing>;
  onClose: () => void;
  onPublished: (page: Standing) => void;
}) {
  const { t } = useTranslation();
  const { zone } = useReader();
  const { message } = App.useApp();
  const text = useProblemText();
  const { page } = props;
  const [note, setNote] = useState("");
  const [from, setFrom] = useState("");
  const [until, setUntil] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const publish = $api.useMutation("post", "/api/v1/store-pages/{id}/publish", { meta: { quiet: true } });
  const run = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const saved = await props.save();
      const body: Schema<"StorefrontPublishing"> = { revision: saved.revision };
      if (note.trim()) {
        body.note = note.trim();
      }
      if (from) {
        body.starts_at = instantOf(from, zone);
      }
      if (until) {
        body.ends_at = instantOf(until, zone);
      }
      const next = await publish.mutateAsync({ params: { path: { id: page.id } }, body });
      message.success(t(from ? "store.scheduled" : "store.published"));
      props.onPublished(next);
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  const pick = (label: string, value: string, set: (v: string) => void) => (
    <DatePicker
      aria-label={label}
      showTime={{ format: "HH:mm" }}
      format="YYYY-MM-DD HH:mm"
      value={value ? dayjs(value) : null}
      minDate={dayjs(wallOf(present(), zone))}
      onChange={(d) => set(d ? d.format("YYYY-MM-DD HH:mm") : "")}
    />
  );
  return (
    <Modal
      open
      title={t("store.publish")}
      okText={t(from ? "store.publish_later" : "store.publish_now")}
      cancelText={t("ui.cancel")}
      okButtonProps={{ loading: busy, disabled: props.faults.length > 0 }}
      onOk={() => void run()}
      onCancel={props.onClose}
    >
      {error ? (
        <p role="alert" className="store-broken">
          {text(error)}
        </p>
      ) : null}
      {props.faults.length > 0 ? (
        <div role="alert">
          <b>{t("store.faults")}</b>
          <ul className="store-faults">
            {props.faults.map((f) => (
              <li key={f.field}>
                {t(`store.blocks.${f.kind}`)}：{t(`store.fault.${f.code.replace(".", "_")}`)}
              </li>
            ))}
          </ul>
        </div>
      ) : (
        <p>{page.live ? t("store.publish_live", { n: page.live }) : t("store.publish_first")}</p>
      )}
      <Field label={t("store.publish_note")}>
        <Input
          aria-label={t("store.publish_note")}
          value={note}
          maxLength={120}
          onChange={(e) => setNote(e.target.value)}
        />
      </Field>
      <Field label={t("store.publish_from")}>{pick(t("store.publish_from"), from, setFrom)}</Field>
      <Field label={t("store.publish_until")} why={t("store.publish_until_why")}>
        {pick(t("store.publish_until"), until, setUntil)}
      </Field>
    </Modal>
  );
}
