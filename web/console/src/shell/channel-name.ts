import { useCallback } from "react";
import { useTranslation } from "react-i18next";

/** The sales channels that have a word of their own, as orders, customers and sources name them. */
export const channelCodes = ["store", "retail", "tmall", "douyin", "youzan", "online", "wecom", "member"] as const;

/** Says a sales channel in the reader's word for it; one of the brand's own stays as it was written. */
export function useChannelName(): (code: string) => string {
  const { t } = useTranslation();
  return useCallback((code) => t(`customers.channel.${code}`, { defaultValue: code }), [t]);
}
