import { $api } from "@huoshui/api";
import { Facts, LayerTag, Loaded, Loading, layerCodes, Panel, useReader } from "@huoshui/ui";
import { Link } from "@tanstack/react-router";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import "./layers.css";
import { flagWhy, layerWhy, stageCodes, stageWhy } from "./words";

/** The definitions in force, in words, and the way to where they are changed. */
export default function DefinitionsTab() {
  const { t } = useTranslation();
  const { language } = useReader();
  const inForce = $api.useQuery("get", "/api/v1/layers/definition");
  return (
    <Loaded query={inForce} loading={<Loading height={320} />}>
      {({ definition: d, version }) => (
        <div className="layers-stack">
          <Panel
            title={t("layers.def.layers")}
            definition={t("layers.def.layers_text")}
            actions={
              <>
                <span className="hs-secondary">
                  {version > 0 ? t("layers.def.version", { n: version }) : t("layers.def.version_0")}
                </span>
                <Link to={"/layers/definition" as never}>
                  <Button size="small">{t("layers.edit")}</Button>
                </Link>
              </>
            }
          >
            <Facts
              columns={1}
              items={layerCodes.map((code) => ({
                label: <LayerTag layer={code} />,
                value: layerWhy(t, language, code, d, d.layers.vip.min_spent_fen),
              }))}
            />
          </Panel>
          <div className="layers-two">
            <Panel title={t("layers.def.lifecycle")} definition={t("layers.def.lifecycle_text")}>
              <Facts
                columns={1}
                items={stageCodes.map((code) => ({ label: t(`layers.stage.${code}`), value: stageWhy(t, code, d) }))}
              />
            </Panel>
            <Panel title={t("layers.flags")} definition={t("layers.flags_why")}>
              <Facts
                columns={1}
                items={(["active", "pseudo_high_value", "call_first", "churn_warning"] as const).map((code) => ({
                  label: t(`layers.flag.${code}`),
                  value: flagWhy(t, language, code, d),
                }))}
              />
            </Panel>
          </div>
        </div>
      )}
    </Loaded>
  );
}
