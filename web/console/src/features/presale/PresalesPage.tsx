import { PlusOutlined } from "@ant-design/icons";
import { $api, type Schema } from "@huoshui/api";
import {
  type Column,
  Count,
  DataTable,
  Empty,
  formatMoney,
  Money,
  None,
  Page,
  Percent,
  Status,
  useConfirmDanger,
  useReader,
  When,
  wholeList,
} from "@huoshui/ui";
import { App, Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useUrlState } from "../../shell/url";
import { PresaleDrawer, tones, usePresalesChanged } from "./PresaleDrawer";
import { PresaleForm } from "./PresaleForm";

type Presale = Schema<"PresaleCounted">;

/** Everything that is sold before it is sent, and what came of it. */
export default function PresalesPage() {
  const { t } = useTranslation();
  const { language } = useReader();
  const can = useCan();
  const ask = useConfirmDanger();
  const { message } = App.useApp();
  const changed = usePresalesChanged();
  const [state, setState] = useUrlState({ open: "" });
  const [writing, setWriting] = useState<"" | "new" | "edit">("");
  const asked = $api.useQuery(
    "get",
    "/api/v1/presales",
    { params: { query: { limit: 200 } } },
    { refetchInterval: 15_000 },
  );
  const done = (text: string) => ({
    meta: { quiet: true },
    onSuccess: async () => {
      message.success(t(text));
      await changed();
    },
  });
  const publish = $api.useMutation("post", "/api/v1/presales/{id}/publish", done("presale.published"));
  const openTail = $api.useMutation("post", "/api/v1/presales/{id}/open-tail", done("presale.tail_opened"));
  const stop = $api.useMutation("post", "/api/v1/presales/{id}/stop", done("presale.stopped"));
  const number = (
    key: "deposits" | "people" | "tails" | "forfeited",
    extra: Partial<Column<Presale>> = {},
  ): Column<Presale> => ({
    key,
    title: t(`presale.${key}`),
    width: 90,
    align: "right",
    render: (p) => <Count n={p.numbers[key]} />,
    value: (p) => p.numbers[key],
    ...extra,
  });
  const fen = (key: "held_fen" | "forfeited_fen" | "sales_fen", why?: string): Column<Presale> => ({
    key,
    title: t(`presale.${key}`),
    definition: why ? t(why) : undefined,
    width: 120,
    align: "right",
    render: (p) => <Money fen={p.numbers[key]} />,
    value: (p) => p.numbers[key] / 100,
  });
  const columns: Column<Presale>[] = [
    { key: "name", title: t("presale.name"), width: 170, render: (p) => p.name, value: (p) => p.name },
    {
      key: "state",
      title: t("presale.state"),
      width: 110,
      render: (p) => <Status tone={tones[p.state]}>{t(`presale.states.${p.state}`)}</Status>,
      value: (p) => p.state,
    },
    number("deposits", { definition: t("presale.deposits_why") }),
    number("people"),
    number("tails"),
    {
      key: "conversion",
      title: t("presale.conversion"),
      definition: t("presale.conversion_why"),
      width: 100,
      align: "right",
      render: (p) => (p.numbers.deposits ? <Percent share={p.numbers.tails / p.numbers.deposits} /> : <None />),
      value: (p) => (p.numbers.deposits ? p.numbers.tails / p.numbers.deposits : ""),
    },
    number("forfeited"),
    fen("held_fen", "presale.held_why"),
    fen("forfeited_fen"),
    fen("sales_fen", "presale.sales_why"),
    {
      key: "window",
      title: t("presale.window"),
      width: 240,
      render: (p) => (
        <>
          <When at={p.starts_at} /> – <When at={p.ends_at} />
        </>
      ),
      value: (p) => p.starts_at,
    },
    {
      key: "tail",
      title: t("presale.tail_window"),
      width: 240,
      render: (p) => (
        <>
          <When at={p.tail_starts_at} /> – <When at={p.tail_ends_at} />
        </>
      ),
      value: (p) => p.tail_starts_at,
    },
  ];
  const open = asked.data?.items.find((p) => p.id === state.open);
  const path = { params: { path: { id: open?.id ?? "" } } };
  const add = can("goods.write") ? (
    <Button type="primary" icon={<PlusOutlined />} onClick={() => setWriting("new")}>
      {t("presale.new")}
    </Button>
  ) : null;
  const over = open?.state === "ended" || open?.state === "stopped";
  return (
    <Page title={t("presale.title")} lead={t("presale.lead")} actions={add}>
      <DataTable
        id="presales"
        query={wholeList({ ...asked, data: asked.data?.items })}
        columns={columns}
        rowKey={(p) => p.id}
        state={state}
        onState={setState}
        onOpen={(p) => setState({ open: p.id })}
        empty={
          <Empty title={t("presale.empty")} action={add}>
            {t("presale.empty_text")}
          </Empty>
        }
      />
      <PresaleDrawer
        of={open}
        close={() => setState({ open: "" })}
        actions={
          open && !over && can("goods.write") ? (
            <>
              <Button
                size="small"
                onClick={() =>
                  ask({
                    title: t("presale.stop_title", { name: open.name }),
                    consequence:
                      open.state === "draft"
                        ? t("presale.stop_draft")
                        : t("presale.stop_text", {
                            n: open.numbers.waiting,
                            fen: formatMoney(open.numbers.held_fen, language),
                            tails: open.numbers.tails,
                          }),
                    action: t("presale.stop"),
                    run: () => stop.mutateAsync(path),
                  })
                }
              >
                {t("presale.stop")}
              </Button>
              <Button size="small" onClick={() => setWriting("edit")}>
                {t("presale.edit")}
              </Button>
              {open.state === "on" || open.state === "waiting" ? (
                <Button
                  size="small"
                  onClick={() =>
                    ask({
                      title: t("presale.open_tail_title", { name: open.name }),
                      consequence: t("presale.open_tail_text", { n: open.numbers.waiting }),
                      action: t("presale.open_tail"),
                      run: () => openTail.mutateAsync(path),
                    })
                  }
                >
                  {t("presale.open_tail")}
                </Button>
              ) : null}
              {open.state === "draft" ? (
                <Button
                  size="small"
                  type="primary"
                  onClick={() =>
                    ask({
                      title: t("presale.publish_title", { name: open.name }),
                      consequence: t("presale.publish_text"),
                      action: t("presale.publish"),
                      run: () => publish.mutateAsync(path),
                    })
                  }
                >
                  {t("presale.publish")}
                </Button>
              ) : null}
            </>
          ) : null
        }
      />
      <PresaleForm
        open={writing !== ""}
        of={writing === "edit" ? open : undefined}
        close={() => setWriting("")}
        saved={async (id) => {
          setWriting("");
          message.success(t("presale.saved"));
          await changed();
          setState({ open: id });
        }}
      />
    </Page>
  );
}
