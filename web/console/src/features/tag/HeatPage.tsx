import { DeleteOutlined } from "@ant-design/icons";
import { $api, type Schema } from "@huoshui/api";
import { Loaded, Page, Panel, useProblemText } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { App, Button, Input, InputNumber } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import "./tag.css";

/** How heat is counted: points by deed, and how fast they fade. */
export default function HeatPage() {
  const { t } = useTranslation();
  const heat = $api.useQuery("get", "/api/v1/heat", {}, { refetchOnWindowFocus: false });
  return (
    <Page
      title={t("tags.heat_title")}
      lead={t("tags.heat_lead")}
      crumbs={<Link to={"/tags" as never}>{t("tags.title")}</Link>}
      narrow
    >
      <Loaded query={heat}>{(h) => <Form key={h.version} heat={h} />}</Loaded>
    </Page>
  );
}

function Form(props: { heat: Schema<"HeatView"> }) {
  const { t } = useTranslation();
  const can = useCan();
  const text = useProblemText();
  const client = useQueryClient();
  const { message } = App.useApp();
  const [rows, setRows] = useState(() =>
    Object.entries(props.heat.weights)
      .map(([fact, weight], i) => ({ key: i, fact, weight }))
      .sort((a, b) => b.weight - a.weight),
  );
  const [halfLife, setHalfLife] = useState(props.heat.half_life_days);
  const may = can("layers.write");
  const save = $api.useMutation("put", "/api/v1/heat", {
    onSuccess: async (h) => {
      await client.invalidateQueries({ queryKey: ["get", "/api/v1/heat"] });
      void message.success(t("tags.heat_saved", { n: h.version }));
    },
    onError: (error) => void message.error(text(error)),
  });
  const change = (key: number, patch: Partial<(typeof rows)[number]>) =>
    setRows((all) => all.map((r) => (r.key === key ? { ...r, ...patch } : r)));
  return (
    <Panel
      actions={
        may ? (
          <Button
            type="primary"
            loading={save.isPending}
            onClick={() =>
              save.mutate({
                body: {
                  half_life_days: halfLife,
                  weights: Object.fromEntries(rows.filter((r) => r.fact.trim()).map((r) => [r.fact.trim(), r.weight])),
                },
              })
            }
          >
            {t("tags.heat_save")}
          </Button>
        ) : null
      }
      title={t("tags.heat")}
    >
      <div className="tags-row">
        <span>{t("tags.heat_half_life")}</span>
        <InputNumber
          aria-label={t("tags.heat_half_life")}
          min={0.25}
          max={365}
          value={halfLife}
          disabled={!may}
          onChange={(n) => setHalfLife(n ?? 7)}
        />
      </div>
      <table className="tags-heat">
        <thead>
          <tr>
            <th scope="col">{t("tags.heat_fact")}</th>
            <th scope="col">{t("tags.heat_weight")}</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {rows.map((r) => (
            <tr key={r.key}>
              <td>
                <span className="tags-heat-word">
                  {t(`customers.fact.${r.fact.replace(".", "_")}`, { defaultValue: "" })}{" "}
                </span>
                <Input
                  size="small"
                  aria-label={t("tags.heat_fact")}
                  value={r.fact}
                  disabled={!may}
                  onChange={(e) => change(r.key, { fact: e.target.value })}
                  style={{ width: 220 }}
                />
              </td>
              <td>
                <InputNumber
                  size="small"
                  aria-label={`${t("tags.heat_weight")} ${r.fact}`}
                  min={0}
                  max={1000}
                  value={r.weight}
                  disabled={!may}
                  onChange={(n) => change(r.key, { weight: n ?? 0 })}
                />
              </td>
              <td>
                <Button
                  type="text"
                  size="small"
                  icon={<DeleteOutlined />}
                  aria-label={`${t("tags.remove")} ${r.fact}`}
                  disabled={!may || rows.length === 1}
                  onClick={() => setRows((all) => all.filter((one) => one.key !== r.key))}
                />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {may ? (
        <Button
          size="small"
          onClick={() =>
            setRows((all) => [...all, { key: Math.max(...all.map((r) => r.key)) + 1, fact: "", weight: 1 }])
          }
        >
          {t("tags.heat_add")}
        </Button>
      ) : null}
    </Panel>
  );
}
