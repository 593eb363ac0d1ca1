import { $api, api, keyset } from "@huoshui/api";
import {
  type Column,
  Count,
  DataTable,
  Empty,
  formatCount,
  ProgressRun,
  RowDrawer,
  Status,
  useConfirmDanger,
  useProblemText,
  useReader,
  When,
} from "@huoshui/ui";
import { keepPreviousData, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Alert, App, Button, Segmented, Select } from "antd";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useUrlState } from "../../shell/url";
import { Code } from "./Code";
import { Frame } from "./Frame";
import { type Letter, useSourceName, useSources } from "./words";

/** How a replay of many letters stands. */
interface Run {
  done: number;
  total: number;
  replayed: number;
  already: number;
  short: number;
  over: boolean;
  failed?: unknown;
}

/** What could not be understood or taken, by reason: what it was, another try, or away with it. */
export default function LettersPage() {
  const { t } = useTranslation();
  const can = useCan();
  const client = useQueryClient();
  const ask = useConfirmDanger();
  const { message } = App.useApp();
  const { language } = useReader();
  const sourceName = useSourceName();
  const sources = useSources();
  const [state, setState] = useUrlState({ source: "", reason: "", status: "open", open: "" });
  const [chosen, setChosen] = useState<string[]>([]);
  const { run, start, stop, close } = useReplay();
  const filter = {
    source: state.source || undefined,
    reason: state.reason || undefined,
    status: state.status as Letter["status"],
  };
  const list = $api.useInfiniteQuery(
    "get",
    "/api/v1/collect/dead-letters",
    { params: { query: { ...filter, limit: 50 } } },
    { ...keyset, placeholderData: keepPreviousData },
  );
  const counts = $api.useQuery("get", "/api/v1/collect/dead-letters/counts", {}, { refetchInterval: 5_000 });
  const inSource = counts.data?.items.filter((c) => !state.source || c.source === state.source) ?? [];
  const ofStatus = inSource.filter((c) => c.status === state.status);
  const reasons = [...new Set(ofStatus.map((c) => c.reason))].map((reason) => ({
    reason,
    n: ofStatus.filter((c) => c.reason === reason).reduce((sum, c) => sum + c.n, 0),
  }));
  reasons.sort((a, b) => b.n - a.n);
  const total = reasons.filter((r) => !state.reason || r.reason === state.reason).reduce((sum, r) => sum + r.n, 0);
  const rows = list.data?.pages.flatMap((p) => p.items) ?? [];
  const opened = rows.find((l) => l.id === state.open);
  const picked = chosen.filter((id) => rows.some((l) => l.id === id));
  const refresh = () => {
    setChosen([]);
    return Promise.all([
      client.invalidateQueries({ queryKey: ["get", "/api/v1/collect/dead-letters"] }),
      client.invalidateQueries({ queryKey: ["get", "/api/v1/collect/dead-letters/counts"] }),
    ]);
  };
  const replay = (ids: string[] | undefined) => start(ids, filter, ids?.length ?? total).then(refresh);
  const discard = (ids: string[] | undefined) =>
    ask({
      title: t("collect.letters.discard_ask", { n: formatCount(ids?.length ?? total, language) }),
      consequence: t("collect.letters.discard_text"),
      action: t("collect.letters.discard"),
      final: true,
      run: async () => {
        const answer = ids
          ? await api.POST("/api/v1/collect/dead-letters/discard", { body: { ids } })
          : await api.DELETE("/api/v1/collect/dead-letters", { params: { query: filter } });
        if (answer.error) {
          throw answer.error;
        }
        message.success(t("collect.letters.discarded", { n: formatCount(answer.data.discarded, language) }));
        setState({ open: "" });
        await refresh();
      },
    });
  const columns: Column<Letter>[] = [
    {
      key: "reason",
      title: t("collect.letters.reason"),
      width: 192,
      render: (l) => <Status tone="danger">{t(`collect.reason.${l.reason}`, { defaultValue: l.reason })}</Status>,
      value: (l) => l.reason,
    },
    { key: "detail", title: t("collect.letters.detail"), width: 176, render: (l) => l.detail, value: (l) => l.detail },
    {
      key: "raw",
      title: t("collect.letters.raw"),
      width: 260,
      render: (l) => <code>{l.raw.slice(0, 120)}</code>,
      value: (l) => l.raw,
    },
    {
      key: "source",
      title: t("collect.source"),
      width: 128,
      render: (l) => sourceName(l.source) || "—",
      value: (l) => sourceName(l.source),
    },
    {
      key: "protocol",
      title: t("collect.protocols"),
      hidden: true,
      width: 104,
      render: (l) => t(`collect.protocol.${l.protocol}`, { defaultValue: l.protocol }),
      value: (l) => l.protocol,
    },
    {
      key: "at",
      title: t("collect.received_at"),
      width: 140,
      render: (l) => <When at={l.received_at} />,
      value: (l) => l.received_at,
    },
  ];
  const writes = can("collect.write");
  const open = state.status === "open";
  return (
    <Frame
      tab="letters"
      actions={
        writes && total > 0 ? (
          <>
            {open ? (
              <Button
                disabled={run !== undefined && !run.over}
                onClick={() =>
                  ask({
                    title: t("collect.letters.replay_ask", { n: formatCount(total, language) }),
                    consequence: t("collect.letters.replay_text"),
                    action: t("collect.letters.replay_all"),
                    red: false,
                    run: async () => void replay(undefined),
                  })
                }
              >
                {t("collect.letters.replay_all")}
              </Button>
            ) : null}
            <Button danger onClick={() => discard(undefined)}>
              {t("collect.letters.discard_all")}
            </Button>
          </>
        ) : null
      }
    >
      {run ? <Progress run={run} onStop={stop} onClose={close} /> : null}
      <div className="hs-letters">
        <aside className="hs-letters-reasons" aria-label={t("collect.letters.reason")}>
          <Segmented
            block
            value={state.status}
            onChange={(status) => setState({ status, reason: "", open: "" })}
            options={["open", "replayed"].map((value) => ({ value, label: t(`collect.letters.status.${value}`) }))}
          />
          <Select
            aria-label={t("collect.source")}
            value={state.source}
            onChange={(source) => setState({ source, reason: "" })}
            options={[
              { value: "", label: t("collect.all_sources") },
              ...(sources.data?.items.map((s) => ({ value: s.id, label: s.name })) ?? []),
            ]}
          />
          <ul>
            {[{ reason: "", n: reasons.reduce((sum, r) => sum + r.n, 0) }, ...reasons].map((r) => (
              <li key={r.reason}>
                <button
                  type="button"
                  aria-pressed={state.reason === r.reason}
                  onClick={() => setState({ reason: r.reason, open: "" })}
                >
                  <span>
                    {r.reason ? t(`collect.reason.${r.reason}`, { defaultValue: r.reason }) : t("collect.letters.all")}
                  </span>
                  <Count n={r.n} />
                </button>
              </li>
            ))}
          </ul>
          {state.reason ? (
            <p className="hs-secondary">{t(`collect.fix.${state.reason}`, { defaultValue: t("collect.fix.other") })}</p>
          ) : null}
        </aside>
        <DataTable
          id="letters"
          query={list}
          columns={columns}
          rowKey={(l) => l.id}
          state={{}}
          onState={() => undefined}
          onOpen={(l) => setState({ open: l.id })}
          openKey={state.open}
          selection={writes ? { keys: picked, onChange: setChosen } : undefined}
          toolbar={
            picked.length > 0 ? (
              <>
                {open ? (
                  <Button size="small" type="primary" onClick={() => void replay(picked)}>
                    {t("collect.letters.replay_some", { n: picked.length })}
                  </Button>
                ) : null}
                <Button size="small" danger onClick={() => discard(picked)}>
                  {t("collect.letters.discard_some", { n: picked.length })}
                </Button>
              </>
            ) : null
          }
          empty={
            <Empty title={t(open ? "collect.letters.empty" : "collect.letters.empty_replayed")}>
              {t("collect.letters.empty_text")}
            </Empty>
          }
        />
      </div>
      <RowDrawer
        open={!!opened}
        width={640}
        title={opened ? t(`collect.reason.${opened.reason}`, { defaultValue: opened.reason }) : ""}
        subtitle={opened ? sourceName(opened.source) : undefined}
        onClose={() => setState({ open: "" })}
        actions={
          opened && writes ? (
            <>
              {opened.status === "open" ? (
                <Button size="small" type="primary" onClick={() => void replay([opened.id])}>
                  {t("collect.letters.replay")}
                </Button>
              ) : null}
              <Button size="small" danger onClick={() => discard([opened.id])}>
                {t("collect.letters.discard")}
              </Button>
            </>
          ) : null
        }
      >
        {opened ? <One letter={opened} /> : null}
      </RowDrawer>
    </Frame>
  );
}

