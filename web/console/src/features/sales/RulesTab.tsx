import { $api, type Schema } from "@huoshui/api";
import { ErrorNote, Loaded, Panel } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { App, Button, Input, Radio, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { Field, Whole } from "../../trading/Field";

type Rules = Schema<"CheckoutRules">;

/** The times of the store, what it sends by, and where orders are picked up. */
export default function RulesTab() {
  const query = $api.useQuery("get", "/api/v1/store/rules");
  return (
    <div className="hs-trade-stack">
      <Loaded query={query}>{(rules) => <Form key={JSON.stringify(rules)} initial={rules} />}</Loaded>
      <Tracking />
    </div>
  );
}

function Form(props: { initial: Rules }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const can = useCan();
  const client = useQueryClient();
  const [r, setRules] = useState(props.initial);
  const set = (patch: Partial<Rules>) => setRules({ ...r, ...patch });
  const save = $api.useMutation("put", "/api/v1/store/rules", { meta: { quiet: true } });
  const freights = $api.useQuery(
    "get",
    "/api/v1/promotions",
    { params: { query: { kind: ["freight"], limit: 200 } } },
    { enabled: can("promo.read") },
  );
  const write = can("goods.write");
  const run = async () => {
    await save.mutateAsync({ body: r });
    message.success(t("sales.rules.saved"));
    await client.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).includes("/store/rules") });
  };
  const number = (
    key: "pay_minutes" | "warn_minutes" | "finish_days" | "abandon_minutes" | "low_stock",
    unit: string,
  ) => (
    <Field label={t(`sales.rules.${key}`)} why={t(`sales.rules.${key}_why`)}>
      <Whole
        label={t(`sales.rules.${key}`)}
        n={r[key]}
        suffix={t(`sales.rules.${unit}`)}
        onChange={(n) => set({ [key]: n })}
      />
    </Field>
  );
  return (
    <Panel
      title={t("sales.rules.title")}
      actions={
        write ? (
          <Button
            type="primary"
            loading={save.isPending}
            disabled={JSON.stringify(r) === JSON.stringify(props.initial)}
            onClick={() => void run().catch(() => undefined)}
          >
            {t("sales.rules.save")}
          </Button>
        ) : null
      }
    >
      <fieldset disabled={!write} style={{ border: 0, margin: 0, padding: 0, minWidth: 0 }}>
        <div className="hs-trade-form">
          {save.error ? <ErrorNote error={save.error} small /> : null}
          {number("pay_minutes", "minutes")}
          {number("warn_minutes", "minutes")}
          {number("finish_days", "days")}
          {number("abandon_minutes", "minutes")}
          {number("low_stock", "units")}
          <Field label={t("sales.rules.freight")} why={t("sales.rules.freight_why")}>
            <Select
              aria-label={t("sales.rules.freight")}
              style={{ minWidth: 240 }}
              value={r.freight}
              onChange={(freight) => set({ freight })}
              options={[
                { value: "", label: t("sales.rules.no_freight") },
                ...(freights.data?.items ?? []).map((f) => ({ value: f.id, label: f.name })),
                ...(r.freight && !freights.data?.items.some((f) => f.id === r.freight)
                  ? [{ value: r.freight, label: r.freight }]
                  : []),
              ]}
            />
          </Field>
          <Field label={t("sales.rules.pickup")} why={t("sales.rules.pickup_why")}>
            <Input
              aria-label={t("sales.rules.pickup")}
              style={{ maxWidth: 480 }}
              maxLength={120}
              placeholder={t("sales.rules.no_pickup")}
              value={r.pickup}
              onChange={(e) => set({ pickup: e.target.value })}
            />
          </Field>
        </div>
      </fieldset>
    </Panel>
  );
}

const askings = ["on", "ask", "off"] as const;

/** Whether people are asked before the store's pages tell what they look at. */
function Tracking() {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const can = useCan();
  const client = useQueryClient();
  const query = $api.useQuery("get", "/api/v1/store/tracking");
  const save = $api.useMutation("put", "/api/v1/store/tracking", {
    meta: { quiet: true },
    onSuccess: async () => {
      message.success(t("sales.rules.saved"));
      await client.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).includes("/store/tracking") });
    },
  });
  return (
    <Panel title={t("sales.tracking_title")} definition={t("sales.tracking_why")}>
      <div className="hs-trade-stack">
        {save.error ? <ErrorNote error={save.error} small /> : null}
        <Loaded query={query}>
          {(now) => (
            <Radio.Group
              vertical
              disabled={!can("settings.write") || save.isPending}
              value={save.isPending ? save.variables.body.asking : now.asking}
              onChange={(e) => save.mutate({ body: { asking: e.target.value } })}
              options={askings.map((a) => ({
                value: a,
                label: (
                  <>
                    {t(`sales.asking.${a}`)} <span className="hs-secondary">{t(`sales.asking_why.${a}`)}</span>
                  </>
                ),
              }))}
            />
          )}
        </Loaded>
      </div>
    </Panel>
  );
}
