import { $api, keyset, type Schema } from "@huoshui/api";
import { PeopleDrawer, useProblemText } from "@huoshui/ui";
import { useNavigate } from "@tanstack/react-router";
import { App, Input, Modal } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { measures } from "./words";

/** The people behind a number of a launch ("buyers:sale"), or of one of its lists; they can be kept as a segment. */
export function People(props: { launch: string; people: string; onClose: () => void }) {
  const { t } = useTranslation();
  const can = useCan();
  const navigate = useNavigate();
  const { message } = App.useApp();
  const text = useProblemText();
  const [name, setName] = useState<string>();
  const [list = "", stage = ""] = props.people.split(":");
  const query = { list: (list || "reached") as "reached", stage: (stage || undefined) as "sale" | undefined };
  const people = $api.useInfiniteQuery(
    "get",
    "/api/v1/launches/{id}/people",
    { params: { path: { id: props.launch }, query: { ...query, limit: 50 } } },
    { ...keyset, enabled: list !== "" && can("customers.read") },
  );
  const save = $api.useMutation("post", "/api/v1/launches/{id}/segment", { meta: { quiet: true } });
  const isMeasure = (measures as readonly string[]).includes(list);
  const title =
    (isMeasure ? t(`launches.measure.${list}`) : list ? t(`launches.list.${list}`) : "") +
    (stage ? ` · ${t(`launches.stage.${stage}`)}` : "");
  const keep = () =>
    save.mutate(
      {
        params: { path: { id: props.launch } },
        body: { list, stage: (stage || undefined) as "sale" | undefined, name: (name ?? "").trim() },
      },
      {
        onSuccess: (segment) => {
          setName(undefined);
          void message.success(t("launches.kept"));
          void navigate({ to: `/segments/${segment.id}` as never });
        },
        onError: (error) => void message.error(text(error)),
      },
    );
  return (
    <>
      <PeopleDrawer<Schema<"EffectPerson">>
        open={list !== ""}
        title={title}
        definition={isMeasure ? t(`launches.measure_why.${list}`) : t(`launches.list_why.${list}`)}
        query={people}
        onClose={props.onClose}
        onPerson={(p) => void navigate({ to: `/customers/${p.id}` as never })}
        onSaveSegment={can("segments.write") ? () => setName(title.slice(0, 80)) : undefined}
      />
      <Modal
        open={name !== undefined}
        title={t("launches.keep_title")}
        okText={t("launches.keep")}
        okButtonProps={{ disabled: !name?.trim(), loading: save.isPending }}
        onOk={keep}
        onCancel={() => setName(undefined)}
      >
        <Input
          aria-label={t("launches.keep_name")}
          value={name}
          maxLength={80}
          onChange={(e) => setName(e.target.value)}
        />
      </Modal>
    </>
  );
}
