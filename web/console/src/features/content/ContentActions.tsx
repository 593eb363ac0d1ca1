import { $api } from "@huoshui/api";
import { useConfirmDanger, useReader } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { App, Button, Space } from "antd";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { type Content, say } from "./words";

/** What can be done with a content; `page` leaves out what the page does itself. */
export function ContentActions(props: { content: Content; page?: boolean }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const { message } = App.useApp();
  const can = useCan();
  const navigate = useNavigate();
  const client = useQueryClient();
  const confirm = useConfirmDanger();
  const clone = $api.useMutation("post", "/api/v1/contents/{id}/clone");
  const archive = $api.useMutation("post", "/api/v1/contents/{id}/archive");
  const restore = $api.useMutation("post", "/api/v1/contents/{id}/restore");
  const c = props.content;
  const path = { params: { path: { id: c.id } } };
  const refresh = async () => {
    await client.invalidateQueries({ queryKey: ["get", "/api/v1/contents"] });
    await client.invalidateQueries({ queryKey: ["get", "/api/v1/contents/{id}"] });
    message.success(t("content.done"));
  };
  if (!can("content.write")) {
    return null;
  }
  if (c.archived_at) {
    return (
      <Button onClick={() => void restore.mutateAsync(path).then(refresh)} loading={restore.isPending}>
        {t("content.restore")}
      </Button>
    );
  }
  return (
    <Space>
      {props.page ? null : (
        <Button type="primary" onClick={() => void navigate({ to: `/content/${c.id}` as never })}>
          {t("content.edit")}
        </Button>
      )}
      <Button
        loading={clone.isPending}
        onClick={async () => {
          const made = await clone.mutateAsync(path);
          await client.invalidateQueries({ queryKey: ["get", "/api/v1/contents"] });
          message.success(t("content.cloned"));
          void navigate({ to: `/content/${made.id}` as never });
        }}
      >
        {t("content.clone")}
      </Button>
      <Button
        type="text"
        onClick={() =>
          confirm({
            title: t("content.archive_q", { name: say(c.name, language) }),
            consequence: t("content.archive_text"),
            action: t("content.archive"),
            red: false,
            run: () => archive.mutateAsync(path).then(refresh),
          })
        }
      >
        {t("content.archive")}
      </Button>
    </Space>
  );
}
