import { None } from "@huoshui/ui";
import { useTranslation } from "react-i18next";

/** A sales channel in the reader's word for it; one of the brand's own stays as it was written. */
export function Channel(props: { code: string | undefined }) {
  const { t } = useTranslation();
  return props.code ? t(`customers.channel.${props.code}`, { defaultValue: props.code }) : <None />;
}
