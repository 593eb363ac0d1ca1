import { $api } from "@huoshui/api";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { App } from "antd";
import { useTranslation } from "react-i18next";
import { type Condition, exampleOf } from "../../conditions/tree";
import { Editor } from "./Editor";

/** The condition that an address brings along: JSON, parsed by the router or not yet; undefined when it is no condition. */
export function conditionFrom(raw: unknown): Condition | undefined {
  try {
    const value: unknown = typeof raw === "string" ? JSON.parse(raw) : raw;
    return typeof value === "object" && value !== null && "kind" in value ? (value as Condition) : undefined;
  } catch {
    return undefined;
  }
}

/** A new segment, from nothing or from the condition in the address. */
export default function NewSegmentPage() {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const navigate = useNavigate();
  const client = useQueryClient();
  const search = useSearch({ strict: false }) as { definition?: unknown };
  const categories = $api.useQuery(
    "get",
    "/api/v1/segments/words",
    { params: { query: { column: "category", limit: 1 } } },
    { staleTime: 60_000, meta: { quiet: true } },
  );
  const create = $api.useMutation("post", "/api/v1/segments", {
    onSuccess: async (segment) => {
      await client.invalidateQueries({ queryKey: ["get", "/api/v1/segments"] });
      void message.success(t("segments.saved"));
      void navigate({ to: `/segments/${segment.id}` });
    },
  });
  return (
    <Editor
      title={t("segments.new")}
      crumbs={<Link to={"/segments" as never}>{t("segments.title")}</Link>}
      initial={{ name: "", note: "", condition: conditionFrom(search.definition), live: false }}
      example={() => ({ name: t("segments.example_name"), condition: exampleOf(categories.data?.items[0]?.text) })}
      save={t("segments.save")}
      canFreeze
      saving={create.isPending}
      onSave={(w) =>
        create.mutate({
          body: {
            name: w.name,
            note: w.note,
            condition: w.condition,
            kind: w.freeze ? "static" : "dynamic",
            live: w.live,
          },
        })
      }
    />
  );
}
