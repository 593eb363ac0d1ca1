import { CloseOutlined } from "@ant-design/icons";
import { $api } from "@huoshui/api";
import { formatPercent, formatWhen, Loaded, Panel, useProblemText, useReader } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { App, Button, Select, Tooltip } from "antd";
import { useTranslation } from "react-i18next";
import { describe } from "../conditions/describe";
import type { Condition } from "../conditions/tree";
import { useCan } from "../shell/session";
import { TagName } from "./TagName";
import { type Carried, whyText } from "./words";

/** The tags of a person: why is on hover; who may, puts them on and takes them off. */
export function PersonTags(props: { id: string }) {
  const { t } = useTranslation();
  const can = useCan();
  const client = useQueryClient();
  const text = useProblemText();
  const { message } = App.useApp();
  const path = { id: props.id };
  const query = $api.useQuery("get", "/api/v1/customers/{id}/tags", { params: { path } });
  const all = $api.useQuery("get", "/api/v1/tags", {}, { staleTime: 60_000, enabled: can("tags.mark") });
  const again = {
    onSuccess: () =>
      client.invalidateQueries({ predicate: (q) => /\/tags|\/customers\/\{id\}\/tags/.test(String(q.queryKey[1])) }),
    onError: (error: unknown) => void message.error(text(error)),
  };
  const mark = $api.useMutation("post", "/api/v1/tags/{id}/people", again);
  const pin = $api.useMutation("put", "/api/v1/customers/{id}/tags/{tag}", again);
  const put = (tag: string, remove: boolean) =>
    mark.mutate({ params: { path: { id: tag } }, body: { customers: [props.id], remove } });
  return (
    <Panel title={t("tags.on_person")}>
      <Loaded query={query}>
        {(page) => {
          const here = new Set(page.items.map((c) => c.tag.id));
          const options = (all.data?.items ?? [])
            .filter((tag) => (tag.kind === "manual" || tag.kind === "import") && !here.has(tag.id))
            .map((tag) => ({ value: tag.id, label: tag.name }));
          return (
            <>
              {page.items.length === 0 ? <p className="hs-secondary">{t("tags.on_person_none")}</p> : null}
              <div className="tagging-chips">
                {page.items.map((c) => (
                  <Chip
                    key={c.tag.id}
                    carried={c}
                    mayMark={can("tags.mark")}
                    onOff={() => put(c.tag.id, true)}
                    onPin={(verdict) =>
                      pin.mutate({ params: { path: { id: props.id, tag: c.tag.id } }, body: { verdict } })
                    }
                  />
                ))}
              </div>
              {can("tags.mark") && options.length > 0 ? (
                <Select
                  size="small"
                  aria-label={t("tags.add")}
                  placeholder={t("tags.add")}
                  value={null}
                  loading={mark.isPending}
                  onChange={(tag) => tag && put(tag, false)}
                  showSearch={{ optionFilterProp: "label" }}
                  popupMatchSelectWidth={false}
                  style={{ minWidth: 160 }}
                  options={options}
                />
              ) : null}
            </>
          );
        }}
      </Loaded>
    </Panel>
  );
}

function Chip(props: {
  carried: Carried;
  mayMark: boolean;
  onOff: () => void;
  onPin: (verdict: "yes" | "no") => void;
}) {
  const { t } = useTranslation();
  const reader = useReader();
  const { tag, why, since, confidence, pinned } = props.carried;
  const byHand = tag.kind === "manual" || tag.kind === "import";
  const told = [
    whyText(t, reader.language, why),
    why?.code === "rule" && tag.rule ? describe(t, reader.language, tag.rule as Condition) : "",
    since ? t("tags.since", { since: formatWhen(since, reader, "date") }) : "",
    tag.kind === "fuzzy" && !pinned
      ? t("tags.confidence", { share: formatPercent(confidence ?? 0, reader.language, 0) })
      : "",
  ].filter(Boolean);
  return (
    <span className="tagging-chip">
      <Tooltip title={told.join(" · ")} trigger={["hover", "focus"]}>
        <Link to={`/tags/${tag.id}` as never} style={{ color: "inherit" }}>
          <TagName name={tag.name} colour={tag.colour} />
        </Link>
      </Tooltip>
      {props.mayMark && byHand ? (
        <button
          type="button"
          className="tagging-off"
          aria-label={t("tags.take_off", { name: tag.name })}
          onClick={props.onOff}
        >
          <CloseOutlined style={{ fontSize: 10 }} />
        </button>
      ) : null}
      {props.mayMark && tag.kind === "fuzzy" && pinned !== "yes" ? (
        <>
          <Button size="small" type="link" onClick={() => props.onPin("yes")}>
            {t("tags.confirm")}
          </Button>
          <Button size="small" type="link" onClick={() => props.onPin("no")}>
            {t("tags.deny")}
          </Button>
        </>
      ) : null}
    </span>
  );
}
