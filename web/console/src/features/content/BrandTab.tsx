import { $api, type Schema } from "@huoshui/api";
import { ErrorNote, Loaded, Panel } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { App, Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import "./content.css";

/** Who speaks and where links lead: a tab of the settings. */
export default function BrandTab() {
  const query = $api.useQuery("get", "/api/v1/brand");
  return <Loaded query={query}>{(b) => <Form key={b.version} brand={b} />}</Loaded>;
}

function Form(props: { brand: Schema<"BrandInForce"> }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const can = useCan();
  const client = useQueryClient();
  const [name, setName] = useState(props.brand.name);
  const [link, setLink] = useState(props.brand.link);
  const save = $api.useMutation("put", "/api/v1/brand", { meta: { quiet: true } });
  return (
    <Panel title={t("content.brand")}>
      <p className="hs-secondary">{t("content.brand_lead")}</p>
      {save.error ? <ErrorNote small error={save.error} /> : null}
      <div className="ct-form ct-brand">
        <fieldset className="ct-field" aria-label={t("content.brand_name")}>
          <span>{t("content.brand_name")}</span>
          <Input
            value={name}
            maxLength={60}
            readOnly={!can("content.write")}
            onChange={(e) => setName(e.target.value)}
          />
        </fieldset>
        <fieldset className="ct-field" aria-label={t("content.brand_link")}>
          <span>
            {t("content.brand_link")} · {t("content.brand_link_why")}
          </span>
          <Input
            value={link}
            maxLength={500}
            readOnly={!can("content.write")}
            onChange={(e) => setLink(e.target.value)}
          />
        </fieldset>
      </div>
      {can("content.write") ? (
        <Button
          type="primary"
          loading={save.isPending}
          onClick={async () => {
            await save.mutateAsync({ body: { name, link } });
            await client.invalidateQueries({ queryKey: ["get", "/api/v1/brand"] });
            message.success(t("content.done"));
          }}
        >
          {t("content.brand_save")}
        </Button>
      ) : null}
    </Panel>
  );
}
