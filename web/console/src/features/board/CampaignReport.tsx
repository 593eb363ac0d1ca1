import { $api } from "@huoshui/api";
import { LayerTag, Loaded, Page } from "@huoshui/ui";
import { Link, useParams } from "@tanstack/react-router";
import { Space } from "antd";
import { useTranslation } from "react-i18next";
import { useUrlState } from "../../shell/url";
import { NumberPeople } from "./NumberPeople";
import { EffectReport } from "./Report";

/** What one campaign earned, refreshed while its windows are open. */
export default function CampaignReport() {
  const { t } = useTranslation();
  const { id } = useParams({ strict: false }) as { id: string };
  const [state, setState] = useUrlState({ drill: "" });
  const report = $api.useQuery(
    "get",
    "/api/v1/board/campaigns/{id}",
    { params: { path: { id } } },
    { refetchInterval: (q) => ((q.state.data?.open_people ?? 0) > 0 ? 30_000 : false) },
  );
  return (
    <Loaded query={report}>
      {(r) => (
        <Page
          title={r.name}
          titleExtra={r.layer ? <LayerTag layer={r.layer} /> : null}
          crumbs={<Link to={"/board" as never}>{t("board.title")}</Link>}
          actions={
            <Space size="middle">
              {r.strategy_id ? <Link to={`/board/strategies/${r.strategy_id}` as never}>{t("board.one")}</Link> : null}
              <Link to={`/campaigns/${id}` as never}>{t("board.see_campaign")}</Link>
            </Space>
          }
        >
          <EffectReport
            report={r}
            kind="campaigns"
            id={id}
            onDrill={(drill) => setState({ drill })}
            onCampaign={() => undefined}
          />
          <NumberPeople drill={state.drill} onClose={() => setState({ drill: "" })} />
        </Page>
      )}
    </Loaded>
  );
}
