import { $api, type Schema } from "@huoshui/api";
import {
  Cards,
  type Column,
  Count,
  DataTable,
  Empty,
  formatCount,
  formatMoney,
  formatWhen,
  Loaded,
  Loading,
  Money,
  None,
  Page,
  Panel,
  StatCard,
  Status,
  useConfirmDanger,
  useReader,
  When,
  wholeList,
} from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { App, Button, InputNumber, Modal } from "antd";
import type { TFunction } from "i18next";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useUrlState } from "../../shell/url";
import { useFaultText } from "./Faults";
import { People } from "./People";
import {
  type Action,
  type Board,
  figure,
  type Launch,
  type Measure,
  placeOf,
  type StepBoard,
  stateTones,
  stepTones,
} from "./words";
import "../../trading/trading.css";
import "./launches.css";

/** One wave as it goes: its stages against their goals, what became of every action, and the people behind the numbers. */
export default function LaunchPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const { t } = useTranslation();
  const board = $api.useQuery(
    "get",
    "/api/v1/launches/{id}/board",
    { params: { path: { id } } },
    { refetchInterval: (q) => (q.state.data?.launch.state === "running" ? 15_000 : 60_000) },
  );
  return (
    <Loaded query={board} loading={<Page title={t("launches.one")}>{<Loading blocks={5} />}</Page>}>
      {(b) => <Wave board={b} />}
    </Loaded>
  );
}

function Wave({ board }: { board: Board }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const [state, setState] = useUrlState({ people: "" });
  const l = board.launch;
  const begun = l.state !== "draft" && l.state !== "scheduled";
  const open = (list: string, stage = "") => setState({ people: `${list}:${stage}` });
  return (
    <Page
      title={l.name}
      titleExtra={<Status tone={stateTones[l.state]}>{t(`launches.states.${l.state}`)}</Status>}
      lead={board.goods.join(language === "en" ? ", " : "、")}
      crumbs={<Link to={"/launches" as never}>{t("launches.title")}</Link>}
      actions={<Actions board={board} />}
    >
      <Timeline board={board} onPeople={open} />
      {begun ? (
        <>
          <Cards min={140}>
            {(["reached", "looked", "reserved", "buyers"] as const).map((m) => (
              <StatCard
                key={m}
                label={t(`launches.measure.${m}`)}
                definition={t(`launches.measure_why.${m}`)}
                value={<Count n={board.total[m]} />}
                onClick={() => open(m)}
              />
            ))}
            <StatCard
              label={t("launches.measure.units")}
              definition={t("launches.measure_why.units")}
              value={<Count n={board.total.units} />}
            />
            <StatCard
              label={t("launches.measure.revenue")}
              definition={t("launches.measure_why.revenue")}
              value={<Money fen={board.total.revenue_fen} short />}
            />
            <StatCard
              label={t("launches.stock_left")}
              definition={t("launches.stock_left_why")}
              value={<Count n={board.stock_left} />}
            />
          </Cards>
          <Funnel board={board} onPeople={open} />
        </>
      ) : null}
      {board.steps.length > 0 ? <Steps board={board} /> : null}
      <People launch={l.id} people={state.people} onClose={() => setState({ people: "" })} />
    </Page>
  );
}

/** The stages side by side: the present one is marked, each with its number against its goal. */
function Timeline({ board, onPeople }: { board: Board; onPeople: (list: string, stage?: string) => void }) {
  const { t } = useTranslation();
  return (
    <ol className="launch-timeline" aria-label={t("launches.timeline")}>
      {board.launch.stages.map((s) => {
        const b = board.stages.find((x) => x.kind === s.kind);
        const steps = board.steps.filter((x) => x.stage === s.kind);
        const bad = steps.some((x) => x.state === "missed" || (x.state === "waiting" && x.reason));
        return (
          <li
            key={s.kind}
            data-when={b?.when}
            aria-current={b?.when === "now" ? "step" : undefined}
            data-bad={bad || undefined}
          >
            <h3>
              {t(`launches.stage.${s.kind}`)}
              {b?.when === "now" ? <span className="launch-now">{t("launches.now")}</span> : null}
            </h3>
            <p className="hs-secondary">
              <When at={s.begins_at} />
            </p>
            {s.goal && b ? (
              <Goal
                measure={s.goal.measure}
                done={figure(b.figures, s.goal.measure)}
                target={s.goal.target}
                coming={b.when === "coming"}
                onPeople={() => onPeople(s.goal?.measure ?? "", s.kind)}
              />
            ) : (
              <p className="hs-secondary">{t("launches.goal_none")}</p>
            )}
            <p
              className="launch-dots"
              role="img"
              aria-label={steps.map((x) => t(`launches.step_state.${x.state}`)).join(" ")}
            >
              {steps.map((x) => (
                <i key={x.id} data-state={x.state} data-bad={(x.state === "waiting" && x.reason) || undefined} />
              ))}
            </p>
          </li>
        );
      })}
    </ol>
  );
}

