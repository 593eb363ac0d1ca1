import {
  GlobalOutlined,
  LogoutOutlined,
  MoonOutlined,
  SearchOutlined,
  SunOutlined,
  UserOutlined,
} from "@ant-design/icons";
import { api, problemOf, UnauthorizedEvent } from "@huoshui/api";
import { ErrorNote, type Language, Loading } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useNavigate } from "@tanstack/react-router";
import { Button, Dropdown, Modal, Tooltip } from "antd";
import { lazy, type ReactNode, Suspense, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { features } from "../features";
import { useBusiness } from "./business";
import { chooseLanguage } from "./i18n";
import "./layout.css";
import { Mark } from "./mark";
import { navigation } from "./navigation";
import { SessionProvider, type Staff, sessionQuery, useCan, useSessionQuery } from "./session";
import { SignInForm } from "./sign-in-form";
import { chooseTheme, type ThemeChoice, useTheme, useThemeChoice } from "./theme";

const Palette = lazy(() => import("./palette"));
const bars = features.flatMap((f) => (f.bar ? [{ name: f.name, Bar: lazy(f.bar) }] : []));

/** The frame of every page for whoever is signed in; whoever is not is taken to the door and back. */
export function Layout() {
  const session = useSessionQuery();
  const navigate = useNavigate();
  const problem = session.error ? problemOf(session.error) : undefined;
  const stranger = session.data?.id === "";
  const mustChange = session.data?.must_change;
  useEffect(() => {
    if (stranger || mustChange) {
      const here = window.location.pathname + window.location.search;
      void navigate({ to: "/sign-in", search: (here === "/console/" ? {} : { to: here }) as never, replace: true });
    }
  }, [stranger, mustChange, navigate]);
  if (session.data && !stranger && !mustChange) {
    return (
      <SessionProvider staff={session.data}>
        <Frame staff={session.data} />
      </SessionProvider>
    );
  }
  return (
    <div className="hs-boot">
      {problem ? <ErrorNote error={session.error} onRetry={() => void session.refetch()} /> : <Loading height={240} />}
    </div>
  );
}

function Frame(props: { staff: Staff }) {
  const { t } = useTranslation();
  const [finding, setFinding] = useState(false);
  useBusiness();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        setFinding((open) => !open);
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
  return (
    <div className="hs-frame">
      <a className="hs-skip" href="#content">
        {t("shell.skip")}
      </a>
      <Navigation />
      <div className="hs-main">
        <header className="hs-top">
          <button type="button" className="hs-find" onClick={() => setFinding(true)}>
            <SearchOutlined aria-hidden />
            <span>{t("shell.search")}</span>
            <kbd>{/Mac|iPhone|iPad/.test(navigator.userAgent) ? "⌘K" : "Ctrl K"}</kbd>
          </button>
          <div className="hs-top-right">
            <ThemeButton />
            <LanguageButton />
            <UserMenu staff={props.staff} />
          </div>
        </header>
        <Suspense fallback={null}>
          {bars.map(({ name, Bar }) => (
            <Bar key={name} />
          ))}
        </Suspense>
        <Offline />
        <main id="content" tabIndex={-1}>
          <Suspense fallback={<PageWaiting />}>
            <Outlet />
          </Suspense>
        </main>
      </div>
      {finding ? (
        <Suspense fallback={null}>
          <Palette onClose={() => setFinding(false)} />
        </Suspense>
      ) : null}
      <Expired login={props.staff.login} />
    </div>
  );
}

function PageWaiting() {
  return (
    <div className="hs-page">
      <Loading height={28} />
    </div>
  );
}

function Navigation() {
  const { t } = useTranslation();
  const can = useCan();
  const sections = useMemo(() => navigation(features, can), [can]);
  return (
    <nav className="hs-nav" aria-label={t("shell.nav")}>
      <Link to="/" className="hs-brand">
        <Mark />
        <span>{t("shell.brand")}</span>
      </Link>
      <div className="hs-nav-scroll">
        {sections.map(({ section, pages }) => (
          <div key={section} className="hs-nav-section" data-section={section}>
            {pages.length > 1 || (section !== "overview" && section !== "settings") ? (
              <h2>{t(`shell.sections.${section}`)}</h2>
            ) : null}
            <ul>
              {pages.map((page) => (
                <li key={page.path}>
                  <Link
                    to={page.path}
                    activeOptions={{ exact: page.path === "/", includeSearch: false }}
                    activeProps={{ "aria-current": "page" }}
                    title={t(page.title)}
                  >
                    {page.nav?.icon}
                    <span>{t(page.title)}</span>
                  </Link>
                </li>
              ))}
            </ul>
          </div>
        ))}
      </div>
    </nav>
  );
}

function ThemeButton() {
  const { t } = useTranslation();
  const theme = useTheme();
  const choice = useThemeChoice();
  const choices: ThemeChoice[] = ["light", "dark", "system"];
  return (
    <Dropdown
      trigger={["click"]}
      menu={{
        selectedKeys: [choice],
        items: choices.map((key) => ({ key, label: t(`shell.user.${key}`), onClick: () => chooseTheme(key) })),
      }}
    >
      <Button
        type="text"
        aria-label={t("shell.user.theme")}
        icon={theme === "dark" ? <MoonOutlined /> : <SunOutlined />}
      />
    </Dropdown>
  );
}

function LanguageButton() {
  const { t, i18n } = useTranslation();
  const other: Language = i18n.language === "en" ? "zh" : "en";
  return (
    <Tooltip title={t("shell.user.language")}>
      <Button
        type="text"
        lang={other === "zh" ? "zh-CN" : "en"}
        icon={<GlobalOutlined />}
        onClick={() => chooseLanguage(other)}
      >
        {other === "zh" ? "中文" : "EN"}
      </Button>
    </Tooltip>
  );
}

/** Signs out and goes to the door. */
export function useSignOut(): () => Promise<void> {
  const client = useQueryClient();
  const navigate = useNavigate();
  return async () => {
    await api.DELETE("/api/v1/session");
    await navigate({ to: "/sign-in" });
    client.clear();
  };
}

function UserMenu(props: { staff: Staff }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const signOut = useSignOut();
  const name = props.staff.name || props.staff.login;
  return (
    <Dropdown
      trigger={["click"]}
      placement="bottomRight"
      menu={{
        items: [
          {
            key: "who",
            type: "group",
            label: (
              <span>
                {name} · {t(`staff.roles.${props.staff.role}`, { defaultValue: props.staff.role })}
              </span>
            ),
          },
          {
            key: "account",
            icon: <UserOutlined />,
            label: t("shell.user.account"),
            onClick: () => void navigate({ to: "/account" }),
          },
          {
            key: "docs",
            label: (
              <a href="/api/docs" target="_blank" rel="noreferrer">
                {t("shell.user.docs")}
              </a>
            ),
            icon: <GlobalOutlined />,
          },
          { type: "divider" },
          { key: "out", icon: <LogoutOutlined />, label: t("shell.user.sign_out"), onClick: () => void signOut() },
        ],
      }}
    >
      <Button type="text" className="hs-user">
        <span className="hs-avatar" aria-hidden>
          {[...name][0]}
        </span>
        <span className="hs-user-name">{name}</span>
        <span className="hs-hidden">{t("shell.user.menu")}</span>
      </Button>
    </Dropdown>
  );
}

/** A bar that says the network is away; queries go on by themselves when it is back. */
function Offline(): ReactNode {
  const { t } = useTranslation();
  const [online, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const update = () => setOnline(navigator.onLine);
    window.addEventListener("online", update);
    window.addEventListener("offline", update);
    return () => {
      window.removeEventListener("online", update);
      window.removeEventListener("offline", update);
    };
  }, []);
  return online ? null : (
    <div className="hs-offline" role="status">
      {t("shell.offline")}
    </div>
  );
}

/** The session ended while somebody worked: sign in over the page, so that nothing typed is lost. */
function Expired(props: { login: string }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const client = useQueryClient();
  useEffect(() => {
    const onUnauthorized = () => setOpen(true);
    window.addEventListener(UnauthorizedEvent, onUnauthorized);
    return () => window.removeEventListener(UnauthorizedEvent, onUnauthorized);
  }, []);
  return (
    <Modal
      open={open}
      title={t("shell.expired.title")}
      footer={null}
      closable={false}
      keyboard={false}
      width={400}
      destroyOnHidden
    >
      <p className="hs-secondary" style={{ marginBottom: 16 }}>
        {t("shell.expired.text")}
      </p>
      <SignInForm
        login={props.login}
        onSignedIn={(staff) => {
          setOpen(false);
          client.setQueryData(sessionQuery.queryKey, staff);
          void client.invalidateQueries();
        }}
      />
    </Modal>
  );
}
