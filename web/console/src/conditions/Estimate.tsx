import { $api, type Schema } from "@huoshui/api";
import { formatCount, formatPercent, LayerTag, Loading, Panel, Status, useProblemText, useReader } from "@huoshui/ui";
import { keepPreviousData } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useSettled } from "./Builder";
import { type Group, questionOf } from "./tree";

/** How many people the question finds now and who some of them are, while it is being written. */
export function useEstimate(root: Group) {
  const condition = useSettled(JSON.stringify(questionOf(root)), 250);
  const query = $api.useQuery(
    "post",
    "/api/v1/segments/estimate",
    { body: { condition: JSON.parse(condition) } },
    { placeholderData: keepPreviousData, staleTime: 10_000, retry: false, meta: { quiet: true } },
  );
  return { query, settled: condition === JSON.stringify(questionOf(root)), everyone: condition.includes('"everyone"') };
}

/** The live panel at the right of the builder. */
export function EstimatePanel(props: { estimate: ReturnType<typeof useEstimate> }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const text = useProblemText();
  const { query, settled, everyone } = props.estimate;
  const waiting = !settled || query.isFetching;
  return (
    <Panel title={t("segments.estimate")}>
      {query.error ? (
        <div role="alert">
          <Status tone="danger">{t("segments.estimate_bad")}</Status>
          <p className="hs-secondary">{text(query.error)}</p>
        </div>
      ) : query.data ? (
        <div className="segments-estimate" data-waiting={waiting || undefined} aria-busy={waiting} aria-live="polite">
          <p className="segments-estimate-head">
            <b className="hs-num">{formatCount(query.data.people, language)}</b>
            <span>{t("segments.estimate_people")}</span>
          </p>
          <div className="segments-share" aria-hidden>
            <span style={{ width: `${(query.data.people / Math.max(1, query.data.universe)) * 100}%` }} />
          </div>
          <p className="hs-secondary">
            {t("segments.estimate_of", {
              n: formatCount(query.data.universe, language),
              share: formatPercent(query.data.people / Math.max(1, query.data.universe), language),
            })}
          </p>
          {everyone ? <p className="hs-secondary">{t("segments.estimate_all")}</p> : null}
          {query.data.people === 0 ? (
            <p>{t("segments.estimate_none")}</p>
          ) : (
            <>
              <h3>{t("segments.estimate_sample")}</h3>
              <Samples people={query.data.sample} />
            </>
          )}
          <p className="hs-secondary">
            {t("segments.estimate_took", { ms: Math.max(1, Math.round(query.data.took_ms)), read: query.data.read })}
          </p>
        </div>
      ) : (
        <Loading height={240} />
      )}
    </Panel>
  );
}

function Samples(props: { people: readonly Schema<"SegmentPerson">[] }) {
  const { t } = useTranslation();
  const { language } = useReader();
  return (
    <ul className="segments-samples">
      {props.people.map((p) => (
        <li key={p.id}>
          <Link to={`/customers/${p.id}` as never}>{p.name || p.id}</Link>
          <LayerTag layer={p.layer} />
          <span className="hs-num hs-secondary">
            {t("segments.orders", { count: p.orders, n: formatCount(p.orders, language) })}
          </span>
        </li>
      ))}
    </ul>
  );
}
