import { $api, keyset, type Schema } from "@huoshui/api";
import {
  Cards,
  type Column,
  Count,
  Empty,
  formatCount,
  Loaded,
  Loading,
  Money,
  None,
  Panel,
  PeopleCount,
  PeopleDrawer,
  Percent,
  type Person,
  StatCard,
  useReader,
} from "@huoshui/ui";
import { Link, useNavigate } from "@tanstack/react-router";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { useUrlState } from "../../shell/url";
import { Frame, useCoverage } from "./Frame";
import { useChannel } from "./words";

type Overall = Schema<"IdentityOverall">;

/** What is open in the drawer: kind, lacking, complete and source, as the API takes them. */
type Drilled = { kind?: string; lacking?: string; complete?: string; source?: string };

/** How well customers are known: by kind of key, by complete profile, by source; every figure leads to its people. */
export default function CoveragePage() {
  const query = useCoverage();
  return (
    <Frame tab="coverage">
      <Loaded query={query} loading={<Loading blocks={4} />}>
        {(data) => <Body data={data} />}
      </Loaded>
    </Frame>
  );
}

function Body(props: { data: Overall }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const channel = useChannel();
  const { data } = props;
  const [state, setState] = useUrlState({ kind: "", lacking: "", complete: "", source: "" });
  const open = (drill: Drilled) => setState({ kind: "", lacking: "", complete: "", source: "", ...drill });
  const complete = data.definition.map((field) => t(`identity.field.${field}`)).join(t("identity.list"));
  if (data.customers === 0) {
    return (
      <Empty
        title={t("identity.empty")}
        action={
          <Link to={"/imports" as never}>
            <Button type="primary">{t("identity.empty_import")}</Button>
          </Link>
        }
        link={<Link to={"/collect" as never}>{t("identity.empty_collect")}</Link>}
      >
        {t("identity.empty_text")}
      </Empty>
    );
  }
  return (
    <div className="hs-identity">
      <Cards min={180}>
        <StatCard
          label={t("identity.complete")}
          definition={t("identity.complete_why", { fields: complete })}
          value={<Percent share={data.complete_pct / 100} />}
          note={<People n={data.complete} of={data.customers} />}
          onClick={() => open({ complete: "yes" })}
        />
        <StatCard
          label={t("identity.strong")}
          definition={t("identity.strong_why")}
          value={<Percent share={data.strong_pct / 100} />}
          note={<People n={data.strong} of={data.customers} />}
        />
        <StatCard
          label={t("identity.visitors")}
          definition={t("identity.visitors_why")}
          value={<Count n={data.visitors} short />}
        />
        <StatCard
          label={t("identity.open_conflicts")}
          definition={t("identity.open_conflicts_why")}
          value={<Count n={data.open_conflicts} />}
          onClick={() => void navigate({ to: "/identity/conflicts" as never })}
        />
        <StatCard
          label={t("identity.merged")}
          definition={t("identity.merged_why")}
          value={<Count n={data.merges} />}
          onClick={() => void navigate({ to: "/identity/merges" as never })}
        />
      </Cards>
      <div className="hs-identity-two">
        <Panel title={t("identity.by_kind")} definition={t("identity.by_kind_why")}>
          <table className="hs-identity-table">
            <thead>
              <tr>
                <th>{t("identity.kind")}</th>
                <th>{t("identity.share")}</th>
                <th className="hs-right">{t("identity.have")}</th>
                <th className="hs-right">{t("identity.lack")}</th>
              </tr>
            </thead>
            <tbody>
              {data.kinds.map((k) => (
                <tr key={k.kind}>
                  <td>{t(`identity.key.${k.kind}`)}</td>
                  <td>
                    <Share pct={k.pct} />
                  </td>
                  <td className="hs-right">
                    <Drill n={k.customers} onOpen={() => open({ kind: k.kind })} />
                  </td>
                  <td className="hs-right">
                    <Drill n={data.customers - k.customers} onOpen={() => open({ lacking: k.kind })} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Panel>
        <Panel title={t("identity.by_source")} definition={t("identity.complete_why", { fields: complete })}>
          <table className="hs-identity-table">
            <thead>
              <tr>
                <th>{t("identity.source")}</th>
                <th>{t("identity.complete")}</th>
                <th className="hs-right">{t("identity.strong_short")}</th>
                <th className="hs-right">{t("identity.customers")}</th>
                <th className="hs-right">{t("identity.incomplete")}</th>
              </tr>
            </thead>
            <tbody>
              {data.sources.map((s) => (
                <tr key={s.source}>
                  <td>{channel(s.source)}</td>
                  <td>
                    <Share pct={s.complete_pct} />
                  </td>
                  <td className="hs-right">
                    <Percent share={s.strong_pct / 100} />
                  </td>
                  <td className="hs-right">
                    {s.source ? (
                      <Drill n={s.customers} onOpen={() => open({ source: s.source })} />
                    ) : (
                      <Count n={s.customers} />
                    )}
                  </td>
                  <td className="hs-right">
                    {s.source ? (
                      <PeopleCount
                        n={s.customers - s.complete}
                        onOpen={() => open({ source: s.source, complete: "no" })}
                      />
                    ) : (
                      <Count n={s.customers - s.complete} />
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Panel>
      </div>
      <Behind drill={state} definition={complete} onClose={() => open({})} />
    </div>
  );
}

function People(props: { n: number; of: number }) {
  const { t } = useTranslation();
  const { language } = useReader();
  return <>{t("identity.of", { n: formatCount(props.n, language), of: formatCount(props.of, language) })}</>;
}

/** A count that leads to its people, unless there are none. */
function Drill(props: { n: number; onOpen: () => void }) {
  return props.n > 0 ? <PeopleCount n={props.n} onOpen={props.onOpen} /> : <Count n={0} />;
}

function Share(props: { pct: number }) {
  return (
    <span className="hs-identity-share">
      <span className="hs-identity-bar" aria-hidden="true">
        <span style={{ width: `${props.pct}%` }} />
      </span>
      <Percent share={props.pct / 100} />
    </span>
  );
}

/** The people behind a figure. */
function Behind(props: { drill: Required<Drilled>; definition: string; onClose: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const channel = useChannel();
  const { kind, lacking, complete, source } = props.drill;
  const open = Boolean(kind || lacking || complete || source);
  const query = $api.useInfiniteQuery(
    "get",
    "/api/v1/identity/people",
    {
      params: {
        query: {
          kind: (kind || undefined) as "phone" | undefined,
          lacking: (lacking || undefined) as "phone" | undefined,
          complete: (complete || undefined) as "yes" | undefined,
          source: source || undefined,
          limit: 50,
        },
      },
    },
    { ...keyset, enabled: open },
  );
  const parts = [
    kind ? t("identity.drill.kind", { kind: t(`identity.key.${kind}`) }) : "",
    lacking ? t("identity.drill.lacking", { kind: t(`identity.key.${lacking}`) }) : "",
    source ? t("identity.drill.source", { source: channel(source) }) : "",
    complete ? t(`identity.drill.complete_${complete}`) : "",
  ].filter(Boolean);
  const columns: Column<Person & { phone: string; city: string }>[] = [
    {
      key: "name",
      title: t("identity.customer"),
      width: 148,
      render: (p) => p.name || t("identity.nameless"),
      value: (p) => p.name,
    },
    {
      key: "phone",
      title: t("identity.key.phone"),
      width: 124,
      render: (p) => p.phone || <None />,
      value: (p) => p.phone,
    },
    {
      key: "city",
      title: t("identity.field.city"),
      width: 96,
      render: (p) => p.city || <None />,
      value: (p) => p.city,
    },
    {
      key: "spent",
      title: t("identity.spent"),
      align: "right",
      width: 120,
      render: (p) => <Money fen={p.spent_fen} />,
      value: (p) => (p.spent_fen ?? 0) / 100,
    },
  ];
  return (
    <PeopleDrawer
      open={open}
      title={parts.join(t("identity.and")) || t("identity.customers")}
      definition={complete ? t("identity.complete_why", { fields: props.definition }) : t("identity.by_kind_why")}
      query={query}
      columns={columns}
      onClose={props.onClose}
      onPerson={(p) => void navigate({ to: `/customers/${p.id}` as never })}
    />
  );
}
