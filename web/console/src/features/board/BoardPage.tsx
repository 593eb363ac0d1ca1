import { $api, type Schema } from "@huoshui/api";
import {
  type Column,
  Count,
  DataTable,
  EffectInterval,
  Empty,
  type Filter,
  formatWhen,
  LayerTag,
  Money,
  Page,
  PeopleCount,
  useReader,
  When,
  Why,
  wholeList,
} from "@huoshui/ui";
import { Link, useNavigate } from "@tanstack/react-router";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { useUrlState } from "../../shell/url";
import { type NumberName, NumberPeople, writeDrill } from "./NumberPeople";
import { Advice, Incremental, lineName, Roi, scaleOf } from "./parts";
import "./board.css";

type Line = Schema<"EffectLine">;

/** Every strategy that has covered anybody, with what it earned on one scale. */
export default function BoardPage() {
  const { t } = useTranslation();
  const reader = useReader();
  const navigate = useNavigate();
  const [state, setState] = useUrlState({ q: "", layer: "", verdict: "", sort: "", drill: "" });
  const board = $api.useQuery("get", "/api/v1/board");
  const all = board.data?.strategies;
  const name = (l: Line) => lineName(l, reader.language, t("board.none"));
  const rows = all
    ?.filter(
      (l) =>
        (!state.layer || l.layer === state.layer) &&
        (!state.verdict || l.result.verdict === state.verdict) &&
        name(l).toLowerCase().includes(state.q.toLowerCase()),
    )
    .sort(byColumn(state.sort));
  const scale = scaleOf(all ?? []);
  const open = (l: Line) => void navigate({ to: `/board/strategies/${l.id || "none"}` as never });
  const count = (l: Line, number: NumberName, n: number) => (
    <PeopleCount
      n={n}
      onOpen={() => setState({ drill: writeDrill({ kind: "strategies", id: l.id || "none", number }) })}
    />
  );
  const number = (key: "covered" | "reached" | "opened" | "clicked" | "converted"): Column<Line> => ({
    key,
    title: t(`board.col.${key}`),
    definition: t(`board.why.${key}`),
    align: "right",
    sort: true,
    hidden: key === "opened",
    width: 62,
    render: (l) => count(l, key, l.steps[key]),
    value: (l) => l.steps[key],
  });
  const columns: Column<Line>[] = [
    {
      key: "name",
      title: t("board.col.name"),
      width: 132,
      render: (l) => <span className="bd-name">{name(l)}</span>,
      value: name,
    },
    {
      key: "layer",
      title: t("board.col.layer"),
      width: 72,
      ellipsis: false,
      render: (l) => <LayerTag layer={l.layer} />,
      value: (l) => l.layer,
    },
    {
      key: "effect",
      title: t("board.col.effect"),
      definition: t("board.why.effect"),
      width: 192,
      sort: true,
      ellipsis: false,
      render: (l) => (
        <div className="bd-effect">
          <EffectInterval effect={l.result} scale={scale} />
        </div>
      ),
      value: (l) => l.result.conversion?.estimate,
    },
    {
      key: "advice",
      title: t("board.col.advice"),
      width: 136,
      ellipsis: false,
      render: (l) => <Advice line={l} />,
      value: (l) => l.result.advice,
    },
    number("covered"),
    number("reached"),
    number("opened"),
    number("clicked"),
    number("converted"),
    {
      key: "incremental",
      title: t("board.col.incremental"),
      definition: t("board.why.incremental"),
      align: "right",
      sort: true,
      width: 128,
      ellipsis: false,
      render: (l) => <Incremental line={l} />,
      value: (l) => l.result.incremental_fen && l.result.incremental_fen.estimate / 100,
    },
    {
      key: "cost",
      title: t("board.col.cost"),
      definition: t("board.why.cost"),
      align: "right",
      sort: true,
      width: 80,
      render: (l) => <Money fen={l.cost_fen} short />,
      value: (l) => l.cost_fen / 100,
    },
    {
      key: "roi",
      title: t("board.col.roi"),
      definition: t("board.why.roi"),
      align: "right",
      sort: true,
      width: 104,
      ellipsis: false,
      render: (l) => <Roi line={l} />,
      value: (l) => l.result.roi?.estimate,
    },
    {
      key: "gmv",
      title: t("board.col.gmv"),
      definition: t("board.why.gmv"),
      align: "right",
      sort: true,
      width: 84,
      render: (l) => <Money fen={l.gmv_fen} short />,
      value: (l) => l.gmv_fen / 100,
    },
    {
      key: "campaigns",
      title: t("board.col.campaigns"),
      align: "right",
      width: 80,
      hidden: true,
      render: (l) => <Count n={l.campaigns} />,
      value: (l) => l.campaigns,
    },
    {
      key: "last",
      title: t("board.col.last"),
      width: 132,
      hidden: true,
      render: (l) => <When at={l.last_at} />,
      value: (l) => l.last_at,
    },
  ];
  const filters: Filter[] = [
    {
      key: "layer",
      label: t("board.filter_layer"),
      kind: "choice",
      options: (["vip", "potential", "new", "silent", "lost"] as const).map((l) => ({
        value: l,
        label: t(`ui.layer.${l}`),
      })),
    },
    {
      key: "verdict",
      label: t("board.filter_verdict"),
      kind: "choice",
      options: (["works", "no_effect_seen", "hurts", "unknown"] as const).map((v) => ({
        value: v,
        label: t(`board.verdict.${v}`),
      })),
    },
  ];
  const tally = (verdict: string) => all?.filter((l) => l.result.verdict === verdict).length ?? 0;
  return (
    <Page title={t("board.title")} titleExtra={<Why>{t("board.how_text")}</Why>} lead={t("board.lead")}>
      {all && all.length > 0 ? (
        <p className="bd-summary">
          {tally("works") > 0 ? <b data-verdict="works">{t("board.works_n", { n: tally("works") })}</b> : null}
          {tally("hurts") > 0 ? <b data-verdict="harms">{t("board.harms_n", { n: tally("hurts") })}</b> : null}
          {tally("no_effect_seen") > 0 ? <b>{t("board.none_n", { n: tally("no_effect_seen") })}</b> : null}
          {tally("unknown") > 0 ? <span>{t("board.unknown_n", { n: tally("unknown") })}</span> : null}
          <span className="hs-secondary">
            {t("board.as_of", { at: formatWhen(board.data?.as_of ?? "", reader) })}
            {board.data?.orders_to
              ? ` · ${t("board.orders_to", { at: formatWhen(board.data.orders_to, reader) })}`
              : ""}
          </span>
        </p>
      ) : null}
      <DataTable<Line, typeof state>
        id="board"
        query={wholeList({ ...board, data: rows })}
        columns={columns}
        filters={filters}
        rowKey={(l) => l.id || "none"}
        state={state}
        onState={setState}
        onOpen={open}
        empty={
          <Empty
            title={t("board.empty")}
            action={
              <Link to={"/strategies" as never}>
                <Button type="primary">{t("board.empty_action")}</Button>
              </Link>
            }
          >
            {t("board.empty_text")}
          </Empty>
        }
      />
      <NumberPeople drill={state.drill} onClose={() => setState({ drill: "" })} />
    </Page>
  );
}

const figures: Record<string, (l: Line) => number | undefined> = {
  covered: (l) => l.steps.covered,
  reached: (l) => l.steps.reached,
  opened: (l) => l.steps.opened,
  clicked: (l) => l.steps.clicked,
  converted: (l) => l.steps.converted,
  effect: (l) => l.result.conversion?.estimate,
  incremental: (l) => l.result.incremental_fen?.estimate,
  cost: (l) => l.cost_fen,
  roi: (l) => l.result.roi?.estimate,
  gmv: (l) => l.gmv_fen,
};

/** Orders lines by a column of the table; lines without a value come last either way. */
function byColumn(sort: string): (a: Line, b: Line) => number {
  const key = sort.replace(/^-/, "");
  const read = figures[key];
  const sign = sort.startsWith("-") ? -1 : 1;
  return (a, b) => {
    const [x, y] = [read?.(a), read?.(b)];
    if (x === undefined || y === undefined) {
      return x === y ? 0 : x === undefined ? 1 : -1;
    }
    return sign * (x - y);
  };
}