function Goal(props: { measure: Measure; done: number; target: number; coming: boolean; onPeople: () => void }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const text = (n: number) => (props.measure === "revenue" ? formatMoney(n, language) : formatCount(n, language));
  const line = t("launches.goal_of", { done: props.coming ? "—" : text(props.done), target: text(props.target) });
  return (
    <div className="launch-goal">
      <span className="hs-secondary">{t(`launches.measure.${props.measure}`)}</span>
      {props.coming ? (
        <span className="hs-num">{line}</span>
      ) : (
        <button type="button" className="hs-drill hs-num" onClick={props.onPeople}>
          {line}
        </button>
      )}
      <span className="launch-bar" aria-hidden>
        <i style={{ width: `${Math.min(100, (100 * props.done) / props.target)}%` }} />
      </span>
    </div>
  );
}

function Funnel({ board, onPeople }: { board: Board; onPeople: (list: string) => void }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const presells = board.launch.stages.some((s) => s.actions.some((a) => a.kind === "presale"));
  const rows = (["reached", "looked", "reserved", "deposits", "buyers"] as const).filter(
    (m) => m !== "deposits" || presells,
  );
  const most = Math.max(1, ...rows.map((m) => board.total[m]));
  const lists = ["reserved_not_bought", "looked_not_reserved", "looked_not_bought"] as const;
  return (
    <Panel title={t("launches.funnel")} definition={t("launches.funnel_why")}>
      <ol className="launch-funnel">
        {rows.map((m) => (
          <li key={m}>
            <span>{t(`launches.measure.${m}`)}</span>
            <span className="launch-bar" aria-hidden>
              <i style={{ width: `${(100 * board.total[m]) / most}%` }} />
            </span>
            <button type="button" className="hs-drill hs-num" onClick={() => onPeople(m)}>
              {formatCount(board.total[m], language)}
            </button>
          </li>
        ))}
      </ol>
      <p className="hs-trade-row">
        {lists.map((list) => (
          <Button key={list} size="small" onClick={() => onPeople(list)}>
            {t(`launches.list.${list}`)}
          </Button>
        ))}
      </p>
    </Panel>
  );
}

