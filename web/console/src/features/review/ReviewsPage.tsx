import { $api, keyset, type Schema } from "@huoshui/api";
import {
  type Column,
  DataTable,
  Empty,
  ErrorNote,
  type Filter,
  formatCount,
  Loading,
  None,
  Page,
  Panel,
  RowDrawer,
  Status,
  useReader,
  When,
} from "@huoshui/ui";
import { keepPreviousData, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Alert, App, Button, Image, Input, Modal, Rate, Segmented } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useUrlState } from "../../shell/url";
import "./review.css";

type Review = Schema<"Review">;

const tabs = ["todo", "approved", "hidden", "all"] as const;
const onlys = ["pictures", "good", "low", "follow"] as const;
const photo = (id: string, width: number) => `/api/v1/photos/${encodeURIComponent(id)}?w=${width}`;

/** Reviews in the order of the work: those to look at first. */
export default function ReviewsPage() {
  const { t } = useTranslation();
  const { language } = useReader();
  const can = useCan();
  const [state, setState] = useUrlState({ tab: "todo", only: "", q: "", id: "" });
  const [keys, setKeys] = useState<string[]>([]);
  const decide = useDecide();
  const list = $api.useInfiniteQuery(
    "get",
    "/api/v1/reviews",
    {
      params: {
        query: {
          limit: 50,
          ...(state.tab === "todo" ? { todo: true } : {}),
          ...(state.tab === "approved" || state.tab === "hidden" ? { state: state.tab } : {}),
          ...(state.only ? { only: state.only as (typeof onlys)[number] } : {}),
          ...(state.q ? { q: state.q } : {}),
        },
      },
    },
    { ...keyset, placeholderData: keepPreviousData },
  );
  const counts = (list.data?.pages[0] as Schema<"ReviewPage"> | undefined)?.counts ?? {};
  const columns: Column<Review>[] = [
    {
      key: "text",
      title: t("review.text"),
      render: (r) => r.text || r.follow_text || <span className="hs-secondary">{t("review.no_text")}</span>,
      value: (r) => r.text,
      ellipsis: true,
      width: 360,
    },
    {
      key: "stars",
      title: t("review.stars"),
      render: (r) => <Rate disabled value={r.stars} className="hs-review-stars" />,
      value: (r) => r.stars,
      width: 130,
    },
    {
      key: "pictures",
      title: t("review.pictures"),
      render: (r) =>
        r.pictures.length > 0 ? (
          <span className="hs-review-thumb">
            <img src={photo(r.pictures[0] ?? "", 160)} alt="" width={28} height={28} loading="lazy" />
            {t("review.pictures_n", { n: r.pictures.length })}
          </span>
        ) : (
          <None />
        ),
      value: (r) => r.pictures.length,
      width: 110,
    },
    {
      key: "goods",
      title: t("review.goods"),
      render: (r) => r.goods_name,
      value: (r) => r.goods_name,
      ellipsis: true,
      width: 200,
    },
    {
      key: "author",
      title: t("review.author"),
      render: (r) => r.author || <span className="hs-secondary">{t("review.nameless")}</span>,
      value: (r) => r.author,
      width: 100,
    },
    {
      key: "state",
      title: t("review.state"),
      render: (r) => (
        <Status
          tone={
            r.words.length > 0
              ? "danger"
              : r.state === "pending" || r.follow_state === "pending"
                ? "attention"
                : r.state === "approved"
                  ? "good"
                  : "calm"
          }
          why={r.words.length > 0 ? t("review.sensitive", { words: r.words.join("、") }) : undefined}
        >
          {r.state !== "pending" && r.follow_state === "pending"
            ? t("review.follow_todo")
            : t(`review.states.${r.state}`)}
        </Status>
      ),
      value: (r) => t(`review.states.${r.state}`),
      width: 130,
    },
    {
      key: "made_at",
      title: t("review.made"),
      render: (r) => <When at={r.made_at} />,
      value: (r) => r.made_at,
      width: 150,
    },
  ];
  const filters: Filter[] = [
    {
      key: "only",
      label: t("review.only"),
      kind: "choice",
      options: onlys.map((o) => ({ value: o, label: t(`review.onlys.${o}`) })),
    },
  ];
  const n = (tab: string) => counts[tab] ?? 0;
  const all = list.data?.pages.flatMap((p) => p.items) ?? [];
  return (
    <Page
      title={t("review.title")}
      lead={t("review.lead")}
      actions={<Link to={"/reviews/rules" as never}>{t("review.rules_link")}</Link>}
    >
      <div className="hs-review-tabs">
        <Segmented
          value={state.tab}
          onChange={(v) => {
            setKeys([]);
            setState({ tab: v, id: "" });
          }}
          options={tabs.map((tab) => ({
            value: tab as string,
            label: n(tab) > 0 ? `${t(`review.tab.${tab}`)} ${formatCount(n(tab), language)}` : t(`review.tab.${tab}`),
          }))}
        />
      </div>
      <DataTable
        id="reviews"
        query={list}
        columns={columns}
        rowKey={(r) => r.id}
        filters={filters}
        state={state}
        onState={setState}
        search={t("review.search")}
        onOpen={(r) => setState({ id: r.id }, { push: true })}
        openKey={state.id}
        selection={state.tab === "todo" && can("content.write") ? { keys, onChange: setKeys } : undefined}
        toolbar={
          keys.length > 0 ? (
            <Button
              type="primary"
              loading={decide.isPending}
              onClick={async () => {
                for (const r of all.filter((one) => keys.includes(one.id))) {
                  const part = r.state === "pending" ? "review" : "follow";
                  await decide.mutateAsync({ params: { path: { id: r.id } }, body: { part, state: "approved" } });
                }
                setKeys([]);
              }}
            >
              {t("review.approve_many", { n: keys.length })}
            </Button>
          ) : undefined
        }
        empty={<Empty title={t("review.empty")}>{t("review.empty_text")}</Empty>}
      />
      <RowDrawer open={state.id !== ""} title={t("review.title")} onClose={() => setState({ id: "" })}>
        {state.id ? <One id={state.id} key={state.id} /> : null}
      </RowDrawer>
    </Page>
  );
}