/** Replays letters in portions, so that it shows how far it is and can be stopped. */
function useReplay() {
  const [run, setRun] = useState<Run>();
  const stopped = useRef(false);
  const start = async (
    ids: string[] | undefined,
    filter: { source?: string; reason?: string; status?: Letter["status"] },
    total: number,
  ) => {
    const now: Run = { done: 0, total, replayed: 0, already: 0, short: 0, over: false };
    stopped.current = false;
    setRun(now);
    const portion = async (some: string[]) => {
      const { data, error } = await api.POST("/api/v1/collect/dead-letters/replay", { body: { ids: some } });
      if (error) {
        throw error;
      }
      now.done += some.length;
      now.replayed += data.replayed;
      now.already += data.already;
      now.short += data.short;
      setRun({ ...now });
    };
    try {
      if (ids) {
        await portion(ids);
      } else {
        // By the cursor, not from the top again: what is kept only in part stays open and would come for ever.
        let after: string | undefined;
        do {
          const { data, error } = await api.GET("/api/v1/collect/dead-letters", {
            params: { query: { ...filter, status: "open", after, limit: 200 } },
          });
          if (error) {
            throw error;
          }
          if (data.items.length > 0) {
            await portion(data.items.map((l) => l.id));
          }
          after = data.next || undefined;
        } while (after && !stopped.current);
      }
    } catch (error) {
      now.failed = error;
    }
    setRun({ ...now, over: true });
  };
  return {
    run,
    start,
    stop: () => {
      stopped.current = true;
    },
    close: () => setRun(undefined),
  };
}

