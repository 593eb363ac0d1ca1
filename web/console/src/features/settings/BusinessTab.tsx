import { $api, type Schema } from "@huoshui/api";
import { ErrorNote, Loaded, Panel } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { App, Button, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";

/** Where the business counts its days: a tab of the settings. */
export default function BusinessTab() {
  const query = $api.useQuery("get", "/api/v1/business");
  return <Loaded query={query}>{(b) => <Form key={b.next_zone} business={b} />}</Loaded>;
}

function Form(props: { business: Schema<"Business"> }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const can = useCan();
  const client = useQueryClient();
  const [zone, setZone] = useState(props.business.next_zone);
  const save = $api.useMutation("put", "/api/v1/business", { meta: { quiet: true } });
  const { zone: now, next_zone: next } = props.business;
  const known = Intl.supportedValuesOf("timeZone");
  return (
    <Panel title={t("settings.business")}>
      <p className="hs-secondary">{t("settings.business_lead")}</p>
      {save.error ? <ErrorNote small error={save.error} /> : null}
      <p>
        <Select
          aria-label={t("settings.zone")}
          showSearch
          style={{ width: 280 }}
          value={zone}
          disabled={!can("settings.write")}
          options={(known.includes(zone) ? known : [zone, ...known]).map((value) => ({ value, label: value }))}
          onChange={setZone}
        />
      </p>
      {now === next ? null : <p className="hs-secondary">{t("settings.zone_next", { now, next })}</p>}
      {can("settings.write") ? (
        <Button
          type="primary"
          disabled={zone === next}
          loading={save.isPending}
          onClick={async () => {
            await save.mutateAsync({ body: { zone } });
            await client.invalidateQueries({ queryKey: ["get", "/api/v1/business"] });
            message.success(t("settings.zone_saved"));
          }}
        >
          {t("settings.zone_save")}
        </Button>
      ) : null}
    </Panel>
  );
}
