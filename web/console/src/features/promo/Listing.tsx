import { $api, keyset } from "@huoshui/api";
import { type Column, Count, DataTable, Empty, Money, Page, present, Status, useReader, When } from "@huoshui/ui";
import { useNavigate } from "@tanstack/react-router";
import { Segmented } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useUrlState } from "../../shell/url";
import { homeOf, type Kind, say, standing, type View } from "./words";
import "./promo.css";

/** The offers of some kinds, the last changed first. */
export function Listing(props: { name: "coupons" | "offers"; kinds: readonly Kind[]; actions: ReactNode }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const navigate = useNavigate();
  const [state, setState] = useUrlState({ q: "", stopped: false });
  const list = $api.useInfiniteQuery(
    "get",
    "/api/v1/promotions",
    {
      params: {
        query: {
          kind: [props.kinds.join(",") as Kind],
          search: state.q || undefined,
          stopped: state.stopped,
          limit: 50,
        },
      },
    },
    keyset,
  );
  const coupons = props.name === "coupons";
  const columns: Column<View>[] = [
    { key: "name", title: t("promo.name"), width: 200, render: (p) => p.name, value: (p) => p.name },
    ...(coupons
      ? []
      : [
          {
            key: "kind",
            title: t("promo.kind"),
            width: 110,
            render: (p: View) => t(`promo.kinds.${p.kind}`),
            value: (p: View) => p.kind,
          },
        ]),
    {
      key: "terms",
      title: t("promo.promises"),
      width: 300,
      render: (p) => say(p.terms, t, language),
      value: (p) => say(p.terms, t, language),
    },
    {
      key: "state",
      title: t("promo.state"),
      width: 110,
      render: (p) => <Standing of={p} />,
      value: (p) => standing(p, present()),
    },
    ...(coupons
      ? [
          {
            key: "given",
            title: t("promo.given"),
            align: "right" as const,
            width: 100,
            render: (p: View) => <Count n={p.figures.given} />,
            value: (p: View) => p.figures.given,
          },
          {
            key: "used",
            title: t("promo.used"),
            align: "right" as const,
            width: 100,
            render: (p: View) => <Count n={p.figures.used} />,
            value: (p: View) => p.figures.used,
          },
          {
            key: "saved",
            title: t("promo.saved"),
            definition: t("promo.saved_why"),
            align: "right" as const,
            width: 130,
            render: (p: View) => <Money fen={p.figures.saved_fen} />,
            value: (p: View) => p.figures.saved_fen,
          },
        ]
      : []),
    {
      key: "changed",
      title: t("promo.changed"),
      width: 140,
      render: (p) => <When at={p.changed_at} ago />,
      value: (p) => p.changed_at,
    },
  ];
  return (
    <Page title={t(`promo.${props.name}.title`)} lead={t(`promo.${props.name}.lead`)} actions={props.actions}>
      <DataTable
        id={`promo-${props.name}`}
        query={list}
        columns={columns}
        rowKey={(p) => p.id}
        state={state}
        onState={setState}
        search={t("promo.search")}
        toolbar={
          <Segmented
            value={state.stopped}
            onChange={(stopped) => setState({ stopped })}
            options={[
              { value: false, label: t("promo.offered") },
              { value: true, label: t("promo.stopped") },
            ]}
          />
        }
        onOpen={(p) => void navigate({ to: `${homeOf(p.kind)}/${p.id}` as never })}
        empty={
          <Empty title={t(`promo.${props.name}.empty`)} action={state.stopped ? null : props.actions}>
            {t(`promo.${props.name}.empty_text`)}
          </Empty>
        }
      />
    </Page>
  );
}

/** Where an offer stands now. */
export function Standing(props: { of: View }) {
  const { t } = useTranslation();
  const at = standing(props.of, present());
  const tone = { on: "good", soon: "info", over: "neutral", stopped: "attention" } as const;
  return <Status tone={tone[at] as never}>{t(`promo.standing.${at}`)}</Status>;
}
