import type { Schema } from "@huoshui/api";
import { LayerTag, Status, type Tone } from "@huoshui/ui";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import { TagName } from "../../tagging/TagName";
import { useTags } from "./tags";

export type Campaign = Schema<"Campaign">;
export type Plan = Schema<"CampaignPlan">;
export type Count = Schema<"CampaignCount">;
export type Step = Count["step"];

/** The channels, in the order they are offered. */
export const channelCodes = ["phone", "email", "task", "webhook"] as const;

/** How many messages of a campaign got to a step, through one channel or all. */
export function total(counts: readonly Count[], step: Step, channel?: string): number {
  return counts.reduce((n, c) => (c.step === step && (!channel || c.channel === channel) ? n + c.n : n), 0);
}

const tones: Record<Campaign["state"], Tone> = {
  draft: "calm",
  scheduled: "attention",
  freezing: "running",
  sending: "running",
  paused: "attention",
  done: "good",
  cancelled: "calm",
};

/** The state of a campaign in a word. */
export function CampaignState(props: { state: Campaign["state"]; note?: string }) {
  const { t } = useTranslation();
  return (
    <Status tone={tones[props.state]} why={props.note ? noteText(t, props.note) : undefined}>
      {t(`campaigns.states.${props.state}`)}
    </Status>
  );
}

/** Why a campaign waits or has ended. */
export function noteText(t: TFunction, note: string): string {
  return t(`campaigns.note.${note.replaceAll(".", "/")}`, { defaultValue: note });
}

/** Whom a campaign is for. */
export function Target(props: { target: Plan["audience"]; segments?: ReadonlyMap<string, string> }) {
  const { t } = useTranslation();
  const { kind, id = "" } = props.target;
  switch (kind) {
    case "layer":
      return <LayerTag layer={id} />;
    case "everyone":
      return <span>{t("campaigns.everyone")}</span>;
    case "launch":
      return <span>{t("campaigns.kind.launch")}</span>;
    case "segment":
      return <span>{props.segments?.get(id) ?? t("campaigns.segment_gone")}</span>;
    case "warning":
      return <span>{t(`warning.sign.${id}`, { defaultValue: id })}</span>;
    case "tag":
      return <TagTarget id={id} />;
    default:
      return <span>{t(`campaigns.${kind}.${id}`, { defaultValue: id })}</span>;
  }
}

function TagTarget(props: { id: string }) {
  const { t } = useTranslation();
  const tag = useTags().all.find((one) => one.id === props.id);
  return tag ? <TagName name={tag.name} colour={tag.colour} /> : <span>{t("campaigns.kind.tag")}</span>;
}

/** Why a message was refused, is held, or has failed. */
export function reasonText(t: TFunction, reason: string | undefined): string {
  if (!reason) {
    return "";
  }
  const code = /^(?:smtp|http)_(\d+)$/.exec(reason);
  return t(`campaigns.reason.${reason}`, { defaultValue: code ? reason.replace("_", " ").toUpperCase() : reason });
}

/** The name of a channel. */
export function channelText(t: TFunction, channel: string): string {
  return t(`campaigns.channel.${channel}`, { defaultValue: channel });
}

/** Words in the reader's language, or in the other one when there are none. */
export function inLanguage(words: { zh: string; en?: string }, language: string): string {
  return (language === "en" ? words.en || words.zh : words.zh || words.en) ?? "";
}
