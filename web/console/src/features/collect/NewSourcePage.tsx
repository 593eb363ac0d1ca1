import { CloudServerOutlined, GlobalOutlined, LinkOutlined, MobileOutlined } from "@ant-design/icons";
import { $api } from "@huoshui/api";
import { Empty, Page, Panel, useProblemText } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Alert, AutoComplete, Button, Input, Select, Steps } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { channelCodes, useChannelName } from "../../shell/channel-name";
import { useCan } from "../../shell/session";
import "./collect.css";
import { Field } from "./Field";
import { emptyMapping, MappingEditor } from "./MappingEditor";
import { type Draft, kinds } from "./words";

const icons = {
  browser: <GlobalOutlined />,
  app: <MobileOutlined />,
  server: <CloudServerOutlined />,
  webhook: <LinkOutlined />,
};

/** A new source in a few steps: what it is, what it is called, of a webhook what is where; then its page shows the code. */
export default function NewSourcePage() {
  const { t } = useTranslation();
  const can = useCan();
  const navigate = useNavigate();
  const client = useQueryClient();
  const text = useProblemText();
  const [step, setStep] = useState(0);
  const [draft, setDraft] = useState<Draft>({ name: "", kind: "browser" });
  const [mapping, setMapping] = useState(emptyMapping);
  const create = $api.useMutation("post", "/api/v1/sources", {
    meta: { quiet: true },
    onSuccess: async (source) => {
      await client.invalidateQueries({ queryKey: ["get", "/api/v1/sources"] });
      void navigate({ to: `/collect/sources/${source.id}` as never, search: { made: true } as never });
    },
  });
  const hook = draft.kind === "webhook";
  const steps = ["kind", "about", ...(hook ? ["mapping"] : []), "code"] as const;
  const last = hook ? 2 : 1;
  const ready = step === 0 || draft.name.trim() !== "";
  const next = () =>
    step < last ? setStep(step + 1) : create.mutate({ body: { ...draft, ...(hook ? { mapping } : {}) } });
  return (
    <Page
      title={t("collect.new")}
      lead={t("collect.new_lead")}
      narrow={step < 2}
      crumbs={<Link to={"/collect" as never}>{t("collect.title")}</Link>}
    >
      {can("collect.write") ? (
        <>
          <Steps size="small" current={step} items={steps.map((s) => ({ title: t(`collect.step.${s}`) }))} />
          {step === 0 ? (
            <div className="hs-collect-kinds" role="radiogroup" aria-label={t("collect.kind")}>
              {kinds.map((kind) => (
                // biome-ignore lint/a11y/useSemanticElements: a card with a heading and a text is no native radio
                <button
                  key={kind}
                  type="button"
                  role="radio"
                  aria-checked={draft.kind === kind}
                  className="hs-collect-kind"
                  onClick={() => setDraft({ ...draft, kind })}
                >
                  <span className="hs-collect-kind-icon">{icons[kind]}</span>
                  <b>{t(`collect.kinds.${kind}`)}</b>
                  <span className="hs-secondary">{t(`collect.kind_text.${kind}`)}</span>
                  <span className="hs-secondary">{t(`collect.kind_trust.${kind}`)}</span>
                </button>
              ))}
            </div>
          ) : step === 1 ? (
            <Panel>
              <About draft={draft} onChange={setDraft} onDone={() => ready && next()} />
            </Panel>
          ) : (
            <MappingEditor mapping={mapping} onChange={setMapping} />
          )}
          {create.error ? <Alert type="error" showIcon title={text(create.error)} /> : null}
          <div className="hs-collect-next">
            {step > 0 ? <Button onClick={() => setStep(step - 1)}>{t("collect.previous")}</Button> : null}
            <Button type="primary" disabled={!ready} loading={create.isPending} onClick={next}>
              {step < last ? t("collect.next") : t("collect.create")}
            </Button>
          </div>
        </>
      ) : (
        <Empty title={t("collect.cannot_write")} />
      )}
    </Page>
  );
}

/** What a person says of a source: its name, and of a browser the pages that it may send from. */
export function About(props: { draft: Draft; onChange: (draft: Draft) => void; onDone?: () => void }) {
  const { t } = useTranslation();
  const channel = useChannelName();
  const { draft } = props;
  return (
    <form
      className="hs-collect-form"
      onSubmit={(e) => {
        e.preventDefault();
        props.onDone?.();
      }}
    >
      <Field label={t("collect.name")}>
        {(id) => (
          <Input
            id={id}
            autoFocus
            maxLength={100}
            value={draft.name}
            placeholder={t(`collect.name_example.${draft.kind}`)}
            onChange={(e) => props.onChange({ ...draft, name: e.target.value })}
          />
        )}
      </Field>
      {draft.kind === "browser" ? (
        <div className="hs-collect-field">
          <span id="origins">{t("collect.origins")}</span>
          <Select
            mode="tags"
            open={false}
            suffixIcon={null}
            aria-labelledby="origins"
            tokenSeparators={[",", " ", "\n", "，"]}
            value={draft.origins ?? []}
            placeholder="https://shop.example.com"
            onChange={(origins: string[]) => props.onChange({ ...draft, origins })}
          />
          <span className="hs-secondary">{t("collect.origins_hint")}</span>
        </div>
      ) : null}
      <Field label={t("collect.channel")} hint={t("collect.channel_hint")}>
        {(id) => (
          <AutoComplete
            id={id}
            allowClear
            maxLength={40}
            value={draft.channel ?? ""}
            placeholder={t("collect.channel_none")}
            options={channelCodes.map((c) => ({ value: c, label: `${channel(c)} ${c}` }))}
            onChange={(v?: string) => props.onChange({ ...draft, channel: v?.trim() ?? "" })}
          />
        )}
      </Field>
      <button type="submit" hidden />
    </form>
  );
}
