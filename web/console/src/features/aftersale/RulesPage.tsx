import { $api, type Schema } from "@huoshui/api";
import { ErrorNote, Loading, Page, Panel } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { App, Button, Checkbox, Input, InputNumber, Select } from "antd";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import "./aftersale.css";

type Rules = Schema<"AftersaleRules">;
const layers = ["vip", "potential", "new", "silent", "lost"] as const;

/** The times of after-sale and the freight insurance. */
export default function RulesPage() {
  const { t } = useTranslation();
  const query = $api.useQuery("get", "/api/v1/after-sale/rules");
  return (
    <Page
      narrow
      title={t("aftersale.rules.title")}
      lead={t("aftersale.rules.lead")}
      crumbs={<Link to={"/after-sale" as never}>{t("aftersale.rules.back")}</Link>}
    >
      {query.error ? (
        <ErrorNote error={query.error} onRetry={() => void query.refetch()} />
      ) : query.data ? (
        <Form read={query.data} />
      ) : (
        <Loading />
      )}
    </Page>
  );
}

function Form({ read }: { read: Rules }) {
  const { t } = useTranslation();
  const can = useCan();
  const client = useQueryClient();
  const { message } = App.useApp();
  const [rules, setRules] = useState(read);
  const off = !can("goods.write");
  const save = $api.useMutation("put", "/api/v1/after-sale/rules", {
    meta: { quiet: true },
    onSuccess: async () => {
      message.success(t("aftersale.rules.saved"));
      await client.invalidateQueries({ predicate: (q) => q.queryKey[1] === "/api/v1/after-sale/rules" });
    },
  });
  const set = (patch: Partial<Rules>) => setRules({ ...rules, ...patch });
  const number = (
    key: "days" | "answer_hours" | "ask_hours" | "send_days" | "receive_days",
    unit: string,
    least: number,
    most: number,
  ) => (
    <Row id={key} label={t(`aftersale.rules.${key}`)}>
      <InputNumber
        id={key}
        disabled={off}
        min={least}
        max={most}
        precision={0}
        suffix={unit}
        value={rules[key]}
        onChange={(v) => set({ [key]: v ?? least })}
        style={{ width: 160 }}
      />
    </Row>
  );
  const yuan = (key: "cover_fen" | "cover_from_fen", label: string) => (
    <Row id={key} label={label}>
      <InputNumber
        id={key}
        disabled={off}
        min={0}
        max={10_000}
        precision={2}
        prefix="¥"
        value={rules[key] / 100}
        onChange={(v) => set({ [key]: Math.round((v ?? 0) * 100) })}
        style={{ width: 160 }}
      />
    </Row>
  );
  const days = t("aftersale.rules.days_unit");
  const hours = t("aftersale.rules.hours_unit");
  return (
    <>
      <Panel title={t("aftersale.rules.times")}>
        <div className="hs-aftersale-rules">
          {number("days", days, 0, 365)}
          {number("answer_hours", hours, 1, 720)}
          {number("ask_hours", hours, 1, 720)}
          {number("send_days", days, 1, 60)}
          {number("receive_days", days, 1, 60)}
        </div>
      </Panel>
      <Panel title={t("aftersale.rules.cover")}>
        <p>{t("aftersale.rules.cover_text")}</p>
        <div className="hs-aftersale-rules">
          {yuan("cover_fen", t("aftersale.rules.cover_fen"))}
          <span />
          <small>{t("aftersale.rules.cover_zero")}</small>
          <span />
          <Checkbox disabled={off} checked={rules.cover_given} onChange={(e) => set({ cover_given: e.target.checked })}>
            {t("aftersale.rules.cover_given")}
          </Checkbox>
          {rules.cover_given ? (
            <>
              {yuan("cover_from_fen", t("aftersale.rules.cover_from"))}
              <Row id="cover_layers" label={t("aftersale.rules.cover_layers")}>
                <Select
                  id="cover_layers"
                  mode="multiple"
                  disabled={off}
                  placeholder={t("aftersale.rules.cover_layers_all")}
                  value={rules.cover_layers}
                  onChange={(v) => set({ cover_layers: v })}
                  options={layers.map((l) => ({ value: l, label: t(`ui.layer.${l}`) }))}
                  style={{ width: 320 }}
                />
              </Row>
            </>
          ) : null}
          <Row id="cover_sku" label={t("aftersale.rules.cover_sku")}>
            <Input
              id="cover_sku"
              disabled={off}
              maxLength={64}
              value={rules.cover_sku}
              onChange={(e) => set({ cover_sku: e.target.value.trim() })}
              style={{ width: 320 }}
            />
          </Row>
          <span />
          <small>{t("aftersale.rules.cover_sku_text")}</small>
        </div>
      </Panel>
      {save.error ? <ErrorNote error={save.error} /> : null}
      {off ? null : (
        <div>
          <Button type="primary" loading={save.isPending} onClick={() => save.mutate({ body: rules })}>
            {t("aftersale.rules.save")}
          </Button>
        </div>
      )}
    </>
  );
}

function Row({ id, label, children }: { id: string; label: string; children: ReactNode }) {
  return (
    <>
      <label htmlFor={id}>{label}</label>
      <div>{children}</div>
    </>
  );
}
