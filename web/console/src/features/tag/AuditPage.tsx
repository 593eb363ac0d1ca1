import { $api, type Schema } from "@huoshui/api";
import { Facts, formatPercent, LayerTag, Loaded, Loading, Money, Page, Panel, useReader, When } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { Button } from "antd";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { whyText } from "../../tagging/words";
import "./tag.css";

type Audit = Schema<"TagAudit">;

/** A sample of carriers, judged one by one beside what they did. */
export default function AuditPage() {
  const { audit } = useParams({ strict: false }) as { audit: string };
  const one = $api.useQuery("get", "/api/v1/tag-audits/{id}", { params: { path: { id: audit } } });
  return (
    <Loaded query={one} loading={<Loading height={480} />}>
      {(a) => <Judging audit={a} />}
    </Loaded>
  );
}

function Judging(props: { audit: Audit }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const can = useCan();
  const client = useQueryClient();
  const { audit } = props;
  const tag = $api.useQuery("get", "/api/v1/tags/{id}", { params: { path: { id: audit.tag } } });
  const first = audit.sample.findIndex((s) => s.verdict === "");
  const [at, setAt] = useState(first < 0 ? 0 : first);
  const judge = $api.useMutation("put", "/api/v1/tag-audits/{id}/sample/{place}", {
    onSuccess: () => client.invalidateQueries({ predicate: (q) => /tag-audits|\/audits/.test(String(q.queryKey[1])) }),
  });
  const one = audit.sample[at];
  const say = (verdict: "right" | "wrong") => {
    if (one && can("tags.write")) {
      judge.mutate({ params: { path: { id: audit.id, place: one.place } }, body: { verdict } });
      setAt(Math.min(at + 1, audit.sample.length - 1));
    }
  };
  useEffect(() => {
    const press = (e: KeyboardEvent) => {
      if (e.key === "ArrowRight" || e.key === "ArrowLeft") {
        say(e.key === "ArrowRight" ? "right" : "wrong");
      }
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  });
  return (
    <Page
      title={t("tags.audit")}
      crumbs={
        <>
          <Link to={"/tags" as never}>{t("tags.title")}</Link>
          <span aria-hidden>/</span>
          <Link to={`/tags/${audit.tag}` as never}>{tag.data?.name ?? audit.tag}</Link>
        </>
      }
      lead={
        audit.judged > 0
          ? `${t("tags.audit_progress", { judged: audit.judged, sampled: audit.sampled })} · ${t("tags.precision")} ${formatPercent(audit.precision.estimate, language, 0)} (${t(
              "tags.precision_range",
              {
                low: formatPercent(audit.precision.low, language, 0),
                high: formatPercent(audit.precision.high, language, 0),
              },
            )})`
          : t("tags.audit_why")
      }
      actions={
        <>
          <Button disabled={at === 0} onClick={() => setAt(at - 1)}>
            {t("tags.previous")}
          </Button>
          <Button disabled={at >= audit.sample.length - 1} onClick={() => setAt(at + 1)}>
            {t("tags.next")}
          </Button>
        </>
      }
    >
      {one ? (
        <div className="tags-two tags-audit">
          <Panel title={`${at + 1} / ${audit.sample.length}`}>
            {one.person ? <Who person={one.person} tag={audit.tag} /> : <p>{t("tags.gone")}</p>}
            {can("tags.write") ? (
              <div className="tags-judge">
                <Button danger type={one.verdict === "wrong" ? "primary" : "default"} onClick={() => say("wrong")}>
                  {t("tags.wrong_key")}
                </Button>
                <Button type={one.verdict === "right" ? "primary" : "default"} onClick={() => say("right")}>
                  {t("tags.right_key")}
                </Button>
              </div>
            ) : null}
            {audit.judged === audit.sampled ? (
              <p role="status">
                {t("tags.audit_done")} <Link to={`/tags/${audit.tag}` as never}>{t("tags.audit_back")}</Link>
              </p>
            ) : null}
          </Panel>
          <Panel title={t("tags.timeline")}>{one.person ? <Lately id={one.person.id} /> : null}</Panel>
        </div>
      ) : null}
    </Page>
  );
}

function Who(props: { person: Schema<"SegmentPerson">; tag: string }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const { person: p } = props;
  const carried = $api.useQuery("get", "/api/v1/customers/{id}/tags", { params: { path: { id: p.id } } });
  const this_ = carried.data?.items.find((c) => c.tag.id === props.tag);
  return (
    <Facts
      columns={2}
      items={[
        { label: t("ui.people.name"), value: <Link to={`/customers/${p.id}` as never}>{p.name || p.id}</Link> },
        { label: t("ui.people.layer"), value: <LayerTag layer={p.layer} /> },
        { label: t("segments.orders_column"), value: p.orders },
        { label: t("ui.people.spent"), value: <Money fen={p.spent_fen} /> },
        { label: t("ui.people.last"), value: <When at={p.last_order_at} style="date" /> },
        { label: t("tags.reason"), value: whyText(t, language, this_?.why) },
      ]}
    />
  );
}

function Lately(props: { id: string }) {
  const { t } = useTranslation();
  const facts = $api.useQuery("get", "/api/v1/customers/{id}/timeline", {
    params: { path: { id: props.id }, query: { limit: 40 } },
  });
  return (
    <Loaded query={facts}>
      {(page) => (
        <ul className="tags-list">
          {page.items.map((f, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: facts have no name of their own
            <li key={i}>
              <When at={f.at} />
              <span>
                {t(`customers.fact.${f.name.replace(".", "_")}`, { defaultValue: f.name })}{" "}
                <span className="hs-secondary">{f.product_name || f.product || f.category}</span>
              </span>
              <span>{f.amount_fen ? <Money fen={f.amount_fen} /> : null}</span>
            </li>
          ))}
        </ul>
      )}
    </Loaded>
  );
}