function useRefresh() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { message } = App.useApp();
  return async (text = t("review.done")) => {
    message.success(text);
    await client.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).startsWith("/api/v1/reviews") });
  };
}

function useDecide() {
  const refresh = useRefresh();
  return $api.useMutation("post", "/api/v1/reviews/{id}/decision", { onSuccess: () => refresh() });
}

function One({ id }: { id: string }) {
  const query = $api.useQuery("get", "/api/v1/reviews/{id}", { params: { path: { id } } });
  if (query.error) {
    return <ErrorNote error={query.error} onRetry={() => void query.refetch()} />;
  }
  return query.data ? <Shown review={query.data} /> : <Loading />;
}

function Shown({ review: r }: { review: Review }) {
  const { t } = useTranslation();
  const can = useCan();
  const refresh = useRefresh();
  const decide = useDecide();
  const [hiding, setHiding] = useState<"review" | "follow">();
  const [note, setNote] = useState("");
  const [reply, setReply] = useState(r.reply);
  const params = { path: { id: r.id } };
  const answer = $api.useMutation("put", "/api/v1/reviews/{id}/reply", { onSuccess: () => refresh() });
  const use = $api.useMutation("post", "/api/v1/reviews/{id}/content", {
    onSuccess: () => refresh(t("review.used_done")),
  });
  const may = can("content.write");
  return (
    <div className="hs-review">
      <div className="hs-review-head">
        <Rate disabled value={r.stars} />
        <Status tone={r.state === "approved" ? "good" : r.state === "pending" ? "attention" : "calm"}>
          {t(`review.states.${r.state}`)}
        </Status>
        <span>{r.author || t("review.nameless")}</span>
        {r.customer ? <Link to={`/customers/${r.customer}` as never}>{t("review.customer")}</Link> : null}
      </div>
      {r.words.length > 0 ? (
        <Alert type="error" showIcon title={t("review.sensitive", { words: r.words.join("、") })} />
      ) : null}
      {may ? (
        <div className="hs-review-head">
          {r.state === "approved" ? null : (
            <Button
              type="primary"
              onClick={() => decide.mutate({ params, body: { part: "review", state: "approved" } })}
            >
              {t("review.approve")}
            </Button>
          )}
          {r.state === "hidden" ? null : <Button onClick={() => setHiding("review")}>{t("review.hide")}</Button>}
          {r.content ? (
            <Link to={`/content/${r.content}` as never}>{t("review.used")}</Link>
          ) : r.state === "approved" && r.consent && r.text ? (
            <Button loading={use.isPending} onClick={() => use.mutate({ params })}>
              {t("review.use")}
            </Button>
          ) : null}
        </div>
      ) : null}
      <Panel title={r.goods_name}>
        <p className="hs-review-text">{r.text || <span className="hs-secondary">{t("review.no_text")}</span>}</p>
        {r.tags.length > 0 ? <p className="hs-secondary">{r.tags.join(" · ")}</p> : null}
        <Pictures ids={r.pictures} />
        <p className="hs-secondary">
          {t(r.consent ? "review.consent" : "review.no_consent")}
          {r.points > 0 ? ` · ${t("review.rewarded", { n: r.points })}` : ""}
        </p>
        {r.note ? (
          <p className="hs-secondary">
            {t("review.note")} {r.note}
          </p>
        ) : null}
      </Panel>
      {r.follow_state ? (
        <Panel
          title={t("review.follow")}
          actions={
            may ? (
              <>
                {r.follow_state === "approved" ? null : (
                  <Button
                    size="small"
                    onClick={() => decide.mutate({ params, body: { part: "follow", state: "approved" } })}
                  >
                    {t("review.approve_follow")}
                  </Button>
                )}{" "}
                {r.follow_state === "hidden" ? null : (
                  <Button size="small" onClick={() => setHiding("follow")}>
                    {t("review.hide_follow")}
                  </Button>
                )}
              </>
            ) : undefined
          }
        >
          <p className="hs-review-text">{r.follow_text}</p>
          <Pictures ids={r.follow_pictures} />
        </Panel>
      ) : null}
      <Panel title={t("review.reply")}>
        <Input.TextArea
          aria-label={t("review.reply")}
          placeholder={t("review.reply_hint")}
          maxLength={500}
          disabled={!may}
          autoSize={{ minRows: 2, maxRows: 6 }}
          value={reply}
          onChange={(e) => setReply(e.target.value)}
        />
        {may ? (
          <Button
            className="hs-review-reply"
            loading={answer.isPending}
            disabled={reply === r.reply}
            onClick={() => answer.mutate({ params, body: { text: reply } })}
          >
            {t("review.reply_save")}
          </Button>
        ) : null}
      </Panel>
      <Modal
        open={hiding !== undefined}
        title={t("review.hide_title")}
        okText={t("review.hide")}
        onCancel={() => setHiding(undefined)}
        onOk={() => {
          if (hiding) {
            decide.mutate({ params, body: { part: hiding, state: "hidden", note } });
          }
          setHiding(undefined);
        }}
      >
        <p>{t("review.hide_text")}</p>
        <Input
          aria-label={t("review.hide_note")}
          placeholder={t("review.hide_note")}
          maxLength={160}
          value={note}
          onChange={(e) => setNote(e.target.value)}
        />
      </Modal>
    </div>
  );
}

function Pictures({ ids }: { ids: readonly string[] }) {
  const { t } = useTranslation();
  return ids.length === 0 ? null : (
    <div className="hs-review-pictures">
      <Image.PreviewGroup>
        {ids.map((id, i) => (
          <Image
            key={id}
            width={96}
            height={96}
            src={photo(id, 160)}
            preview={{ src: photo(id, 1600) }}
            alt={t("review.picture", { n: i + 1 })}
          />
        ))}
      </Image.PreviewGroup>
    </div>
  );
}