function Steps({ board }: { board: Board }) {
  const { t } = useTranslation();
  const reader = useReader();
  const navigate = useNavigate();
  const text = useFaultText();
  const actions = new Map<string, Action>(
    board.launch.stages.flatMap((s) => s.actions.map((a) => [a.id ?? "", a] as const)),
  );
  const columns: Column<StepBoard>[] = [
    {
      key: "stage",
      title: t("launches.timeline"),
      width: 90,
      render: (s) => t(`launches.stage.${s.stage}`),
      value: (s) => t(`launches.stage.${s.stage}`),
    },
    {
      key: "action",
      title: t("launches.step"),
      width: 260,
      render: (s) => {
        const who = actions.get(s.action)?.audience;
        return (
          <>
            {t(`launches.action.${s.kind}`)}
            {who ? <span className="hs-secondary"> · {audienceText(t, who)}</span> : null}
            {(actions.get(s.action)?.waves?.length ?? 0) > 1 ? (
              <span className="hs-secondary"> · {s.wave + 1}</span>
            ) : null}
          </>
        );
      },
      value: (s) => t(`launches.action.${s.kind}`),
    },
    {
      key: "when",
      title: t("launches.when"),
      width: 140,
      render: (s) => <When at={s.done_at ?? s.due_at} />,
      value: (s) => s.due_at,
    },
    {
      key: "state",
      title: t("launches.state"),
      width: 240,
      render: (s) => (
        <>
          <Status tone={s.state === "waiting" && s.reason ? "danger" : stepTones[s.state]}>
            {s.held ? t("launches.standing.paused") : t(`launches.step_state.${s.state}`)}
          </Status>
          {s.reason && s.state !== "done" ? (
            <span className="hs-secondary">
              {" "}
              {text({ code: s.reason, message: s.detail })}
              {s.state === "waiting" ? ` ${t("launches.retrying", { at: formatWhen(s.next_at, reader) })}` : ""}
            </span>
          ) : null}
        </>
      ),
      value: (s) => t(`launches.step_state.${s.state}`),
    },
    {
      key: "people",
      title: t("launches.people"),
      width: 80,
      align: "right",
      render: (s) => (s.people > 0 ? <Count n={s.people} /> : <None />),
      value: (s) => s.people,
    },
    {
      key: "result",
      title: t("launches.result"),
      width: 160,
      render: (s) =>
        s.standing.state ? (
          <span className="hs-num">
            {t(`launches.standing.${s.standing.state}`, { defaultValue: s.standing.state })}
            {s.standing.total > 0 ? (
              <>
                {" · "}
                {t("launches.done_of", {
                  done: formatCount(s.standing.done, reader.language),
                  total: formatCount(s.standing.total, reader.language),
                })}
              </>
            ) : null}
          </span>
        ) : (
          <None />
        ),
      value: (s) => s.standing.done,
    },
    {
      key: "look",
      title: t("launches.look"),
      width: 130,
      render: (s) => {
        const to = placeOf(s, actions.get(s.action));
        return (
          <span className="hs-trade-row">
            {to && s.standing.state ? <Link to={to as never}>{t("launches.look")}</Link> : null}
            {s.standing.effect ? <Link to={`/board/campaigns/${s.made}` as never}>{t("launches.effect")}</Link> : null}
          </span>
        );
      },
      value: () => "",
    },
  ];
  return (
    <Panel title={t("launches.steps")}>
      <DataTable<StepBoard, Record<string, never>>
        id="launch-steps"
        inset
        query={wholeList({ data: board.steps, isPending: false, error: null } as never)}
        columns={columns}
        rowKey={(s) => s.id}
        state={{}}
        onState={() => undefined}
        onOpen={(s) => {
          const to = placeOf(s, actions.get(s.action));
          if (to && s.standing.state) {
            void navigate({ to: to as never });
          }
        }}
        empty={<Empty small title={t("launches.none_yet")} />}
      />
    </Panel>
  );
}

function audienceText(t: TFunction, who: NonNullable<Action["audience"]>): string {
  if (who.kind === "list") {
    return t(`launches.list.${who.id}`);
  }
  if (who.kind === "everyone") {
    return t("launches.who_everyone");
  }
  return t(`launches.who_${who.kind}s`, { defaultValue: who.kind });
}

