import { $api, type Schema } from "@huoshui/api";
import { ErrorNote, Loading, Page, Panel } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { App, Button, Checkbox, Input, InputNumber } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import "./review.css";

type Rules = Schema<"ReviewRules">;

/** When one may write, what it earns, and which words need a look. */
export default function RulesPage() {
  const { t } = useTranslation();
  const query = $api.useQuery("get", "/api/v1/reviews/rules");
  return (
    <Page
      narrow
      title={t("review.rules.title")}
      lead={t("review.rules.lead")}
      crumbs={<Link to={"/reviews" as never}>{t("review.rules.back")}</Link>}
    >
      {query.error ? (
        <ErrorNote error={query.error} onRetry={() => void query.refetch()} />
      ) : query.data ? (
        <Form read={query.data} />
      ) : (
        <Loading />
      )}
    </Page>
  );
}

const lines = (text: string) =>
  text
    .split("\n")
    .map((l) => l.trim())
    .filter(Boolean);

function Form({ read }: { read: Rules }) {
  const { t } = useTranslation();
  const can = useCan();
  const client = useQueryClient();
  const { message } = App.useApp();
  const [rules, setRules] = useState(read);
  const [words, setWords] = useState(read.words.join("\n"));
  const [tags, setTags] = useState(read.tags.join("\n"));
  const off = !can("content.write");
  const save = $api.useMutation("put", "/api/v1/reviews/rules", {
    meta: { quiet: true },
    onSuccess: async () => {
      message.success(t("review.rules.saved"));
      await client.invalidateQueries({ predicate: (q) => q.queryKey[1] === "/api/v1/reviews/rules" });
    },
  });
  const number = (key: "days" | "edit_hours" | "points" | "picture_points", least: number, most: number) => (
    <>
      <label htmlFor={key}>{t(`review.rules.${key}`)}</label>
      <InputNumber
        id={key}
        disabled={off}
        min={least}
        max={most}
        precision={0}
        value={rules[key]}
        onChange={(v) => setRules({ ...rules, [key]: v ?? least })}
        style={{ width: 160 }}
      />
    </>
  );
  return (
    <>
      <Panel title={t("review.rules.times")}>
        <div className="hs-review-rules">
          {number("days", 1, 365)}
          {number("edit_hours", 0, 720)}
          {number("points", 0, 100_000)}
          {number("picture_points", 0, 100_000)}
          <span />
          <Checkbox
            disabled={off}
            checked={rules.auto}
            onChange={(e) => setRules({ ...rules, auto: e.target.checked })}
          >
            {t("review.rules.auto")}
          </Checkbox>
        </div>
      </Panel>
      <Panel title={t("review.rules.words")}>
        <p className="hs-secondary">{t("review.rules.words_text")}</p>
        <Input.TextArea
          aria-label={t("review.rules.words")}
          disabled={off}
          autoSize={{ minRows: 4, maxRows: 12 }}
          value={words}
          onChange={(e) => setWords(e.target.value)}
        />
      </Panel>
      <Panel title={t("review.rules.tags")}>
        <p className="hs-secondary">{t("review.rules.tags_text")}</p>
        <Input.TextArea
          aria-label={t("review.rules.tags")}
          disabled={off}
          autoSize={{ minRows: 4, maxRows: 12 }}
          value={tags}
          onChange={(e) => setTags(e.target.value)}
        />
      </Panel>
      {save.error ? <ErrorNote error={save.error} /> : null}
      {off ? null : (
        <div>
          <Button
            type="primary"
            loading={save.isPending}
            onClick={() => save.mutate({ body: { ...rules, words: lines(words), tags: lines(tags) } })}
          >
            {t("review.rules.save")}
          </Button>
        </div>
      )}
    </>
  );
}
