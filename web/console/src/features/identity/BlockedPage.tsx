import { $api, keyset, type Schema } from "@huoshui/api";
import { type Column, DataTable, Empty, Status, useConfirmDanger, When } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { App, Button } from "antd";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useOriginName } from "../../shell/source-name";
import { Frame } from "./Frame";

type Row = Schema<"CustomerKeyRow">;

/** Keys that stand for nobody, and the way to use one again. */
export default function BlockedPage() {
  const { t } = useTranslation();
  const can = useCan();
  const client = useQueryClient();
  const ask = useConfirmDanger();
  const origin = useOriginName();
  const { message } = App.useApp();
  const list = $api.useInfiniteQuery("get", "/api/v1/identity/blocked", { params: { query: { limit: 50 } } }, keyset);
  const unblock = $api.useMutation("post", "/api/v1/identity/unblock", {
    meta: { quiet: true },
    onSuccess: async () => {
      message.success(t("identity.unblocked"));
      await client.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).startsWith("/api/v1/identity") });
    },
  });
  const columns: Column<Row>[] = [
    {
      key: "value",
      title: t("identity.value"),
      width: 280,
      render: (k) => <code>{k.value}</code>,
      value: (k) => k.value,
    },
    {
      key: "kind",
      title: t("identity.kind"),
      width: 120,
      render: (k) => t(`identity.key.${k.kind}`, { defaultValue: k.kind }),
      value: (k) => k.kind,
    },
    {
      key: "why",
      title: t("identity.reason"),
      width: 240,
      render: (k) => (
        <Status tone="attention">
          {t(k.state === "shared" ? "identity.blocked_shared" : "identity.blocked_person")}
        </Status>
      ),
      value: (k) => k.state,
    },
    { key: "source", title: t("identity.told"), width: 160, render: (k) => origin(k.source), value: (k) => k.source },
    {
      key: "seen",
      title: t("identity.seen_at"),
      width: 140,
      render: (k) => <When at={k.seen_at} style="date" />,
      value: (k) => k.seen_at,
    },
    ...(can("identity.write")
      ? [
          {
            key: "do",
            title: t("identity.action"),
            width: 120,
            render: (k: Row) => (
              <Button
                size="small"
                onClick={() =>
                  ask({
                    title: t("identity.unblock_ask", { key: k.value }),
                    consequence: t("identity.unblock_text"),
                    action: t("identity.unblock"),
                    red: false,
                    run: () => unblock.mutateAsync({ body: { kind: k.kind, value: k.value } }),
                  })
                }
              >
                {t("identity.unblock")}
              </Button>
            ),
          },
        ]
      : []),
  ];
  return (
    <Frame tab="blocked">
      <DataTable
        id="blocked"
        query={list}
        columns={columns}
        rowKey={(k) => `${k.kind}:${k.value}`}
        state={{}}
        onState={() => undefined}
        empty={<Empty title={t("identity.blocked_empty")}>{t("identity.blocked_empty_text")}</Empty>}
      />
    </Frame>
  );
}
