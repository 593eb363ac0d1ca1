import { DownloadOutlined } from "@ant-design/icons";
import { $api, type Schema } from "@huoshui/api";
import {
  Cards,
  type Column,
  Count,
  DataTable,
  formatCount,
  Loaded,
  Money,
  None,
  Page,
  Panel,
  StatCard,
  Status,
  useConfirmDanger,
  useProblemText,
  useReader,
  When,
  wholeList,
} from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { App, Button, Input, Modal, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { Field, Whole } from "./fields";
import { Standing } from "./Listing";
import { homeOf, say, type View } from "./words";
import "./promo.css";

type Batch = Schema<"PromoBatch">;
type Issue = Schema<"PromoIssue">;

/** One offer: what it promises, what became of its coupons, whom it was given to, and its codes. */
export default function OnePage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const one = $api.useQuery(
    "get",
    "/api/v1/promotions/{id}",
    { params: { path: { id } } },
    { refetchInterval: 10_000 },
  );
  return <Loaded query={one}>{(p) => <One of={p} />}</Loaded>;
}

function One(props: { of: View }) {
  const p = props.of;
  const { t } = useTranslation();
  const { language } = useReader();
  const can = useCan();
  const ask = useConfirmDanger();
  const client = useQueryClient();
  const navigate = useNavigate();
  const stop = $api.useMutation("put", "/api/v1/promotions/{id}/stopped");
  const home = homeOf(p.kind);
  const turn = (stopped: boolean) =>
    stop
      .mutateAsync({ params: { path: { id: p.id } }, body: { stopped } })
      .then(() => client.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).includes("/promotions") }));
  return (
    <Page
      title={p.name}
      titleExtra={<Standing of={p} />}
      lead={say(p.terms, t, language)}
      crumbs={<Link to={home as never}>{t(`promo.${p.kind === "coupon" ? "coupons" : "offers"}.title`)}</Link>}
      actions={
        can("promo.write") ? (
          <>
            {p.stopped ? (
              <Button onClick={() => void turn(false)}>{t("promo.resume")}</Button>
            ) : (
              <Button
                onClick={() =>
                  ask({
                    title: t("promo.stop_ask", { name: p.name }),
                    consequence: t(
                      p.kind === "coupon"
                        ? "promo.stop_coupon"
                        : p.kind === "freight"
                          ? "promo.stop_freight"
                          : "promo.stop_offer",
                    ),
                    action: t("promo.stop"),
                    red: false,
                    run: () => turn(true),
                  })
                }
              >
                {t("promo.stop")}
              </Button>
            )}
            <Button type="primary" onClick={() => void navigate({ to: `${home}/${p.id}/edit` as never })}>
              {t("promo.edit")}
            </Button>
          </>
        ) : null
      }
    >
      {p.note ? <p className="hs-secondary">{p.note}</p> : null}
      {p.kind === "coupon" ? (
        <>
          <Cards min={150}>
            <StatCard label={t("promo.given")} value={<Count n={p.figures.given} />} />
            <StatCard label={t("promo.unused")} value={<Count n={p.figures.unused} />} />
            <StatCard
              label={t("promo.locked")}
              definition={t("promo.locked_why")}
              value={<Count n={p.figures.locked} />}
            />
            <StatCard label={t("promo.used")} value={<Count n={p.figures.used} />} />
            <StatCard label={t("promo.expired")} value={<Count n={p.figures.expired} />} />
            <StatCard
              label={t("promo.saved")}
              definition={t("promo.saved_why")}
              value={<Money fen={p.figures.saved_fen} short />}
            />
          </Cards>
          <Issues of={p} />
          <Batches of={p} />
        </>
      ) : null}
      <Versions of={p} />
    </Page>
  );
}

function Issues(props: { of: View }) {
  const { t } = useTranslation();
  const can = useCan();
  const [open, setOpen] = useState(false);
  const params = { path: { id: props.of.id } };
  const list = $api.useQuery("get", "/api/v1/promotions/{id}/issues", { params }, { refetchInterval: 5_000 });
  const segments = $api.useQuery(
    "get",
    "/api/v1/segments",
    { params: { query: { limit: 200 } } },
    { enabled: can("segments.read") },
  );
  const nameOf = (i: Issue) =>
    segments.data?.items.find((s) => s.id === i.audience)?.name ?? (i.audience || t("promo.named"));
  const columns: Column<Issue>[] = [
    { key: "audience", title: t("promo.audience"), width: 220, render: nameOf, value: nameOf },
    {
      key: "total",
      title: t("promo.people"),
      align: "right",
      width: 100,
      render: (i) => <Count n={i.total} />,
      value: (i) => i.total,
    },
    {
      key: "given",
      title: t("promo.given"),
      align: "right",
      width: 100,
      render: (i) => <Count n={i.given} />,
      value: (i) => i.given,
    },
    {
      key: "left",
      title: t("promo.left_out"),
      definition: t("promo.left_out_why"),
      align: "right",
      width: 120,
      render: (i) => <Count n={i.left_out} />,
      value: (i) => i.left_out,
    },
    {
      key: "state",
      title: t("promo.state"),
      width: 120,
      render: (i) => (
        <Status tone={(i.finished_at ? "good" : "info") as never}>
          {t(i.finished_at ? "promo.done" : "promo.giving")}
        </Status>
      ),
      value: (i) => (i.finished_at ? "done" : "giving"),
    },
    {
      key: "at",
      title: t("promo.at"),
      width: 140,
      render: (i) => <When at={i.made_at} ago />,
      value: (i) => i.made_at,
    },
  ];
  return (
    <Panel
      title={t("promo.issues")}
      flush
      actions={
        can("promo.issue") && !props.of.stopped ? (
          <Button size="small" type="primary" onClick={() => setOpen(true)}>
            {t("promo.issue")}
          </Button>
        ) : null
      }
    >
      {list.data?.items.length ? (
        <DataTable
          id="promo-issues"
          inset
          exportable={false}
          query={wholeList({ ...list, data: list.data.items })}
          columns={columns}
          rowKey={(i) => i.id}
          state={{}}
          onState={() => undefined}
        />
      ) : (
        <p className="hs-secondary promo-none">{t("promo.no_issues")}</p>
      )}
      {open ? <IssueDialog of={props.of} onDone={() => setOpen(false)} /> : null}
    </Panel>
  );
}

