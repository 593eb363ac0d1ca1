import { $api } from "@huoshui/api";
import { Loaded, Loading } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { App } from "antd";
import { useTranslation } from "react-i18next";
import type { Condition } from "../../conditions/tree";
import { Editor } from "./Editor";

/** The words of a segment that is there already. */
export default function EditSegmentPage() {
  const { t } = useTranslation();
  const { id } = useParams({ strict: false }) as { id: string };
  const { message } = App.useApp();
  const navigate = useNavigate();
  const client = useQueryClient();
  const segment = $api.useQuery(
    "get",
    "/api/v1/segments/{id}",
    { params: { path: { id } } },
    { refetchOnWindowFocus: false },
  );
  const change = $api.useMutation("put", "/api/v1/segments/{id}", {
    onSuccess: async () => {
      await client.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).startsWith("/api/v1/segments") });
      void message.success(t("segments.saved"));
      void navigate({ to: `/segments/${id}` });
    },
  });
  return (
    <Loaded query={segment} loading={<Loading height={480} />}>
      {(s) => (
        <Editor
          key={s.version}
          title={t("segments.edit")}
          crumbs={
            <>
              <Link to={"/segments" as never}>{t("segments.title")}</Link>
              <span aria-hidden>/</span>
              <Link to={`/segments/${id}` as never}>{s.name}</Link>
            </>
          }
          initial={{ name: s.name, note: s.note, condition: s.condition as Condition | undefined, live: s.live }}
          save={t("segments.save_changes")}
          canFreeze={false}
          saving={change.isPending}
          onSave={(w) =>
            change.mutate({
              params: { path: { id } },
              body: { name: w.name, note: w.note, condition: w.condition, live: w.live, version: s.version },
            })
          }
        />
      )}
    </Loaded>
  );
}
