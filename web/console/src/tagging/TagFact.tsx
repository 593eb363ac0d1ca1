import { $api, type Schema } from "@huoshui/api";
import { useReader } from "@huoshui/ui";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { TagName } from "./TagName";
import { whyText } from "./words";

/** A tag coming or going in a history, with its reason. */
export function TagFact(props: { subject: string | undefined; props: string | undefined }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const tags = $api.useQuery("get", "/api/v1/tags", {}, { staleTime: 60_000 });
  const tag = tags.data?.items.find((one) => one.id === props.subject);
  let why: Schema<"TagWhy"> | undefined;
  try {
    why = (JSON.parse(props.props ?? "{}") as { why?: Schema<"TagWhy"> }).why;
  } catch {
    why = undefined;
  }
  return (
    <>
      {tag ? (
        <Link to={`/tags/${tag.id}` as never}>
          <TagName name={tag.name} colour={tag.colour} />
        </Link>
      ) : null}
      <span className="hs-secondary">{whyText(t, language, why)}</span>
    </>
  );
}