function IssueDialog(props: { of: View; onDone: () => void }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const text = useProblemText();
  const client = useQueryClient();
  const { message } = App.useApp();
  const [request] = useState(() => crypto.randomUUID());
  const [segment, setSegment] = useState<string>();
  const segments = $api.useQuery("get", "/api/v1/segments", { params: { query: { limit: 200 } } });
  const chosen = segments.data?.items.find((s) => s.id === segment);
  const issue = $api.useMutation("post", "/api/v1/promotions/{id}/issues", {
    onSuccess: async (i) => {
      await client.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).includes("/promotions") });
      void message.success(t("promo.issue_begun", { n: formatCount(i.total, language) }));
      props.onDone();
    },
    onError: (error) => void message.error(text(error)),
  });
  return (
    <Modal
      open
      title={t("promo.issue_title", { name: props.of.name })}
      okText={t("promo.issue_run", { n: formatCount(chosen?.size ?? 0, language) })}
      cancelText={t("ui.cancel")}
      okButtonProps={{ disabled: !chosen, loading: issue.isPending }}
      onOk={() =>
        issue.mutate({
          params: { path: { id: props.of.id } },
          body: { request_id: request, segment, expect: chosen?.size ?? 0 },
        })
      }
      onCancel={props.onDone}
      destroyOnHidden
    >
      <p className="hs-secondary">{t("promo.issue_why")}</p>
      <Select
        aria-label={t("promo.segment")}
        placeholder={t("promo.segment")}
        style={{ width: "100%" }}
        showSearch={{ optionFilterProp: "label" }}
        value={segment}
        onChange={setSegment}
        options={segments.data?.items.map((s) => ({
          value: s.id,
          label: `${s.name} · ${formatCount(s.size, language)}`,
        }))}
      />
    </Modal>
  );
}

function Batches(props: { of: View }) {
  const { t } = useTranslation();
  const can = useCan();
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const params = { path: { id: props.of.id } };
  const list = $api.useQuery("get", "/api/v1/promotions/{id}/batches", { params });
  const stop = $api.useMutation("put", "/api/v1/coupon-batches/{id}/stopped", {
    onSuccess: () => client.invalidateQueries({ queryKey: ["get", "/api/v1/promotions/{id}/batches"] }),
  });
  const columns: Column<Batch>[] = [
    { key: "name", title: t("promo.batch"), width: 200, render: (b) => b.name, value: (b) => b.name },
    {
      key: "codes",
      title: t("promo.codes"),
      align: "right",
      width: 100,
      render: (b) => <Count n={b.codes} />,
      value: (b) => b.codes,
    },
    {
      key: "uses",
      title: t("promo.uses"),
      align: "right",
      width: 110,
      render: (b) => <Count n={b.uses} />,
      value: (b) => b.uses,
    },
    {
      key: "left",
      title: t("promo.left"),
      align: "right",
      width: 100,
      render: (b) => <Count n={b.left} />,
      value: (b) => b.left,
    },
    {
      key: "at",
      title: t("promo.at"),
      width: 130,
      render: (b) => <When at={b.made_at} ago />,
      value: (b) => b.made_at,
    },
    {
      key: "do",
      title: t("promo.do"),
      width: 190,
      render: (b) =>
        can("promo.issue") ? (
          <>
            <Button size="small" type="link" icon={<DownloadOutlined />} href={`/api/v1/coupon-batches/${b.id}/codes`}>
              {t("promo.download")}
            </Button>
            <Button
              size="small"
              type="link"
              onClick={() => stop.mutate({ params: { path: { id: b.id } }, body: { stopped: !b.stopped } })}
            >
              {t(b.stopped ? "promo.resume" : "promo.stop")}
            </Button>
          </>
        ) : (
          <None />
        ),
    },
  ];
  return (
    <Panel
      title={t("promo.batches")}
      definition={t("promo.batches_why")}
      flush
      actions={
        can("promo.issue") ? (
          <Button size="small" onClick={() => setOpen(true)}>
            {t("promo.new_batch")}
          </Button>
        ) : null
      }
    >
      {list.data?.items.length ? (
        <DataTable
          id="promo-batches"
          inset
          exportable={false}
          query={wholeList({ ...list, data: list.data.items })}
          columns={columns}
          rowKey={(b) => b.id}
          state={{}}
          onState={() => undefined}
        />
      ) : (
        <p className="hs-secondary promo-none">{t("promo.no_batches")}</p>
      )}
      {open ? <BatchDialog of={props.of} onDone={() => setOpen(false)} /> : null}
    </Panel>
  );
}

