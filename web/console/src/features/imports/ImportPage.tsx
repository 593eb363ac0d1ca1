import { $api } from "@huoshui/api";
import { formatCount, Loaded, Page, ProgressRun, present, Status, useConfirmDanger, useReader } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { Button } from "antd";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { Mapping } from "./Mapping";
import { Result } from "./Result";
import { type Import, isRunning, tones } from "./words";
import "./imports.css";

/** One import, in whatever state it is: its mapping, its progress, or its result. */
export default function ImportPage() {
  const { t } = useTranslation();
  const { id } = useParams({ strict: false }) as { id: string };
  const can = useCan();
  const navigate = useNavigate();
  const client = useQueryClient();
  const ask = useConfirmDanger();
  const one = $api.useQuery(
    "get",
    "/api/v1/imports/{id}",
    { params: { path: { id } } },
    { refetchInterval: (q) => (q.state.data && isRunning(q.state.data) ? 700 : false) },
  );
  const remove = $api.useMutation("delete", "/api/v1/imports/{id}", { meta: { quiet: true } });
  const imp = one.data;
  return (
    <Page
      title={imp?.file_name ?? t("imports.one")}
      titleExtra={imp ? <Status tone={tones[imp.status]}>{t(`imports.states.${imp.status}`)}</Status> : null}
      crumbs={<Link to="/imports">{t("imports.title")}</Link>}
      actions={
        imp && !isRunning(imp) && can("imports.write") ? (
          <Button
            type="text"
            onClick={() =>
              ask({
                title: t("imports.delete_title", { file: imp.file_name }),
                consequence: t("imports.delete_text"),
                action: t("imports.delete"),
                final: true,
                run: async () => {
                  await remove.mutateAsync({ params: { path: { id } } });
                  await client.invalidateQueries({ queryKey: ["get", "/api/v1/imports"] });
                  await navigate({ to: "/imports" });
                },
              })
            }
          >
            {t("imports.delete")}
          </Button>
        ) : null
      }
    >
      <Loaded query={one}>
        {(now) =>
          now.status === "uploaded" ? (
            <Mapping key={now.id} imp={now} />
          ) : isRunning(now) ? (
            <Running imp={now} />
          ) : (
            <Result imp={now} />
          )
        }
      </Loaded>
    </Page>
  );
}

/** The work as it goes; the rate is of the last few answers. */
function Running(props: { imp: Import }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const can = useCan();
  const ask = useConfirmDanger();
  const client = useQueryClient();
  const { imp } = props;
  const cancel = $api.useMutation("post", "/api/v1/imports/{id}/cancel", {
    meta: { quiet: true },
    onSuccess: () => client.invalidateQueries({ queryKey: ["get", "/api/v1/imports/{id}"] }),
  });
  const seen = useRef<{ stage: string; done: number; at: number }[]>([]);
  const at = Date.now();
  if (seen.current[0]?.stage !== imp.stage) {
    seen.current = [];
  }
  if (seen.current.at(-1)?.done !== imp.done) {
    seen.current = [...seen.current.slice(-8), { stage: imp.stage, done: imp.done, at }];
  }
  const first = seen.current[0];
  const rate = first && at > first.at + 500 ? ((imp.done - first.done) / (at - first.at)) * 1000 : undefined;
  const stage =
    imp.stage === "settling" && imp.target === "customers"
      ? t("imports.stage_customers")
      : t(`imports.stage.${imp.stage}`);
  return (
    <div className="hs-import-running">
      <ProgressRun
        stage={stage}
        done={imp.done}
        total={imp.total}
        rate={rate}
        unit={imp.stage === "reading" ? t("imports.bytes") : t("imports.lines")}
        elapsed={imp.started_at ? Math.max(0, (present() - Date.parse(imp.started_at)) / 1000) : undefined}
        state={imp.status === "canceling" ? "cancelling" : "running"}
        onCancel={
          can("imports.write")
            ? () =>
                ask({
                  title: t("imports.cancel_title"),
                  consequence: t("imports.cancel_text", { n: formatCount(imp.result.lines_accepted, language) }),
                  action: t("imports.cancel"),
                  run: () => cancel.mutateAsync({ params: { path: { id: imp.id } } }),
                })
            : undefined
        }
      />
    </div>
  );
}
