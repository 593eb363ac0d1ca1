import { PlusOutlined } from "@ant-design/icons";
import { $api, type Schema } from "@huoshui/api";
import {
  EffectInterval,
  Empty,
  LayerTag,
  Loaded,
  Loading,
  Page,
  RowDrawer,
  SearchBox,
  Status,
  useReader,
} from "@huoshui/ui";
import { keepPreviousData } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Button, Checkbox, Segmented, Tooltip } from "antd";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useUrlState } from "../../shell/url";
import { StrategyActions, StrategyFacts } from "./StrategyFacts";
import { daysText, type Strategy, say } from "./words";
import "./strategies.css";

const layers = ["vip", "potential", "new", "silent", "lost"] as const;

/** The library, a shelf for each layer. */
export default function StrategiesPage() {
  const { t } = useTranslation();
  const can = useCan();
  const navigate = useNavigate();
  const [state, setState] = useUrlState({ q: "", layer: "", archived: false, open: "" });
  const list = $api.useQuery(
    "get",
    "/api/v1/strategies",
    { params: { query: { q: state.q || undefined, archived: state.archived || undefined, limit: 200 } } },
    { placeholderData: keepPreviousData },
  );
  const board = $api.useQuery("get", "/api/v1/board", {}, { enabled: can("effect.read"), meta: { quiet: true } });
  const lines = new Map(board.data?.strategies.map((l) => [l.id, l]));
  const opened = list.data?.items.find((s) => s.id === state.open);
  const { language } = useReader();
  return (
    <Page
      title={t("strategies.title")}
      lead={t("strategies.lead")}
      actions={
        can("strategies.write") ? (
          <Button
            type="primary"
            icon={<PlusOutlined />}
            onClick={() => void navigate({ to: "/strategies/new" as never })}
          >
            {t("strategies.new")}
          </Button>
        ) : null
      }
    >
      <div className="st-bar">
        <Segmented
          value={state.layer}
          onChange={(layer) => setState({ layer })}
          options={[
            { value: "", label: t("strategies.all_layers") },
            ...layers.map((l) => ({ value: l, label: <LayerTag layer={l} /> })),
          ]}
        />
        <SearchBox value={state.q} placeholder={t("strategies.search")} onSearch={(q) => setState({ q })} />
        <Checkbox checked={state.archived} onChange={(e) => setState({ archived: e.target.checked })}>
          {t("strategies.archived")}
        </Checkbox>
      </div>
      <Loaded query={list} loading={<Loading blocks={6} height={168} />}>
        {(data) => {
          const shelves = layers.filter((l) => !state.layer || l === state.layer);
          if ((state.q || state.archived) && data.items.length === 0) {
            return <Empty small title={t("strategies.nothing")} />;
          }
          return (
            <div className="st-shelves">
              {shelves.map((layer) => {
                const items = data.items.filter((s) => s.layer === layer);
                if (items.length === 0 && (state.q || state.archived)) {
                  return null;
                }
                return (
                  <section key={layer} className="st-shelf" aria-label={t(`ui.layer.${layer}`)}>
                    <header>
                      <h2>
                        <LayerTag layer={layer} />
                      </h2>
                      <span className="hs-secondary">{t(`strategies.layer_meaning.${layer}`)}</span>
                    </header>
                    {items.length === 0 ? (
                      <Empty
                        small
                        title={t("strategies.empty")}
                        action={
                          can("strategies.write") ? (
                            <Link to={"/strategies/new" as never} search={{ layer } as never}>
                              {t("strategies.new")}
                            </Link>
                          ) : undefined
                        }
                      >
                        {t("strategies.empty_text")}
                      </Empty>
                    ) : (
                      <div className="st-cards">
                        {items.map((s) => (
                          <Card
                            key={s.id}
                            strategy={s}
                            line={lines.get(s.id)}
                            open={state.open === s.id}
                            onOpen={() => setState({ open: s.id })}
                          />
                        ))}
                      </div>
                    )}
                  </section>
                );
              })}
            </div>
          );
        }}
      </Loaded>
      <RowDrawer
        open={!!opened}
        width={640}
        title={opened ? say(opened.name, language) : ""}
        subtitle={opened ? <LayerTag layer={opened.layer} /> : null}
        onClose={() => setState({ open: "" })}
        onOpenPage={() => void navigate({ to: `/strategies/${state.open}` as never })}
        footer={opened ? <StrategyActions strategy={opened} /> : null}
      >
        {opened ? <StrategyFacts id={opened.id} line={lines.get(opened.id)} /> : null}
      </RowDrawer>
    </Page>
  );
}

function Card(props: { strategy: Strategy; line?: Schema<"EffectLine">; open: boolean; onOpen: () => void }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const s = props.strategy;
  return (
    <article className="st-card" data-layer={s.layer} data-open={props.open || undefined}>
      <div>
        <button type="button" className="st-card-open" onClick={props.onOpen}>
          {say(s.name, language)}
        </button>
        <div className="st-card-tags">
          <span className="st-goal">{t(`strategies.goals.${s.goal}`)}</span>
          {s.shipped ? (
            <Tooltip title={t("strategies.shipped_why")}>
              <span className="st-goal">{t("strategies.shipped")}</span>
            </Tooltip>
          ) : null}
        </div>
      </div>
      <div>
        <p>{say(s.benefit, language) || "—"}</p>
        <p className="st-card-line">{s.coupon}</p>
      </div>
      <div>
        <p>{s.channels.map((ch) => t(`strategies.channels.${ch}`)).join(" → ")}</p>
        <p className="st-card-line">
          {daysText(t, s.timing.weekdays, language)} {s.timing.at} · {t(`strategies.teams.${s.owner_team}`)}
        </p>
      </div>
      <div className="st-card-effect">
        {props.line ? (
          <EffectInterval effect={props.line.result} />
        ) : (
          <Status tone="calm">{t("strategies.effect_none")}</Status>
        )}
      </div>
    </article>
  );
}