function BatchDialog(props: { of: View; onDone: () => void }) {
  const { t } = useTranslation();
  const text = useProblemText();
  const client = useQueryClient();
  const { message } = App.useApp();
  const [name, setName] = useState("");
  const [way, setWay] = useState<"new" | "own" | "file">("new");
  const [count, setCount] = useState(100);
  const [code, setCode] = useState("");
  const [uses, setUses] = useState(1000);
  const [file, setFile] = useState<File>();
  const [working, setWorking] = useState(false);
  const make = $api.useMutation("post", "/api/v1/promotions/{id}/batches", { meta: { quiet: true } });
  const send = async () => {
    if (way !== "file") {
      await make.mutateAsync({
        params: { path: { id: props.of.id } },
        body: way === "new" ? { name, count } : { name, code, uses },
      });
      return;
    }
    const answer = await fetch(`/api/v1/promotions/${props.of.id}/codes?name=${encodeURIComponent(name)}`, {
      method: "POST",
      body: file,
    });
    const body: unknown = await answer.json();
    if (!answer.ok) {
      throw body;
    }
    const done = body as { batch: Batch; broken: number; doubled: number };
    void message.info(t("promo.imported", { codes: done.batch.codes, broken: done.broken, doubled: done.doubled }));
  };
  const run = async () => {
    setWorking(true);
    try {
      await send();
      await client.invalidateQueries({ queryKey: ["get", "/api/v1/promotions/{id}/batches"] });
      props.onDone();
    } catch (error) {
      void message.error(text(error));
    }
    setWorking(false);
  };
  const ready =
    name.trim() !== "" && (way === "new" ? count > 0 : way === "own" ? code.trim().length > 3 : file !== undefined);
  return (
    <Modal
      open
      title={t("promo.new_batch")}
      okText={t("promo.make_codes")}
      cancelText={t("ui.cancel")}
      okButtonProps={{ disabled: !ready, loading: working }}
      onOk={() => void run()}
      onCancel={props.onDone}
      destroyOnHidden
    >
      <div className="promo-form">
        <Field label={t("promo.batch")}>
          <Input aria-label={t("promo.batch")} value={name} maxLength={80} onChange={(e) => setName(e.target.value)} />
        </Field>
        <Field label={t("promo.way")}>
          <Select
            aria-label={t("promo.way")}
            value={way}
            onChange={setWay}
            style={{ width: 240 }}
            options={(["new", "own", "file"] as const).map((w) => ({ value: w, label: t(`promo.ways.${w}`) }))}
          />
        </Field>
        {way === "new" ? (
          <Field label={t("promo.codes")}>
            <Whole label={t("promo.codes")} n={count} max={200_000} onChange={setCount} />
          </Field>
        ) : null}
        {way === "own" ? (
          <>
            <Field label={t("promo.code")} why={t("promo.code_why")}>
              <Input
                aria-label={t("promo.code")}
                value={code}
                maxLength={32}
                onChange={(e) => setCode(e.target.value)}
              />
            </Field>
            <Field label={t("promo.uses")}>
              <Whole label={t("promo.uses")} n={uses} max={10_000_000} onChange={setUses} />
            </Field>
          </>
        ) : null}
        {way === "file" ? (
          <Field label={t("promo.file")} why={t("promo.file_why")}>
            <input
              type="file"
              accept=".csv,.xlsx,.gz"
              aria-label={t("promo.file")}
              onChange={(e) => setFile(e.target.files?.[0])}
            />
          </Field>
        ) : null}
      </div>
    </Modal>
  );
}

function Versions(props: { of: View }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const list = $api.useQuery("get", "/api/v1/promotions/{id}/versions", { params: { path: { id: props.of.id } } });
  return (
    <Panel title={t("promo.versions")} definition={t("promo.versions_why")}>
      <Loaded query={list}>
        {(page) => (
          <ol className="promo-versions">
            {page.items.map((v) => (
              <li key={v.version}>
                <span className="hs-num">v{v.version}</span>
                <span>{say(v.terms, t, language)}</span>
                <span className="hs-secondary">
                  <When at={v.changed_at} />
                </span>
              </li>
            ))}
          </ol>
        )}
      </Loaded>
    </Panel>
  );
}
