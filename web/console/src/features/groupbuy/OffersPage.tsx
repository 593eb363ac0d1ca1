import { PlusOutlined } from "@ant-design/icons";
import { $api, type Schema } from "@huoshui/api";
import {
  type Column,
  Count,
  DataTable,
  Empty,
  Money,
  None,
  Page,
  Percent,
  present,
  Status,
  useConfirmDanger,
  When,
  wholeList,
} from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { App, Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useUrlState } from "../../shell/url";
import { GroupsDrawer } from "./GroupsDrawer";
import { OfferForm } from "./OfferForm";

type Offer = Schema<"GroupbuyCounted">;

/** Where an offer stands at an instant. */
export function standing(o: Offer, now: number): "on" | "soon" | "over" | "stopped" {
  if (o.stopped) {
    return "stopped";
  }
  if (now < Date.parse(o.starts_at)) {
    return "soon";
  }
  return now < Date.parse(o.ends_at) ? "on" : "over";
}

const tones = { on: "good", soon: "calm", over: "calm", stopped: "attention" } as const;

/** Everything that is bought together, and what came of it. */
export default function OffersPage() {
  const { t } = useTranslation();
  const can = useCan();
  const ask = useConfirmDanger();
  const client = useQueryClient();
  const { message } = App.useApp();
  const [state, setState] = useUrlState({ open: "" });
  const [writing, setWriting] = useState(false);
  const asked = $api.useQuery("get", "/api/v1/group-offers", { params: { query: { limit: 200 } } });
  const refresh = () =>
    client.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).startsWith("/api/v1/group") });
  const stop = $api.useMutation("post", "/api/v1/group-offers/{id}/stop", {
    meta: { quiet: true },
    onSuccess: async () => {
      message.success(t("groupbuy.stopped"));
      await refresh();
    },
  });
  const columns: Column<Offer>[] = [
    { key: "name", title: t("groupbuy.name"), width: 180, render: (o) => o.name, value: (o) => o.name },
    { key: "sku", title: t("groupbuy.sku"), width: 130, render: (o) => o.sku, value: (o) => o.sku },
    {
      key: "price",
      title: t("groupbuy.price"),
      width: 110,
      align: "right",
      render: (o) => <Money fen={o.price_fen} />,
      value: (o) => o.price_fen / 100,
    },
    {
      key: "size",
      title: t("groupbuy.size"),
      width: 110,
      align: "right",
      render: (o) => <Count n={o.size} />,
      value: (o) => o.size,
    },
    {
      key: "state",
      title: t("groupbuy.state"),
      width: 100,
      render: (o) => {
        const at = standing(o, present());
        return <Status tone={tones[at]}>{t(`groupbuy.standing.${at}`)}</Status>;
      },
      value: (o) => standing(o, present()),
    },
    ...(["forming", "complete", "failed"] as const).map(
      (key): Column<Offer> => ({
        key,
        title: t(`groupbuy.${key}`),
        width: 90,
        align: "right",
        render: (o) => <Count n={o[key]} />,
        value: (o) => o[key],
      }),
    ),
    {
      key: "rate",
      title: t("groupbuy.rate"),
      definition: t("groupbuy.rate_why"),
      width: 100,
      align: "right",
      render: (o) => (o.complete + o.failed > 0 ? <Percent share={o.complete / (o.complete + o.failed)} /> : <None />),
      value: (o) => (o.complete + o.failed > 0 ? o.complete / (o.complete + o.failed) : ""),
    },
    {
      key: "members",
      title: t("groupbuy.members"),
      definition: t("groupbuy.members_why"),
      width: 110,
      align: "right",
      render: (o) => <Count n={o.members} />,
      value: (o) => o.members,
    },
    {
      key: "ends",
      title: t("groupbuy.window"),
      width: 240,
      render: (o) => (
        <>
          <When at={o.starts_at} /> – <When at={o.ends_at} />
        </>
      ),
      value: (o) => o.ends_at,
    },
  ];
  const open = asked.data?.items.find((o) => o.id === state.open);
  const add = can("goods.write") ? (
    <Button type="primary" icon={<PlusOutlined />} onClick={() => setWriting(true)}>
      {t("groupbuy.new")}
    </Button>
  ) : null;
  return (
    <Page title={t("groupbuy.title")} lead={t("groupbuy.lead")} actions={add}>
      <DataTable
        id="group-offers"
        query={wholeList({ ...asked, data: asked.data?.items })}
        columns={columns}
        rowKey={(o) => o.id}
        state={state}
        onState={setState}
        onOpen={(o) => setState({ open: o.id })}
        empty={
          <Empty title={t("groupbuy.empty")} action={add}>
            {t("groupbuy.empty_text")}
          </Empty>
        }
      />
      <GroupsDrawer
        offer={open}
        close={() => setState({ open: "" })}
        actions={
          open && standing(open, present()) !== "over" && !open.stopped && can("goods.write") ? (
            <Button
              size="small"
              onClick={() =>
                ask({
                  title: t("groupbuy.stop_title", { name: open.name }),
                  consequence: t("groupbuy.stop_text", { n: open.forming }),
                  action: t("groupbuy.stop"),
                  run: () => stop.mutateAsync({ params: { path: { id: open.id } } }),
                })
              }
            >
              {t("groupbuy.stop")}
            </Button>
          ) : null
        }
      />
      <OfferForm
        open={writing}
        close={() => setWriting(false)}
        saved={async () => {
          setWriting(false);
          message.success(t("groupbuy.saved"));
          await refresh();
        }}
      />
    </Page>
  );
}
