import { $api } from "@huoshui/api";
import { Count, Loading, Panel, type Tone } from "@huoshui/ui";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";

interface Need {
  key: string;
  tone: Tone;
  n?: number;
  text: string;
  to: string;
  search?: Record<string, string>;
}

/** What waits for a person: tasks, campaigns, imports with lines left behind, strategies to decide on, engines. */
export function Needs() {
  const { t } = useTranslation();
  const can = useCan();
  const overdue = $api.useQuery(
    "get",
    "/api/v1/tasks",
    { params: { query: { state: "open", overdue: true, limit: 1 } } },
    { enabled: can("tasks.read") },
  );
  const open = $api.useQuery(
    "get",
    "/api/v1/tasks",
    { params: { query: { state: "open", limit: 1 } } },
    { enabled: can("tasks.read") },
  );
  const paused = $api.useQuery(
    "get",
    "/api/v1/campaigns",
    { params: { query: { state: "paused", limit: 1 } } },
    { enabled: can("campaigns.read") },
  );
  const drafts = $api.useQuery(
    "get",
    "/api/v1/campaigns",
    { params: { query: { state: "draft", limit: 1 } } },
    { enabled: can("campaigns.read") },
  );
  const imports = $api.useQuery(
    "get",
    "/api/v1/imports",
    { params: { query: { limit: 5 } } },
    { enabled: can("imports.read") },
  );
  const board = $api.useQuery("get", "/api/v1/board", {}, { enabled: can("effect.read") });
  const warning = $api.useQuery("get", "/api/v1/warnings", {}, { enabled: can("layers.read"), staleTime: 60_000 });
  const system = $api.useQuery("get", "/api/v1/system", {}, { enabled: can("system.read"), refetchInterval: 60_000 });

  const needs: Need[] = [];
  for (const engine of system.data?.engines ?? []) {
    if (!engine.ok) {
      needs.push({
        key: engine.name,
        tone: "danger",
        text: t("overview.needs.engine", { name: engine.name }),
        to: "/settings",
      });
    }
  }
  const count = (
    key: string,
    tone: Tone,
    n: number | undefined,
    what: string,
    to: string,
    search?: Record<string, string>,
    file?: string,
  ) => {
    if (n && n > 0) {
      const text = t(`overview.needs.${what}${n === 1 ? "_single" : ""}`, { file });
      needs.push({ key, tone, n, text, to, search });
    }
  };
  count("overdue", "danger", overdue.data?.total, "overdue", "/tasks", {
    state: "open",
    overdue: "true",
  });
  for (const one of imports.data?.items ?? []) {
    if (one.status === "failed") {
      needs.push({
        key: one.id,
        tone: "danger",
        text: t("overview.needs.failed", { file: one.file_name }),
        to: `/imports/${one.id}`,
      });
    } else if (one.status === "done") {
      count(one.id, "attention", one.result.lines_rejected, "rejected", `/imports/${one.id}`, undefined, one.file_name);
    }
  }
  const lines = board.data?.strategies ?? [];
  count("check", "attention", lines.filter((l) => l.result.advice === "check").length, "unknown", "/board");
  count("stop", "attention", lines.filter((l) => l.result.advice === "stop").length, "decide", "/board");
  for (const sign of warning.data?.alert.raised ?? []) {
    const people = warning.data?.signs.find((s) => s.code === sign)?.people;
    if (people) {
      const text = t("overview.needs.warning", { sign: t(`warning.sign.${sign}`) });
      needs.push({ key: `warning-${sign}`, tone: "attention", n: people, text, to: "/warnings", search: { sign } });
    }
  }
  count("paused", "attention", paused.data?.total, "paused", "/campaigns", {
    state: "paused",
  });
  const waiting = (open.data?.total ?? 0) - (overdue.data?.total ?? 0);
  count("open", "calm", waiting, "open", "/tasks", { state: "open" });
  count("draft", "calm", drafts.data?.total, "draft", "/campaigns", { state: "draft" });

  const pending = [overdue, open, paused, drafts, imports, board].some((q) => q.isLoading);
  let body: ReactNode = <p className="hs-secondary">{t("overview.needs.nothing")}</p>;
  if (needs.length > 0) {
    body = (
      <ul className="ov-list">
        {needs.map((need) => (
          <li key={need.key}>
            <Link to={need.to} search={need.search as never}>
              <span className="hs-status" data-tone={need.tone}>
                {need.n === undefined ? null : (
                  <b>
                    <Count n={need.n} />
                  </b>
                )}
              </span>
              <span>{need.text}</span>
            </Link>
          </li>
        ))}
      </ul>
    );
  } else if (pending) {
    body = <Loading rows={3} />;
  }
  return <Panel title={t("overview.needs.title")}>{body}</Panel>;
}
