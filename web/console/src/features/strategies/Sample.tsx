import { $api } from "@huoshui/api";
import { ErrorNote, Loading, useReader } from "@huoshui/ui";
import { Segmented } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Draft, say } from "./words";

/** What a customer reads when the strategy is sent, channel by channel, with the samples of the variables. */
export function Sample(props: { draft: Draft }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const [chosen, setChosen] = useState("");
  const d = props.draft;
  const channel = d.channels.includes(chosen) ? chosen : (d.channels[0] ?? "phone");
  const content = $api.useQuery(
    "get",
    "/api/v1/contents/{id}",
    { params: { path: { id: d.content_id } } },
    { enabled: d.content_id !== "", meta: { quiet: true } },
  );
  const draft = content.data && {
    name: content.data.name,
    note: content.data.note,
    layers: content.data.layers,
    bodies: content.data.bodies,
  };
  const look = $api.useQuery(
    "post",
    "/api/v1/contents/preview",
    {
      body: {
        draft: draft as never,
        channel: channel as never,
        language: language as never,
        offer: { benefit: say(d.benefit, language), coupon: d.coupon },
      },
    },
    { enabled: !!draft, retry: false, meta: { quiet: true } },
  );
  if (!d.content_id) {
    return <p className="hs-secondary">{t("strategies.panel.none")}</p>;
  }
  return (
    <div className="st-sample">
      {d.channels.length > 1 ? (
        <Segmented
          size="small"
          value={channel}
          onChange={setChosen}
          options={d.channels.map((c) => ({ value: c, label: t(`strategies.channels.${c}`) }))}
        />
      ) : null}
      {look.error ? (
        <ErrorNote small error={look.error} />
      ) : look.data ? (
        <div className="st-message" data-channel={channel}>
          <b>{look.data.subject}</b>
          <p>{look.data.text}</p>
          {look.data.action && channel === "phone" ? <span className="st-action">{look.data.action}</span> : null}
        </div>
      ) : (
        <Loading rows={3} />
      )}
    </div>
  );
}
