import { $api, keyset, type Schema } from "@huoshui/api";
import {
  Cards,
  type Column,
  Count,
  DataTable,
  Empty,
  formatCount,
  formatMoneyShort,
  LayerTag,
  Loaded,
  Loading,
  Money,
  None,
  Page,
  StatCard,
  Status,
  useReader,
  When,
} from "@huoshui/ui";
import { Link, useNavigate } from "@tanstack/react-router";
import { Alert, Button, Dropdown } from "antd";
import type { TFunction } from "i18next";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useUrlState } from "../../shell/url";
import { RuleDialog } from "./Rule";
import "./warning.css";

type Warning = Schema<"LayerWarning">;
type Sign = Schema<"LayerWarned">["code"];
type Row = Schema<"WarnedPerson">;

/** The layers whose strategies are offered for a sign. */
const layersOf: Record<Sign, readonly string[]> = {
  pseudo_vip: ["vip"],
  overdue: ["silent", "potential"],
  at_risk: ["silent"],
  never_bought: ["new"],
};

/** Who may be about to leave: by sign against a week before, the people with what they did last, and what can be done. */
export default function WarningPage() {
  const { t } = useTranslation();
  const warning = $api.useQuery("get", "/api/v1/warnings", {}, { refetchInterval: 60_000 });
  return (
    <Loaded query={warning} loading={<Page title={t("warning.title")}>{<Loading blocks={4} />}</Page>}>
      {(w) => (w.signs.length === 0 ? <Nothing /> : <Body warning={w} />)}
    </Loaded>
  );
}

function Nothing() {
  const { t } = useTranslation();
  return (
    <Page title={t("warning.title")}>
      <Empty
        title={t("warning.none")}
        action={
          <Link to={"/imports" as never}>
            <Button type="primary">{t("warning.none_do")}</Button>
          </Link>
        }
      >
        {t("warning.none_text")}
      </Empty>
    </Page>
  );
}

/** What a sign means, with the numbers of the definition. */
function meaning(t: TFunction, w: Warning, sign: Sign): string {
  switch (sign) {
    case "pseudo_vip": {
      const parts = [t("warning.part.at_risk", { days: w.at_risk_days })];
      if (w.no_contact_days > 0) {
        parts.push(t("warning.part.no_contact", { days: w.no_contact_days }));
      }
      if (w.gap_factor > 0) {
        parts.push(t("warning.part.gap", { factor: w.gap_factor }));
      }
      return t("warning.why.pseudo_vip", { parts: parts.join(t("warning.or")) });
    }
    case "overdue":
      return t(w.gap_factor > 0 ? "warning.why.overdue" : "warning.why.overdue_off", { factor: w.gap_factor });
    case "at_risk":
      return t("warning.why.at_risk", { from: w.at_risk_days, to: w.lost_after_days });
    default:
      return t("warning.why.never_bought", { days: w.no_order_days });
  }
}

function Body(props: { warning: Warning }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const can = useCan();
  const navigate = useNavigate();
  const w = props.warning;
  const [state, setState] = useUrlState({ sign: "", class: "" });
  const [ruling, setRuling] = useState(false);
  const { rule, raised } = w.alert;
  const sign = state.sign as Sign | "";
  return (
    <Page
      title={t("warning.title")}
      titleExtra={
        <span className="hs-secondary">
          <AsOf at={w.as_of} />
        </span>
      }
      lead={t("warning.lead")}
      actions={
        <>
          {can("layers.write") ? (
            <Button onClick={() => void navigate({ to: "/layers/definition" as never })}>
              {t("warning.definition")}
            </Button>
          ) : null}
          <Button onClick={() => setRuling(true)}>{t("warning.rule")}</Button>
          {sign ? <Act sign={sign} /> : null}
        </>
      }
    >
      {raised.length > 0 ? (
        <Alert
          type="warning"
          showIcon
          title={t("warning.alert")}
          description={t("warning.alert_text", {
            signs: raised.map((s) => t(`warning.sign.${s}`)).join(t("warning.list")),
            growth: rule.growth_pct,
          })}
        />
      ) : null}
      <Cards min={190}>
        <StatCard
          label={t("warning.all")}
          definition={t("warning.all_why")}
          value={<Count n={w.people} />}
          note={t("warning.spent", { amount: formatMoneyShort(w.spent_fen, language) })}
          onClick={() => setState({ sign: "" })}
        />
        {w.signs.map((s) => (
          <div key={s.code} className="hs-warning-card" data-chosen={sign === s.code || undefined}>
            <StatCard
              label={t(`warning.sign.${s.code}`)}
              definition={meaning(t, w, s.code)}
              value={<Count n={s.people} />}
              note={
                <>
                  {s.spent_fen > 0 ? t("warning.spent", { amount: formatMoneyShort(s.spent_fen, language) }) : null}
                  {s.spent_fen > 0 && s.before >= 0 ? " · " : null}
                  {s.before >= 0 ? t("warning.before", { n: formatCount(s.before, language) }) : null}
                </>
              }
              onClick={() => setState({ sign: sign === s.code ? "" : s.code })}
            />
          </div>
        ))}
      </Cards>
      {sign ? <p className="hs-secondary hs-warning-why">{meaning(t, w, sign)}</p> : null}
      {can("customers.read") ? <People warning={w} state={state} onState={setState} /> : null}
      <RuleDialog open={ruling} alert={w.alert} onClose={() => setRuling(false)} />
    </Page>
  );
}

