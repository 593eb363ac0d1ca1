import { $api } from "@huoshui/api";
import { LayerTag, Loaded, Page, Panel, useReader, When } from "@huoshui/ui";
import { Link, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { StrategyActions, StrategyFacts } from "./StrategyFacts";
import { say } from "./words";
import "./strategies.css";

/** One strategy as a page, with what it was. */
export default function StrategyPage() {
  const { t } = useTranslation();
  const { language } = useReader();
  const can = useCan();
  const { id } = useParams({ strict: false }) as { id: string };
  const one = $api.useQuery("get", "/api/v1/strategies/{id}", { params: { path: { id } } });
  const versions = $api.useQuery("get", "/api/v1/strategies/{id}/versions", { params: { path: { id } } });
  const board = $api.useQuery("get", "/api/v1/board", {}, { enabled: can("effect.read"), meta: { quiet: true } });
  return (
    <Loaded query={one}>
      {(s) => (
        <Page
          title={say(s.name, language)}
          titleExtra={<LayerTag layer={s.layer} />}
          crumbs={<Link to={"/strategies" as never}>{t("strategies.title")}</Link>}
          actions={<StrategyActions strategy={s as never} />}
          aside={
            <Panel title={t("strategies.history")}>
              <ol className="st-history">
                {versions.data?.items.map((v) => (
                  <li key={v.version}>
                    <b>{t("strategies.history_line", { n: v.version })}</b>
                    <span>{say(v.name, language)}</span>
                    <When at={v.changed_at} />
                  </li>
                ))}
              </ol>
            </Panel>
          }
        >
          <StrategyFacts id={id} line={board.data?.strategies.find((l) => l.id === id)} />
        </Page>
      )}
    </Loaded>
  );
}
