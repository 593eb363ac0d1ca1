import type { Language } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Alert, Button } from "antd";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { chooseLanguage } from "./i18n";
import "./sign-in.css";
import { Mark } from "./mark";
import { type Staff, sessionQuery, useSessionQuery } from "./session";
import { PasswordForm, SignInForm } from "./sign-in-form";

/** Where to go after signing in: back to where one was, but never off the console. */
export function destination(to: unknown): string {
  if (typeof to !== "string" || !to.startsWith("/") || to.startsWith("//") || to.startsWith("/\\")) {
    return "/";
  }
  const path = to.replace(/^\/console(?=\/|$)/, "") || "/";
  return path.startsWith("/sign-in") ? "/" : path;
}

/** The door: sign in, and choose one's own password when a one-time password is in use. */
export default function SignInPage() {
  const { t, i18n } = useTranslation();
  const search = useSearch({ strict: false }) as { to?: unknown; reason?: unknown };
  const client = useQueryClient();
  const navigate = useNavigate();
  const session = useSessionQuery();
  const [signedIn, setSignedIn] = useState<{ staff: Staff; password: string }>();
  const staff = signedIn?.staff ?? (session.data?.id ? session.data : undefined);
  const to = destination(search.to);
  const enter = () => navigate({ href: `/console${to}`, replace: true } as never);

  useEffect(() => {
    document.title = `${t("account.sign_in")} · ${t("shell.brand")}`;
  }, [t]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: entering once, when it is known that one may
  useEffect(() => {
    if (staff && !staff.must_change) {
      void enter();
    }
  }, [staff?.id, staff?.must_change]);

  const other: Language = i18n.language === "en" ? "zh" : "en";
  return (
    <div className="hs-door">
      <aside className="hs-door-side" aria-hidden="true">
        <div className="hs-door-brand">
          <Mark size={32} />
          <span>{t("shell.brand")}</span>
        </div>
        <Ripples />
        <p className="hs-door-line">{t("account.line")}</p>
        <p className="hs-door-sub">{t("account.line_sub")}</p>
      </aside>
      <div className="hs-door-main">
        <Button
          type="text"
          className="hs-door-language"
          lang={other === "zh" ? "zh-CN" : "en"}
          onClick={() => chooseLanguage(other)}
        >
          {other === "zh" ? "中文" : "English"}
        </Button>
        <main className="hs-door-card">
          {staff?.must_change ? (
            <>
              <h1>{t("account.choose")}</h1>
              <p className="hs-door-lead">{t("account.choose_why")}</p>
              <PasswordForm
                old={signedIn?.password}
                submit={t("account.choose_do")}
                onChanged={async () => {
                  await client.fetchQuery({ ...sessionQuery, staleTime: 0 });
                  await enter();
                }}
              />
            </>
          ) : (
            <>
              <h1>{t("account.sign_in_title")}</h1>
              <p className="hs-door-lead">{t("account.sign_in_lead")}</p>
              {search.reason === "link" ? (
                <Alert type="warning" showIcon style={{ marginBottom: 16 }} title={t("account.link_used")} />
              ) : null}
              <SignInForm
                onSignedIn={(who, password) => {
                  client.setQueryData(sessionQuery.queryKey, who);
                  setSignedIn({ staff: who, password });
                }}
              />
              <p className="hs-door-help">{t("account.first")}</p>
            </>
          )}
        </main>
      </div>
    </div>
  );
}

/** Still water: rings that widen from one point, drawn once. */
function Ripples() {
  return (
    <svg className="hs-ripples" aria-hidden="true" viewBox="0 0 400 400">
      {[40, 74, 112, 154, 200, 250, 304].map((r, i) => (
        <ellipse key={r} cx="200" cy="210" rx={r} ry={r * 0.34} style={{ opacity: 0.62 - i * 0.08 }} />
      ))}
    </svg>
  );
}