function Progress(props: { run: Run; onStop: () => void; onClose: () => void }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const text = useProblemText();
  const { run } = props;
  if (!run.over) {
    return (
      <div className="hs-letters-run">
        <ProgressRun stage={t("collect.letters.running")} done={run.done} total={run.total} onCancel={props.onStop} />
      </div>
    );
  }
  const n = (value: number) => formatCount(value, language);
  return (
    <Alert
      className="hs-letters-run"
      type={run.failed ? "error" : run.short > 0 ? "warning" : "success"}
      showIcon
      closable={{ onClose: props.onClose }}
      title={run.failed ? text(run.failed) : t("collect.letters.ran", { replayed: n(run.replayed) })}
      description={
        <>
          {run.already > 0 ? `${t("collect.letters.ran_already", { n: n(run.already) })} ` : null}
          {run.short > 0 ? `${t("collect.letters.ran_short", { n: n(run.short) })} ` : null}
          {t("collect.letters.ran_text")} <Link to={"/collect/live" as never}>{t("collect.tab.live")}</Link>
        </>
      }
    />
  );
}

function One(props: { letter: Letter }) {
  const { t } = useTranslation();
  const { letter: l } = props;
  const cut = l.raw_bytes > new TextEncoder().encode(l.raw).length && l.raw_bytes > 32 << 10;
  return (
    <div className="hs-dict">
      <p>{t(`collect.fix.${l.reason}`, { defaultValue: t("collect.fix.other") })}</p>
      <dl className="hs-letter">
        <div>
          <dt>{t("collect.letters.detail")}</dt>
          <dd>{l.detail || "—"}</dd>
        </div>
        <div>
          <dt>{t("collect.received_at")}</dt>
          <dd>
            <When at={l.received_at} style="second" />
          </dd>
        </div>
        <div>
          <dt>{t("collect.protocols")}</dt>
          <dd>
            {t(`collect.protocol.${l.protocol}`, { defaultValue: l.protocol })} {l.path ? <code>{l.path}</code> : null}
          </dd>
        </div>
        {l.status === "replayed" ? (
          <div>
            <dt>{t("collect.letters.status.replayed")}</dt>
            <dd>
              <When at={l.replayed_at} />
            </dd>
          </div>
        ) : null}
      </dl>
      {cut ? <Alert type="warning" showIcon title={t("collect.letters.cut")} /> : null}
      <h3>{t("collect.letters.raw")}</h3>
      <Code label={t("collect.letters.raw")}>{pretty(l.raw)}</Code>
    </div>
  );
}

function pretty(raw: string): string {
  try {
    return JSON.stringify(JSON.parse(raw), null, 2);
  } catch {
    return raw;
  }
}
