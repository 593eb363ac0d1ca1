import { $api } from "@huoshui/api";
import { LayerTag, Loaded, Page, useReader } from "@huoshui/ui";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useUrlState } from "../../shell/url";
import { NumberPeople } from "./NumberPeople";
import { lineName } from "./parts";
import { EffectReport } from "./Report";

/** What one strategy earned over all its campaigns. */
export default function StrategyReport() {
  const { t } = useTranslation();
  const { language } = useReader();
  const navigate = useNavigate();
  const { id } = useParams({ strict: false }) as { id: string };
  const [state, setState] = useUrlState({ drill: "" });
  const report = $api.useQuery("get", "/api/v1/board/strategies/{id}", { params: { path: { id } } });
  return (
    <Loaded query={report}>
      {(r) => (
        <Page
          title={lineName(r as never, language, t("board.none"))}
          titleExtra={r.layer ? <LayerTag layer={r.layer} /> : null}
          crumbs={<Link to={"/board" as never}>{t("board.title")}</Link>}
          actions={r.id ? <Link to={`/strategies/${r.id}` as never}>{t("board.see_strategy")}</Link> : null}
        >
          <EffectReport
            report={r}
            kind="strategies"
            id={id}
            onDrill={(drill) => setState({ drill })}
            onCampaign={(campaign) => void navigate({ to: `/board/campaigns/${campaign}` as never })}
          />
          <NumberPeople drill={state.drill} onClose={() => setState({ drill: "" })} />
        </Page>
      )}
    </Loaded>
  );
}