function Actions({ board }: { board: Board }) {
  const { t } = useTranslation();
  const can = useCan();
  const ask = useConfirmDanger();
  const client = useQueryClient();
  const navigate = useNavigate();
  const { message } = App.useApp();
  const [days, setDays] = useState<number>();
  const l: Launch = board.launch;
  const path = { params: { path: { id: l.id } } };
  const options = { meta: { quiet: true } } as const;
  const pause = $api.useMutation("post", "/api/v1/launches/{id}/pause", options);
  const resume = $api.useMutation("post", "/api/v1/launches/{id}/resume", options);
  const back = $api.useMutation("post", "/api/v1/launches/{id}/unschedule", options);
  const cancel = $api.useMutation("post", "/api/v1/launches/{id}/cancel", options);
  const retry = $api.useMutation("post", "/api/v1/launches/{id}/retry", options);
  const next = $api.useMutation("post", "/api/v1/launches/{id}/next", options);
  const again = () =>
    client.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).startsWith("/api/v1/launches") });
  const told = async (word: string) => {
    message.success(t(word));
    await again();
  };
  const undoes = $api.useQuery("get", "/api/v1/launches/{id}/undoes", path, { enabled: false });
  const askCancel = async () => {
    const { data } = await undoes.refetch();
    ask({
      title: t("launches.cancel_title", { name: l.name }),
      consequence: data ? <Undoes all={data.items} /> : null,
      action: t("launches.cancel"),
      final: true,
      run: () => cancel.mutateAsync(path).then(() => told("launches.cancelled")),
    });
  };
  const refused = board.steps.some((s) => s.state === "waiting" && s.reason);
  const send = can("campaigns.send");
  return (
    <>
      {l.parent ? (
        <Button type="link" onClick={() => void navigate({ to: `/launches/${l.parent}` as never })}>
          {t("launches.parent")}
        </Button>
      ) : null}
      {board.next.map((id) => (
        <Button key={id} type="link" onClick={() => void navigate({ to: `/launches/${id}` as never })}>
          {t("launches.child")}
        </Button>
      ))}
      {l.state === "draft" && can("campaigns.write") ? (
        <Button type="primary" onClick={() => void navigate({ to: `/launches/${l.id}/edit` as never })}>
          {t("launches.edit")}
        </Button>
      ) : null}
      {refused && l.state === "running" && send ? (
        <Button onClick={() => void retry.mutateAsync(path).then(() => told("launches.retried"))}>
          {t("launches.retry")}
        </Button>
      ) : null}
      {l.state === "scheduled" && send ? (
        <Button
          onClick={() =>
            void back
              .mutateAsync(path)
              .then(() => told("launches.back_done"))
              .then(() => navigate({ to: `/launches/${l.id}/edit` as never }))
          }
        >
          {t("launches.back")}
        </Button>
      ) : null}
      {l.state === "running" && send ? (
        <Button
          onClick={() =>
            ask({
              title: t("launches.pause_title", { name: l.name }),
              consequence: t("launches.pause_text"),
              action: t("launches.pause"),
              red: false,
              run: () => pause.mutateAsync(path).then(() => told("launches.paused")),
            })
          }
        >
          {t("launches.pause")}
        </Button>
      ) : null}
      {l.state === "paused" && send ? (
        <Button type="primary" onClick={() => void resume.mutateAsync(path).then(() => told("launches.resumed"))}>
          {t("launches.resume")}
        </Button>
      ) : null}
      {["scheduled", "running", "paused"].includes(l.state) && send ? (
        <Button danger loading={undoes.isFetching} onClick={() => void askCancel()}>
          {t("launches.cancel")}
        </Button>
      ) : null}
      {l.state !== "draft" && can("campaigns.write") ? (
        <Button onClick={() => setDays(28)}>{t("launches.next")}</Button>
      ) : null}
      <Modal
        open={days !== undefined}
        title={t("launches.next_title")}
        okText={t("launches.next_do")}
        okButtonProps={{ loading: next.isPending }}
        onCancel={() => setDays(undefined)}
        onOk={() =>
          void next.mutateAsync({ ...path, body: { days: days ?? 28 } }).then(async (made) => {
            setDays(undefined);
            await told("launches.next_made");
            await navigate({ to: `/launches/${made.id}/edit` as never });
          })
        }
      >
        <p className="hs-secondary">{t("launches.next_why")}</p>
        <InputNumber
          aria-label={t("launches.days")}
          min={1}
          max={730}
          precision={0}
          style={{ width: 220 }}
          suffix={t("launches.days_unit")}
          value={days}
          onChange={(n) => setDays(n ?? 28)}
        />
      </Modal>
    </>
  );
}

/** What cancelling takes back, and what it cannot. */
function Undoes({ all }: { all: readonly Schema<"LaunchUndoing">[] }) {
  const { t, i18n } = useTranslation();
  const words = (does: string) =>
    all
      .filter((u) => u.does === does)
      .map((u) => `${t(`launches.stage.${u.step.stage}`)} ${t(`launches.action.${u.step.kind}`)}`)
      .join(i18n.language === "en" ? ", " : "、") || t("launches.cancel_none");
  return (
    <ul className="launch-undoes">
      <li>{t("launches.cancel_stop", { what: words("stop") })}</li>
      <li>{t("launches.cancel_keep", { what: words("keep") })}</li>
      <li>{t("launches.cancel_drop", { n: all.filter((u) => u.does === "drop").length })}</li>
    </ul>
  );
}
