import { Empty, Page } from "@huoshui/ui";
import { type ErrorComponentProps, Link } from "@tanstack/react-router";
import { Button } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "./session";

/** Nothing is at this address. */
export function NotFoundPage() {
  const { t } = useTranslation();
  return (
    <Page title={t("shell.not_found.title")}>
      <Empty
        title={t("shell.not_found.text")}
        action={
          <Link to="/">
            <Button type="primary">{t("shell.not_found.home")}</Button>
          </Link>
        }
      />
    </Page>
  );
}

/** The page threw: say so, keep the shell, offer to read again. */
export function CrashPage(props: ErrorComponentProps) {
  const { t } = useTranslation();
  const message = props.error instanceof Error ? props.error.message : String(props.error);
  const gone = /dynamically imported module|Importing a module script/i.test(message);
  return (
    <Page title={t("shell.crash.title")}>
      <Empty
        title={t(gone ? "shell.moved" : "shell.crash.text")}
        action={
          <Button type="primary" onClick={() => (gone ? window.location.reload() : props.reset())}>
            {t("shell.crash.reload")}
          </Button>
        }
      >
        {gone ? null : <code>{message}</code>}
      </Empty>
    </Page>
  );
}

/** Shows its children only to those who may see them. */
export function Allowed(props: { permission: string | undefined; children: ReactNode }) {
  const { t } = useTranslation();
  const can = useCan();
  if (can(props.permission)) {
    return <>{props.children}</>;
  }
  return (
    <Page title={t("shell.forbidden.title")}>
      <Empty title={t("shell.forbidden.text", { permission: props.permission })} />
    </Page>
  );
}
