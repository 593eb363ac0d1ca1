import { $api } from "@huoshui/api";
import { ErrorNote, Loading, useReader } from "@huoshui/ui";
import { keepPreviousData } from "@tanstack/react-query";
import { Segmented, Select } from "antd";
import { useDeferredValue, useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { channels, covered, type Draft } from "./words";

/**
 * A draft as one real person would get it: the channel, the language and the person are chosen here. Nothing is sent.
 * `channel` and `language` follow the body that is being written.
 */
export function Preview(props: { draft: Draft; channel?: string; language?: string }) {
  const { t } = useTranslation();
  const reader = useReader();
  const can = useCan();
  const [chosen, setChosen] = useState("");
  const [person, setPerson] = useState<number>(0);
  const [search, setSearch] = useState("");
  const has = covered(props.draft.bodies);
  const wanted = props.channel || chosen;
  const channel = has.includes(wanted) ? wanted : (has[0] ?? "phone");
  const language = props.language ?? reader.language;
  const draft = useDeferredValue(props.draft);
  const people = $api.useQuery(
    "get",
    "/api/v1/customers",
    { params: { query: { q: search || undefined, limit: 20 } as never } },
    { enabled: can("customers.read"), placeholderData: keepPreviousData, meta: { quiet: true } },
  );
  const look = $api.useQuery(
    "post",
    "/api/v1/contents/preview",
    {
      body: {
        draft: draft as never,
        channel: channel as never,
        language: language as never,
        customer: person,
        offer: { benefit: t("content.offer_benefit"), coupon: "BACK40" },
      },
    },
    { retry: false, placeholderData: keepPreviousData, meta: { quiet: true } },
  );
  return (
    <div className="ct-preview">
      <div className="ct-preview-bar">
        {has.length > 1 && !props.channel ? (
          <Segmented
            size="small"
            value={channel}
            onChange={setChosen}
            options={channels
              .filter((c) => has.includes(c))
              .map((c) => ({ value: c, label: t(`content.channels.${c}`) }))}
          />
        ) : (
          <span className="hs-secondary">{t(`content.channels.${channel}`)}</span>
        )}
        {can("customers.read") ? (
          <Select
            size="small"
            aria-label={t("content.person")}
            value={person}
            onChange={setPerson}
            showSearch={{ filterOption: false, onSearch: setSearch }}
            style={{ width: 168 }}
            popupMatchSelectWidth={false}
            options={[
              { value: 0, label: t("content.sample") },
              ...(people.data?.items ?? []).map((p) => ({ value: p.number, label: p.name || p.code })),
            ]}
          />
        ) : null}
      </div>
      {look.error ? (
        <ErrorNote small error={look.error} />
      ) : look.data ? (
        <>
          {channel === "email" && look.data.html ? (
            <div className="ct-mail">
              <b>{look.data.subject}</b>
              <iframe title={look.data.subject} sandbox="" srcDoc={look.data.html} />
            </div>
          ) : (
            <div className="ct-phone" data-channel={channel}>
              <b>{look.data.subject}</b>
              <p>{look.data.text}</p>
              {channel === "phone" && look.data.action ? <span className="ct-action">{look.data.action}</span> : null}
            </div>
          )}
          {look.data.variables.length > 0 ? (
            <dl className="ct-used">
              {look.data.variables.map((v) => (
                <div key={v.name}>
                  <dt>{t(`content.variable.${v.name}`, { defaultValue: v.name })}</dt>
                  <dd>{v.fallback ? <i>{t("content.used_fallback")}</i> : v.value}</dd>
                </div>
              ))}
            </dl>
          ) : null}
        </>
      ) : (
        <Loading rows={4} />
      )}
    </div>
  );
}
