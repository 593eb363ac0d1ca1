import { $api, type Schema } from "@huoshui/api";
import { Count, Empty, formatSigned, Interval, Loaded, Money, Panel, useReader, type Verdict } from "@huoshui/ui";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

const verdicts: Record<string, Verdict> = {
  works: "works",
  hurts: "harms",
  no_effect_seen: "none",
  unknown: "unknown",
};

/** The strategies that covered most people, and what each brought, with its interval. */
export function Earned() {
  const { t } = useTranslation();
  const board = $api.useQuery("get", "/api/v1/board");
  return (
    <Panel
      title={t("overview.earned.title")}
      definition={t("overview.earned.why")}
      actions={<Link to="/board">{t("overview.earned.all")}</Link>}
    >
      <Loaded query={board}>
        {(data) =>
          data.strategies.length === 0 ? (
            <Empty small title={t("overview.earned.none")} />
          ) : (
            <EarnedTable lines={[...data.strategies].sort((a, b) => b.steps.covered - a.steps.covered).slice(0, 5)} />
          )
        }
      </Loaded>
    </Panel>
  );
}

function EarnedTable(props: { lines: readonly Schema<"EffectLine">[] }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const points = (share: number) => t("overview.earned.points", { n: formatSigned(share * 100, language, 1) });
  const ends = props.lines.flatMap((l) =>
    l.result.conversion ? [Math.abs(l.result.conversion.low), Math.abs(l.result.conversion.high)] : [],
  );
  const size = Math.max(0.001, ...ends) * 1.1;
  return (
    <table className="ov-table">
      <thead>
        <tr>
          <th scope="col">{t("overview.earned.strategy")}</th>
          <th scope="col">{t("overview.earned.covered")}</th>
          <th scope="col">{t("overview.earned.gmv")}</th>
          <th scope="col" className="ov-left">
            {t("overview.earned.effect")}
          </th>
        </tr>
      </thead>
      <tbody>
        {props.lines.map((line) => {
          const name = (language === "en" && line.name_en) || line.name || t("overview.earned.own");
          const { conversion } = line.result;
          return (
            <tr key={line.id || "none"}>
              <th scope="row">
                <Link to={`/board/strategies/${line.id || "none"}`}>{name}</Link>
              </th>
              <td>
                <Count n={line.steps.covered} />
              </td>
              <td>
                <Money fen={line.gmv_fen} short />
              </td>
              <td className="ov-left">
                <Interval
                  point={conversion?.estimate}
                  low={conversion?.low}
                  high={conversion?.high}
                  scale={[-size, size]}
                  verdict={verdicts[line.result.verdict] ?? "unknown"}
                  needed={line.result.needed}
                  format={points}
                />
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
