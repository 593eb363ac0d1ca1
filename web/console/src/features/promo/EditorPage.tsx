import { $api } from "@huoshui/api";
import { ErrorNote, Loaded, Page, Panel, useReader } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useRouterState } from "@tanstack/react-router";
import { App, Button, DatePicker, Input } from "antd";
import dayjs from "dayjs";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useUrlState } from "../../shell/url";
import { Field } from "./fields";
import { TermsForm } from "./TermsForm";
import { type Draft, draftOf, emptyDraft, homeOf, instantOf, type Kind, say, type View, wallOf } from "./words";
import "./promo.css";

/** Writes a new offer, or the next version of one. */
export default function EditorPage() {
  const { id } = useParams({ strict: false }) as { id?: string };
  const path = useRouterState({ select: (s) => s.location.pathname });
  const [state] = useUrlState({ kind: "reduction" });
  const one = $api.useQuery(
    "get",
    "/api/v1/promotions/{id}",
    { params: { path: { id: id ?? "" } } },
    { enabled: !!id, refetchOnWindowFocus: false },
  );
  if (!id) {
    const kind: Kind = path.startsWith("/coupons") ? "coupon" : (state.kind as Kind);
    return <Editor key={kind} initial={emptyDraft(kind)} />;
  }
  return <Loaded query={one}>{(p) => <Editor key={p.version} of={p} initial={draftOf(p)} />}</Loaded>;
}

function Editor(props: { of?: View; initial: Draft }) {
  const { t } = useTranslation();
  const { language, zone } = useReader();
  const { message } = App.useApp();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [d, setDraft] = useState(props.initial);
  const set = (patch: Partial<Draft>) => setDraft((old) => ({ ...old, ...patch }));
  const create = $api.useMutation("post", "/api/v1/promotions", { meta: { quiet: true } });
  const change = $api.useMutation("put", "/api/v1/promotions/{id}", { meta: { quiet: true } });
  const error = create.error ?? change.error;
  const home = homeOf(d.kind);
  const back = props.of ? `${home}/${props.of.id}` : home;
  const save = async () => {
    create.reset();
    change.reset();
    const kept = props.of
      ? await change.mutateAsync({ params: { path: { id: props.of.id } }, body: { ...d, version: props.of.version } })
      : await create.mutateAsync({ body: d });
    await client.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).includes("/promotions") });
    message.success(t("promo.saved_ok"));
    void navigate({ to: `${home}/${kept.id}` as never });
  };
  return (
    <Page
      title={props.of ? t("promo.edit") : t(`promo.new.${d.kind}`)}
      crumbs={
        <Link to={back as never}>
          {props.of?.name ?? t(`promo.${d.kind === "coupon" ? "coupons" : "offers"}.title`)}
        </Link>
      }
      actions={
        <>
          <Button onClick={() => void navigate({ to: back as never })}>{t("ui.cancel")}</Button>
          <Button
            type="primary"
            loading={create.isPending || change.isPending}
            disabled={d.name.trim() === ""}
            onClick={() => void save().catch(() => undefined)}
          >
            {t("promo.save")}
          </Button>
        </>
      }
      aside={
        <Panel title={t("promo.preview")}>
          <p className="promo-said">{say(d.terms, t, language)}</p>
          {props.of && d.kind === "coupon" ? <p className="hs-secondary">{t("promo.held_stays")}</p> : null}
        </Panel>
      }
    >
      {error ? <ErrorNote error={error} /> : null}
      <Panel title={t("promo.section.what")}>
        <div className="promo-form">
          <Field label={t("promo.name")}>
            <Input
              aria-label={t("promo.name")}
              value={d.name}
              maxLength={80}
              onChange={(e) => set({ name: e.target.value })}
            />
          </Field>
          <Field label={t("promo.note")}>
            <Input
              aria-label={t("promo.note")}
              value={d.note}
              maxLength={500}
              onChange={(e) => set({ note: e.target.value })}
            />
          </Field>
          {d.kind === "freight" ? null : (
            <Field label={t(d.kind === "coupon" ? "promo.claim_when" : "promo.when")} why={t("promo.when_why")}>
              <DatePicker.RangePicker
                showTime={{ format: "HH:mm" }}
                format="YYYY-MM-DD HH:mm"
                allowEmpty={[true, true]}
                value={[
                  d.starts_at ? dayjs(wallOf(d.starts_at, zone)) : null,
                  d.ends_at ? dayjs(wallOf(d.ends_at, zone)) : null,
                ]}
                onChange={(range) =>
                  set({
                    starts_at: range?.[0] ? instantOf(range[0].format("YYYY-MM-DD HH:mm"), zone) : undefined,
                    ends_at: range?.[1] ? instantOf(range[1].format("YYYY-MM-DD HH:mm"), zone) : undefined,
                  })
                }
              />
            </Field>
          )}
        </div>
      </Panel>
      <TermsForm terms={d.terms} onChange={(terms) => set({ terms })} />
    </Page>
  );
}
