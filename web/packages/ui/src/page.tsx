import { CopyOutlined, InfoCircleOutlined, ReloadOutlined } from "@ant-design/icons";
import { problemOf } from "@huoshui/api";
import { App, Button, Skeleton, Tooltip } from "antd";
import { type ReactNode, useEffect } from "react";
import { useTranslation } from "react-i18next";

/**
 * A page: its title (also the browser's), what can be done at the right of it, and the content. `lead` is one sentence
 * under the title; `crumbs` go above it where there is depth; `aside` is the live panel of builders, at the right.
 */
export function Page(props: {
  title: string;
  titleExtra?: ReactNode;
  lead?: ReactNode;
  crumbs?: ReactNode;
  actions?: ReactNode;
  aside?: ReactNode;
  narrow?: boolean;
  children?: ReactNode;
}) {
  const { t } = useTranslation();
  const brand = t("shell.brand", { defaultValue: "Huoshui" });
  useEffect(() => {
    document.title = props.title ? `${props.title} · ${brand}` : brand;
  }, [props.title, brand]);
  return (
    <div className="hs-page" data-narrow={props.narrow || undefined}>
      <header className="hs-page-head">
        <div className="hs-page-heading">
          {props.crumbs ? <div className="hs-crumbs">{props.crumbs}</div> : null}
          <div className="hs-page-title">
            <h1>{props.title}</h1>
            {props.titleExtra}
          </div>
          {props.lead ? <p className="hs-page-lead">{props.lead}</p> : null}
        </div>
        {props.actions ? <div className="hs-page-actions">{props.actions}</div> : null}
      </header>
      {props.aside ? (
        <div className="hs-page-split">
          <div className="hs-page-body">{props.children}</div>
          <aside className="hs-page-aside">{props.aside}</aside>
        </div>
      ) : (
        <div className="hs-page-body">{props.children}</div>
      )}
    </div>
  );
}

/** A white card with an optional heading; `flush` leaves out the padding (tables). */
export function Panel(props: {
  title?: ReactNode;
  definition?: ReactNode;
  actions?: ReactNode;
  flush?: boolean;
  children: ReactNode;
  className?: string;
}) {
  return (
    <section className={`hs-panel ${props.className ?? ""}`} data-flush={props.flush || undefined}>
      {props.title || props.actions ? (
        <header className="hs-panel-head">
          <h2>
            {props.title}
            {props.definition ? <Why>{props.definition}</Why> : null}
          </h2>
          {props.actions ? <div className="hs-panel-actions">{props.actions}</div> : null}
        </header>
      ) : null}
      <div className="hs-panel-body">{props.children}</div>
    </section>
  );
}

/** The mark that explains what it stands beside: on hover, and on focus for the keyboard. */
export function Why(props: { children: ReactNode; label?: string }) {
  const { t } = useTranslation();
  return (
    <Tooltip title={props.children} trigger={["hover", "focus"]}>
      <button type="button" className="hs-why" aria-label={props.label ?? t("ui.stat.definition")}>
        <InfoCircleOutlined />
      </button>
    </Tooltip>
  );
}

/** An empty place that teaches: one sentence, one action, and perhaps a link to the demo brand. */
export function Empty(props: {
  title: ReactNode;
  children?: ReactNode;
  action?: ReactNode;
  link?: ReactNode;
  small?: boolean;
}) {
  return (
    <div className="hs-empty" data-small={props.small || undefined}>
      <p className="hs-empty-title">{props.title}</p>
      {props.children ? <p className="hs-empty-text">{props.children}</p> : null}
      {props.action || props.link ? (
        <div className="hs-empty-actions">
          {props.action}
          {props.link}
        </div>
      ) : null}
    </div>
  );
}

/** The key of a problem's message in the catalogues: dots of the code are slashes there. */
export function problemKey(code: string): string {
  return `problem.${code.replaceAll(".", "/")}`;
}

/** A function that says in the reader's words what went wrong and what to do: the catalogue's, or the API's English. */
export function useProblemText(): (error: unknown) => string {
  const { t } = useTranslation();
  return (error) => {
    const problem = problemOf(error);
    const fields = problem.errors
      ?.map((e) => `${e.field.replace(/^(body|query|path)\./, "")}: ${e.message}`)
      .join("; ");
    return t(problemKey(problem.code), {
      ...problem.params,
      defaultValue: fields ? `${problem.detail}: ${fields}` : problem.detail,
    });
  };
}

/** Why something could not be shown, what to do next, and the id to give when asking for help. */
export function ErrorNote(props: { error: unknown; onRetry?: () => void; title?: ReactNode; small?: boolean }) {
  const { t } = useTranslation();
  const text = useProblemText();
  const problem = problemOf(props.error);
  return (
    <div className="hs-error" role="alert" data-small={props.small || undefined}>
      <p className="hs-error-title">{props.title ?? t("ui.error.title")}</p>
      <p className="hs-error-text">{text(props.error)}</p>
      <div className="hs-error-actions">
        {props.onRetry ? (
          <Button size="small" icon={<ReloadOutlined />} onClick={props.onRetry}>
            {t("ui.retry")}
          </Button>
        ) : null}
        {problem.request_id ? <ErrorID id={problem.request_id} /> : null}
      </div>
    </div>
  );
}

/** The id of a failed request, copied by a click. */
export function ErrorID(props: { id: string }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  return (
    <button
      type="button"
      className="hs-error-id"
      title={t("ui.error.copy")}
      onClick={async () => {
        await navigator.clipboard.writeText(props.id);
        message.success(t("ui.error.copied"));
      }}
    >
      {t("ui.error.id", { id: props.id })} <CopyOutlined />
    </button>
  );
}

/** Grey bars of the shape of what is coming; `rows` of text, or `blocks` of cards. */
export function Loading(props: { rows?: number; blocks?: number; height?: number }) {
  const { t } = useTranslation();
  return (
    <div role="status" aria-label={t("ui.loading")} aria-busy="true">
      {props.blocks ? (
        <div className="hs-cards">
          {Array.from({ length: props.blocks }, (_, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the bars are alike and never move
            <div key={i} className="hs-skeleton" style={{ height: props.height ?? 104 }} />
          ))}
        </div>
      ) : props.height ? (
        <div className="hs-skeleton" style={{ height: props.height }} />
      ) : (
        <Skeleton active title={false} paragraph={{ rows: props.rows ?? 4 }} />
      )}
    </div>
  );
}

/** What of a query decides between waiting, failing and showing. */
export interface Asked<T> {
  data: T | undefined;
  error: unknown;
  isPending: boolean;
  refetch: () => unknown;
}

/** Shows the answer of a query, or its waiting, or its error with "try again". */
export function Loaded<T>(props: { query: Asked<T>; loading?: ReactNode; children: (data: T) => ReactNode }) {
  const { query } = props;
  if (query.data !== undefined) {
    return <>{props.children(query.data)}</>;
  }
  if (query.error) {
    return <ErrorNote error={query.error} onRetry={() => void query.refetch()} />;
  }
  return <>{props.loading ?? <Loading />}</>;
}
