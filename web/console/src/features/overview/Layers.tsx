import type { Schema } from "@huoshui/api";
import {
  type Asked,
  Empty,
  formatCount,
  formatSigned,
  type LayerCode,
  LayerTag,
  Loaded,
  layerCodes,
  Money,
  Panel,
  PeopleCount,
  Percent,
  useReader,
} from "@huoshui/ui";
import { Link, useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

/** Everybody by layer: how many, how many more or fewer than a week ago, what they have spent. */
export function Layers(props: { query: Asked<Schema<"LayerOverview">>; none: boolean }) {
  const { t } = useTranslation();
  return (
    <Panel
      title={t("overview.layers.title")}
      definition={t("overview.layers.why")}
      actions={<Link to="/layers">{t("overview.layers.all")}</Link>}
    >
      {props.none ? (
        <Empty small title={t("overview.layers.none")} />
      ) : (
        <Loaded query={props.query}>{(data) => <LayerTable overview={data} />}</Loaded>
      )}
    </Panel>
  );
}

function LayerTable(props: { overview: Schema<"LayerOverview"> }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const navigate = useNavigate();
  const { layers, compared, snapshot } = props.overview;
  const all = layers.reduce((sum, l) => sum + l.people, 0);
  const of = (list: readonly Schema<"LayerCount">[], code: LayerCode) => list.find((l) => l.code === code);
  return (
    <>
      <div className="ov-bar" aria-hidden="true">
        {layerCodes.map((code) => (
          <span key={code} style={{ flexGrow: of(layers, code)?.people ?? 0, background: `var(--hs-layer-${code})` }} />
        ))}
      </div>
      <table className="ov-table">
        <thead>
          <tr>
            <th scope="col">{t("overview.layers.title")}</th>
            <th scope="col">{t("overview.layers.people")}</th>
            <th scope="col">{t("overview.layers.share")}</th>
            <th scope="col">
              {compared ? t("overview.layers.since", { day: compared.day.slice(5) }) : t("overview.layers.change")}
            </th>
            <th scope="col" title={t("overview.layers.value_why")}>
              {t("overview.layers.value", { days: snapshot.definition.layers.vip.window_days })}
            </th>
          </tr>
        </thead>
        <tbody>
          {layerCodes.map((code) => {
            const now = of(layers, code);
            const then = compared ? of(compared.layers, code) : undefined;
            return (
              <tr key={code}>
                <th scope="row">
                  <LayerTag layer={code} />
                </th>
                <td>
                  <PeopleCount
                    n={now?.people ?? 0}
                    onOpen={() => void navigate({ to: "/customers", search: { layer: code } as never })}
                  />
                </td>
                <td>
                  <Percent column share={all > 0 ? (now?.people ?? 0) / all : undefined} />
                </td>
                <td className="hs-num">
                  {compared ? formatSigned((now?.people ?? 0) - (then?.people ?? 0), language) : "—"}
                </td>
                <td>
                  <Money fen={now?.value_fen} short />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <p className="hs-secondary">
        {t("overview.layers.at", { day: snapshot.day })} ·{" "}
        {t("ui.people.count", { count: snapshot.people, n: formatCount(snapshot.people, language) })}
      </p>
    </>
  );
}
