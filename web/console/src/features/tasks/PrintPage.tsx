import { $api } from "@huoshui/api";
import { Empty, Loaded, Page, useReader, When } from "@huoshui/ui";
import { Link } from "@tanstack/react-router";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { useUrlState } from "../../shell/url";
import "./tasks.css";

const most = 200;

/** The list on paper: one task each with what to say and room for the result. */
export default function PrintPage() {
  const { t } = useTranslation();
  const { language } = useReader();
  const [state] = useUrlState({ q: "", state: "open", assignee: "", team: "", overdue: false, campaign: "" });
  const list = $api.useQuery("get", "/api/v1/tasks", {
    params: {
      query: {
        q: state.q || undefined,
        state: (state.state || undefined) as "open" | undefined,
        assignee: state.assignee || undefined,
        team: state.team || undefined,
        campaign: state.campaign || undefined,
        overdue: state.overdue || undefined,
        limit: most,
      },
    },
  });
  return (
    <Page
      title={t("tasks.print_head")}
      crumbs={<Link to={"/tasks" as never}>{t("tasks.title")}</Link>}
      actions={
        <Button type="primary" disabled={!list.data?.items.length} onClick={() => window.print()}>
          {t("tasks.print_do")}
        </Button>
      }
    >
      <Loaded query={list}>
        {(page) =>
          page.items.length === 0 ? (
            <Empty
              title={t("tasks.print_none")}
              action={
                <Link to={"/tasks" as never}>
                  <Button>{t("tasks.print_back")}</Button>
                </Link>
              }
            >
              {t("tasks.print_none_text")}
            </Empty>
          ) : (
            <>
              {page.total > most ? <p className="hs-secondary">{t("tasks.print_more", { n: most })}</p> : null}
              <ol className="tk-print" lang={language}>
                {page.items.map((r) => (
                  <li key={r.id}>
                    <header>
                      <b>{r.title}</b>
                      <span className="hs-num">
                        {r.person.name} · {r.person.phone}
                      </span>
                      <span>
                        {t("tasks.col.due")} <When at={r.due_at} style="date" /> ·{" "}
                        {r.assignee_name || t("tasks.nobody")}
                      </span>
                    </header>
                    <p>{r.text}</p>
                    <footer>{t("tasks.print_sign")}</footer>
                  </li>
                ))}
              </ol>
            </>
          )
        }
      </Loaded>
    </Page>
  );
}
