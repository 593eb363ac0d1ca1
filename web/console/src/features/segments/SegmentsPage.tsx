import { PlusOutlined } from "@ant-design/icons";
import { $api, keyset, type Schema } from "@huoshui/api";
import {
  type Column,
  Count,
  DataTable,
  Empty,
  Facts,
  formatCount,
  formatPercent,
  Loaded,
  Loading,
  Page,
  RowDrawer,
  Status,
  useReader,
  When,
} from "@huoshui/ui";
import { keepPreviousData } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Button, Tooltip } from "antd";
import { type CSSProperties, useState } from "react";
import { useTranslation } from "react-i18next";
import { describe } from "../../conditions/describe";
import { useCan } from "../../shell/session";
import { useUrlState } from "../../shell/url";
import { useSegmentNames } from "./SegmentPage";
import "../../conditions/conditions.css";
import type { Condition } from "../../conditions/tree";
import { Compare } from "./Compare";
import { LiveMark } from "./LiveMark";
import "./segments.css";

type Segment = Schema<"AudienceSegment">;

/** More segments than this have too many parts to look at; they are compared two by two only. */
const mostCompared = 6;

/** All segments; a row opens in a drawer, several ticked ones can be compared. */
export default function SegmentsPage() {
  const { t } = useTranslation();
  const { language } = useReader();
  const can = useCan();
  const navigate = useNavigate();
  const nameOf = useSegmentNames();
  const [state, setState] = useUrlState({ q: "", archived: "", open: "" });
  const [ticked, setTicked] = useState<string[]>([]);
  const [comparing, setComparing] = useState(false);
  const list = $api.useInfiniteQuery(
    "get",
    "/api/v1/segments",
    { params: { query: { q: state.q || undefined, archived: state.archived === "true" || undefined, limit: 50 } } },
    { ...keyset, placeholderData: keepPreviousData },
  );
  const rows = list.data?.pages.flatMap((p) => p.items) ?? [];
  const opened = rows.find((s) => s.id === state.open);
  const words = (s: Segment) =>
    s.kind === "static"
      ? t("segments.words.static")
      : describe(t, language, s.condition as Condition | undefined, nameOf);
  const columns: Column<Segment>[] = [
    { key: "name", title: t("segments.name"), render: (s) => s.name, value: (s) => s.name, width: 220 },
    {
      key: "size",
      title: t("segments.size"),
      align: "right",
      render: (s) => <Count n={s.size} />,
      value: (s) => s.size,
      width: 100,
    },
    {
      key: "condition",
      title: t("segments.condition"),
      render: (s) => <span title={words(s)}>{words(s)}</span>,
      value: words,
      width: 460,
    },
    {
      key: "kind",
      title: t("segments.kind"),
      definition: t("segments.kind_why"),
      render: (s) => (s.live ? <LiveMark /> : <Status tone="calm">{t(`segments.kinds.${s.kind}`)}</Status>),
      value: (s) => (s.live ? "live" : s.kind),
      width: 110,
    },
    {
      key: "as_of",
      title: t("segments.as_of"),
      render: (s) => <When at={s.as_of} ago />,
      value: (s) => s.as_of,
      width: 120,
    },
    {
      key: "updated_at",
      title: t("segments.updated"),
      render: (s) => <When at={s.updated_at} ago />,
      value: (s) => s.updated_at,
      width: 120,
    },
  ];
  return (
    <Page
      title={t("segments.title")}
      lead={t("segments.lead")}
      actions={
        can("segments.write") ? (
          <Button type="primary" icon={<PlusOutlined />} onClick={() => void navigate({ to: "/segments/new" })}>
            {t("segments.new")}
          </Button>
        ) : null
      }
    >
      <DataTable
        id="segments"
        query={list}
        columns={columns}
        rowKey={(s) => s.id}
        state={state}
        onState={setState}
        search={t("segments.search")}
        filters={[{ key: "archived", label: t("segments.archived_only"), kind: "flag" }]}
        onOpen={(s) => setState({ open: s.id })}
        openKey={state.open}
        selection={{ keys: ticked, onChange: setTicked }}
        toolbar={
          <Tooltip title={ticked.length < 2 ? t("segments.overlap_pick") : undefined}>
            <Button size="small" disabled={ticked.length < 2 || ticked.length > 12} onClick={() => setComparing(true)}>
              {t("segments.overlap")}
              {ticked.length > 0 ? ` (${ticked.length})` : ""}
            </Button>
          </Tooltip>
        }
        empty={
          <Empty
            title={t("segments.empty")}
            action={
              can("segments.write") ? (
                <Button type="primary" onClick={() => void navigate({ to: "/segments/new" })}>
                  {t("segments.new")}
                </Button>
              ) : null
            }
          >
            {t("segments.empty_text")}
          </Empty>
        }
      />
      <RowDrawer
        open={!!opened}
        title={opened?.name ?? ""}
        subtitle={opened ? t(`segments.kinds.${opened.kind}`) : ""}
        onClose={() => setState({ open: "" })}
        onOpenPage={() => void navigate({ to: `/segments/${state.open}` })}
        footer={
          opened ? (
            <div className="hs-people-actions">
              {can("segments.write") && opened.kind === "dynamic" ? (
                <Button onClick={() => void navigate({ to: `/segments/${opened.id}/edit` })}>
                  {t("segments.edit")}
                </Button>
              ) : null}
              {can("campaigns.write") && !opened.archived ? (
                <Button
                  type="primary"
                  onClick={() =>
                    void navigate({ to: "/campaigns/new", search: { audience: `segment:${opened.id}` } as never })
                  }
                >
                  {t("segments.reach")}
                </Button>
              ) : null}
            </div>
          ) : null
        }
      >
        {opened ? (
          <Facts
            columns={1}
            items={[
              { label: t("segments.size"), value: <Count n={opened.size} /> },
              { label: t("segments.condition"), value: words(opened) },
              ...(opened.note ? [{ label: t("segments.note"), value: opened.note }] : []),
              { label: t("segments.as_of"), value: <When at={opened.as_of} /> },
              { label: t("segments.updated"), value: <When at={opened.updated_at} /> },
            ]}
          />
        ) : null}
      </RowDrawer>
      <RowDrawer open={comparing} title={t("segments.overlap_title")} onClose={() => setComparing(false)} width={960}>
        {comparing && ticked.length <= mostCompared ? <Compare ids={ticked} nameOf={nameOf} /> : null}
        {comparing ? (
          <section className="segments-pairs">
            <h3>{t("segments.compare.pairs")}</h3>
            <p className="hs-secondary segments-overlap-why">{t("segments.overlap_why")}</p>
            <Overlap ids={ticked} nameOf={nameOf} />
          </section>
        ) : null}
      </RowDrawer>
    </Page>
  );
}