function AsOf(props: { at: string }) {
  const { t } = useTranslation();
  const [before, after] = t("warning.as_of", { at: "|" }).split("|");
  return (
    <>
      {before}
      <When at={props.at} />
      {after}
    </>
  );
}

/** What can be done about those with a sign: a segment that follows it, or a campaign with a strategy that fits. */
function Act(props: { sign: Sign }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const can = useCan();
  const navigate = useNavigate();
  const strategies = $api.useQuery(
    "get",
    "/api/v1/strategies",
    { params: { query: { limit: 200 } } },
    { enabled: can("strategies.read") && can("campaigns.write") },
  );
  const fitting = (strategies.data?.items ?? []).filter((s) => layersOf[props.sign].includes(s.layer));
  const reach = (strategy?: string) =>
    void navigate({
      to: "/campaigns/new",
      search: { audience: `warning:${props.sign}`, ...(strategy ? { strategy } : {}) } as never,
    });
  return (
    <>
      {can("segments.write") ? (
        <Button
          onClick={() =>
            void navigate({
              to: "/segments/new",
              search: { definition: JSON.stringify({ kind: "warning", spec: { in: [props.sign] } }) } as never,
            })
          }
        >
          {t("warning.segment")}
        </Button>
      ) : null}
      {can("campaigns.write") ? (
        <Dropdown
          trigger={["click"]}
          menu={{
            items: [
              ...fitting.map((s) => ({
                key: s.id,
                label: t("warning.win_back_with", {
                  name: (language === "en" ? s.name.en || s.name.zh : s.name.zh || s.name.en) ?? "",
                }),
              })),
              ...(fitting.length > 0 ? [{ type: "divider" as const }] : []),
              { key: "", label: t("warning.win_back_plain") },
            ],
            onClick: ({ key }) => reach(key),
          }}
        >
          <Button type="primary">{t("warning.win_back")}</Button>
        </Dropdown>
      ) : null}
    </>
  );
}

function People(props: {
  warning: Warning;
  state: { sign: string; class: string };
  onState: (patch: Partial<{ sign: string; class: string }>) => void;
}) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { sign, class: value } = props.state;
  const list = $api.useInfiniteQuery(
    "get",
    "/api/v1/warnings/people",
    { params: { query: { sign: (sign || undefined) as Sign, class: (value || undefined) as never, limit: 25 } } },
    keyset,
  );
  const columns: Column<Row>[] = [
    {
      key: "name",
      title: t("warning.name"),
      render: (p) => p.name || p.code || p.id,
      value: (p) => p.name,
      width: 150,
    },
    {
      key: "signs",
      title: t("warning.signs"),
      render: (p) => (
        <span className="hs-warning-signs">
          {p.warnings.map((s) => (
            <Status key={s} tone={s === "pseudo_vip" ? "danger" : "attention"}>
              {t(`warning.sign.${s}`)}
            </Status>
          ))}
        </span>
      ),
      value: (p) => p.warnings.join(" "),
      width: 220,
    },
    {
      key: "layer",
      title: t("ui.people.layer"),
      render: (p) => <LayerTag layer={p.layer} />,
      value: (p) => p.layer,
      width: 90,
    },
    {
      key: "class",
      title: t("warning.class"),
      definition: t("warning.class_why"),
      render: (p) => (p.class ? t(`warning.classes.${p.class}`) : <None />),
      value: (p) => p.class,
      width: 130,
    },
    {
      key: "spent",
      title: t("warning.money"),
      align: "right",
      render: (p) => <Money fen={p.spent_fen} />,
      value: (p) => p.spent_fen / 100,
      width: 120,
    },
    {
      key: "order",
      title: t("warning.order"),
      render: (p) => (p.last_order_at ? <When at={p.last_order_at} style="date" /> : <None />),
      value: (p) => p.last_order_at,
      width: 120,
    },
    {
      key: "last",
      title: t("warning.last"),
      render: (p) => (p.last ? <Deed last={p.last} /> : <None />),
      value: (p) => p.last?.at,
      width: 260,
    },
  ];
  return (
    <DataTable
      id="warnings"
      query={list}
      columns={columns}
      rowKey={(p) => p.id}
      filters={[
        {
          key: "sign",
          label: t("warning.signs"),
          kind: "choice",
          options: props.warning.signs.map((s) => ({ value: s.code, label: t(`warning.sign.${s.code}`) })),
        },
        {
          key: "class",
          label: t("warning.class"),
          kind: "choice",
          options: (
            [
              "champion",
              "develop",
              "keep",
              "win_back",
              "general_value",
              "general_develop",
              "general_keep",
              "general_win_back",
            ] as const
          ).map((c) => ({ value: c, label: t(`warning.classes.${c}`) })),
        },
      ]}
      state={props.state}
      onState={props.onState}
      onOpen={(p) => void navigate({ to: `/customers/${p.id}` as never })}
      empty={<Empty title={t("warning.empty")}>{t("warning.empty_text")}</Empty>}
    />
  );
}

/** The latest thing somebody did, with its product. */
function Deed(props: { last: NonNullable<Row["last"]> }) {
  const { t } = useTranslation();
  const { last } = props;
  return (
    <span className="hs-warning-deed">
      <When at={last.at} ago />
      <span>
        {t(`warning.deed.${last.name.replace(".", "_")}`, { defaultValue: last.name })}
        {last.product_name ? ` · ${last.product_name}` : ""}
      </span>
    </span>
  );
}
