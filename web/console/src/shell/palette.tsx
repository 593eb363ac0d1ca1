import {
  BgColorsOutlined,
  GlobalOutlined,
  LogoutOutlined,
  SearchOutlined,
  ShoppingOutlined,
  TeamOutlined,
  UserOutlined,
} from "@ant-design/icons";
import type { Language } from "@huoshui/ui";
import { useNavigate } from "@tanstack/react-router";
import { Modal } from "antd";
import { type ReactNode, useEffect, useId, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { features } from "../features";
import { useFound } from "./find";
import { chooseLanguage } from "./i18n";
import { useSignOut } from "./layout";
import { useCan } from "./session";
import { chooseTheme, currentTheme } from "./theme";

interface Entry {
  key: string;
  group: "pages" | "customers" | "orders" | "segments" | "actions";
  icon: ReactNode;
  label: string;
  note?: string;
  perform: () => void;
}

/** Whether every word of the query is somewhere in the text, letters of either case alike. */
export function matches(text: string, query: string): boolean {
  const lower = text.toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => lower.includes(word));
}

/** ⌘K: any page, customer, order or segment, and a few actions, by typing. */
export default function Palette(props: { onClose: () => void }) {
  const { t, i18n } = useTranslation();
  const navigate = useNavigate();
  const can = useCan();
  const signOut = useSignOut();
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  const { onClose } = props;
  const found = useFound(query.trim());

  const entries = useMemo<Entry[]>(() => {
    const q = query.trim();
    const go = (to: string) => () => {
      onClose();
      void navigate({ to });
    };
    const pages: Entry[] = features
      .flatMap((f) => f.pages)
      .filter((p) => !p.path.includes("$") && can(p.permission))
      .filter((p) => !q || matches(`${t(p.title)} ${p.path} ${p.words ?? ""}`, q))
      .map((p) => ({
        key: p.path,
        group: "pages",
        icon: p.nav?.icon ?? <SearchOutlined />,
        label: t(p.title),
        note: p.nav ? t(`shell.sections.${p.nav.section}`) : undefined,
        perform: go(p.path),
      }));
    const actions: Entry[] = [
      {
        key: "theme",
        group: "actions" as const,
        icon: <BgColorsOutlined />,
        label: t("shell.palette.theme"),
        perform: () => {
          chooseTheme(currentTheme() === "dark" ? "light" : "dark");
          onClose();
        },
      },
      {
        key: "language",
        group: "actions" as const,
        icon: <GlobalOutlined />,
        label: t("shell.palette.language"),
        perform: () => {
          const other: Language = i18n.language === "en" ? "zh" : "en";
          chooseLanguage(other);
          onClose();
        },
      },
      {
        key: "out",
        group: "actions" as const,
        icon: <LogoutOutlined />,
        label: t("shell.palette.sign_out"),
        perform: () => void signOut(),
      },
    ].filter((e) => !q || matches(e.label, q));
    return [
      ...pages,
      ...found.customers.map((c) => ({
        key: c.id,
        group: "customers" as const,
        icon: <UserOutlined />,
        label: c.label,
        note: c.note,
        perform: go(`/customers/${c.id}`),
      })),
      ...found.orders.map((o) => ({
        key: o.id,
        group: "orders" as const,
        icon: <ShoppingOutlined />,
        label: o.label,
        note: o.note,
        perform: () => {
          onClose();
          void navigate({ to: `/customers/${o.customer}`, search: { order: o.id } as never });
        },
      })),
      ...found.segments.map((s) => ({
        key: s.id,
        group: "segments" as const,
        icon: <TeamOutlined />,
        label: s.label,
        note: s.note,
        perform: go(`/segments/${s.id}`),
      })),
      ...actions,
    ];
  }, [query, found, t, i18n.language, can, navigate, onClose, signOut]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new query starts at the top
  useEffect(() => setAt(0), [query]);
  useEffect(() => {
    list.current?.querySelector(`[data-at="${at}"]`)?.scrollIntoView({ block: "nearest" });
  }, [at]);

  return (
    <Modal
      open
      onCancel={onClose}
      footer={null}
      closable={false}
      width={560}
      style={{ top: 96 }}
      rootClassName="hs-palette"
      title={<span className="hs-hidden">{t("shell.palette.title")}</span>}
    >
      <div className="hs-palette-input">
        <SearchOutlined aria-hidden />
        <input
          // biome-ignore lint/a11y/noAutofocus: the palette exists to be typed into
          autoFocus
          role="combobox"
          aria-expanded="true"
          aria-controls={id}
          aria-activedescendant={entries[at] ? `${id}-${at}` : undefined}
          aria-label={t("shell.search")}
          placeholder={t("shell.search")}
          value={query}
          onChange={(e) => setQuery(e.target.value)}
          onKeyDown={(event) => {
            if (event.key === "ArrowDown" || event.key === "ArrowUp") {
              event.preventDefault();
              const step = event.key === "ArrowDown" ? 1 : -1;
              setAt((i) => (entries.length === 0 ? 0 : (i + step + entries.length) % entries.length));
            } else if (event.key === "Enter" && !event.nativeEvent.isComposing) {
              event.preventDefault();
              entries[at]?.perform();
            }
          }}
        />
      </div>
      <div className="hs-palette-list" role="listbox" id={id} ref={list} aria-label={t("shell.palette.title")}>
        {entries.map((entry, i) => (
          <div key={`${entry.group}${entry.key}`} role="presentation">
            {entry.group !== entries[i - 1]?.group ? (
              <h3 role="presentation">{t(`shell.palette.${entry.group}`)}</h3>
            ) : null}
            <div
              role="option"
              tabIndex={-1}
              id={`${id}-${i}`}
              data-at={i}
              aria-selected={i === at}
              className="hs-palette-item"
              onMouseMove={() => setAt(i)}
              onClick={entry.perform}
              onKeyDown={(e) => e.key === "Enter" && entry.perform()}
            >
              {entry.icon}
              <b>{entry.label}</b>
              {entry.note ? <small>{entry.note}</small> : null}
            </div>
          </div>
        ))}
        {entries.length === 0 ? (
          <p className="hs-palette-nothing">
            {found.searching ? t("shell.palette.searching") : t("shell.palette.nothing", { q: query.trim() })}
          </p>
        ) : null}
      </div>
      <div className="hs-palette-foot">{t("shell.palette.hint")}</div>
    </Modal>
  );
}