function Overlap(props: { ids: readonly string[]; nameOf: (id: string) => string }) {
  const { language } = useReader();
  const overlap = $api.useQuery("get", "/api/v1/segments/overlap", {
    params: { query: { ids: [props.ids.join(",")] } },
  });
  return (
    <Loaded query={overlap} loading={<Loading height={200} />}>
      {(data) => {
        const shared = (a: string, b: string) =>
          a === b
            ? (data.sizes[a] ?? 0)
            : (data.shared.find((o) => (o.a === a && o.b === b) || (o.a === b && o.b === a))?.people ?? 0);
        return (
          <table className="segments-overlap">
            <thead>
              <tr>
                <td />
                {props.ids.map((id) => (
                  <th key={id} scope="col">
                    {props.nameOf(id)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {props.ids.map((row) => (
                <tr key={row}>
                  <th scope="row">{props.nameOf(row)}</th>
                  {props.ids.map((column) => {
                    const n = shared(row, column);
                    const share = n / Math.max(1, data.sizes[row] ?? 0);
                    return (
                      <td
                        key={column}
                        className="hs-num"
                        data-self={row === column || undefined}
                        style={{ "--heat": `${Math.round(share * 60)}%` } as CSSProperties}
                      >
                        {formatCount(n, language)}
                        {row === column ? null : <small>{formatPercent(share, language, 0)}</small>}
                      </td>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        );
      }}
    </Loaded>
  );
}
