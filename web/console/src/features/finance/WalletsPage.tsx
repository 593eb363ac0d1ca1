import { $api, type Schema } from "@huoshui/api";
import {
  Cards,
  Empty,
  formatCount,
  Loaded,
  Money,
  None,
  Panel,
  StatCard,
  Status,
  useConfirmDanger,
  useReader,
  When,
} from "@huoshui/ui";
import { keepPreviousData, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Alert, App, Button, Input, InputNumber, Modal, Select, Space } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSettled } from "../../shell/find";
import { useCan } from "../../shell/session";
import { useUrlState } from "../../shell/url";
import { Frame } from "./Frame";

type Has = Schema<"CustomerMoney">;

/** What one customer has with the brand: wallet, gifts and points, with every change, and what staff may do about it. */
export default function WalletsPage() {
  const { t } = useTranslation();
  const can = useCan();
  const [state, setState] = useUrlState({ customer: "" });
  const [typed, setTyped] = useState("");
  const q = useSettled(typed.trim(), 200);
  const people = $api.useQuery(
    "get",
    "/api/v1/customers",
    { params: { query: { q: q || undefined, limit: 20 } } },
    { enabled: can("customers.read"), placeholderData: keepPreviousData, meta: { quiet: true } },
  );
  const one = $api.useQuery(
    "get",
    "/api/v1/customers/{id}",
    { params: { path: { id: state.customer } } },
    { enabled: state.customer !== "" && can("customers.read"), meta: { quiet: true } },
  );
  const name = one.data ? one.data.name || one.data.code || String(one.data.number) : state.customer;
  return (
    <Frame tab="wallets">
      <div className="hs-finance-bar">
        <Select
          aria-label={t("finance.wallet.find")}
          placeholder={t("finance.wallet.find")}
          style={{ width: 360 }}
          allowClear
          showSearch={{ filterOption: false, onSearch: setTyped }}
          value={state.customer || null}
          onChange={(id: string | null) => setState({ customer: id ?? "" })}
          options={[
            ...(state.customer ? [{ value: state.customer, label: name }] : []),
            ...(people.data?.items ?? [])
              .filter((p) => p.id !== state.customer)
              .map((p) => ({ value: p.id, label: p.name || p.code || p.number })),
          ]}
        />
        {one.data ? <Link to={`/customers/${one.data.id}` as never}>{t("finance.wallet.profile")}</Link> : null}
      </div>
      {state.customer ? (
        <Account key={state.customer} customer={state.customer} name={name} />
      ) : (
        <Empty title={t("finance.wallet.none")}>{t("finance.wallet.none_text")}</Empty>
      )}
    </Frame>
  );
}

function Account(props: { customer: string; name: string }) {
  const query = $api.useQuery("get", "/api/v1/customers/{id}/money", { params: { path: { id: props.customer } } });
  return <Loaded query={query}>{(has) => <Standing {...props} has={has} />}</Loaded>;
}

function Standing(props: { customer: string; name: string; has: Has }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const can = useCan();
  const ask = useConfirmDanger();
  const client = useQueryClient();
  const { message } = App.useApp();
  const [moving, setMoving] = useState<"in" | "out" | "">("");
  const { wallet, points } = props.has;
  const worth = props.has.batches.reduce((sum, b) => sum + b.value_left_fen, 0);
  const changed = async (text: string) => {
    message.success(text);
    await client.invalidateQueries({ predicate: (q) => /customers|finance/.test(String(q.queryKey[1])) });
  };
  const freeze = $api.useMutation("put", "/api/v1/customers/{id}/wallet/frozen", {
    meta: { quiet: true },
    onSuccess: () => changed(t("finance.wallet.done")),
  });
  const setFrozen = (frozen: boolean) => {
    let why = "";
    ask({
      title: t(frozen ? "finance.wallet.freeze_title" : "finance.wallet.thaw_title", { name: props.name }),
      consequence: frozen ? (
        <>
          <p>{t("finance.wallet.freeze_text")}</p>
          <Input
            aria-label={t("finance.why")}
            placeholder={t("finance.why")}
            maxLength={500}
            onChange={(e) => {
              why = e.target.value;
            }}
          />
        </>
      ) : (
        t("finance.wallet.thaw_text")
      ),
      action: t(frozen ? "finance.wallet.freeze" : "finance.wallet.thaw"),
      run: () => freeze.mutateAsync({ params: { path: { id: props.customer } }, body: { frozen, why } }),
    });
  };
  return (
    <>
      {wallet.frozen ? (
        <Alert type="warning" showIcon title={t("finance.wallet.frozen")} description={wallet.frozen_why} />
      ) : null}
      <Cards min={180}>
        <StatCard
          label={t("finance.wallet.principal")}
          definition={t("finance.wallet.principal_why")}
          value={<Money fen={wallet.principal_fen} />}
        />
        <StatCard
          label={t("finance.wallet.gift")}
          definition={t("finance.wallet.gift_why")}
          value={<Money fen={wallet.gift_fen} />}
        />
        <StatCard
          label={t("finance.wallet.points")}
          definition={t("finance.points_why")}
          value={formatCount(points.points, language)}
          note={
            points.owed > 0 ? (
              t("finance.wallet.owed", { n: formatCount(points.owed, language) })
            ) : (
              <>
                {t("finance.wallet.worth")} <Money fen={worth} />
              </>
            )
          }
        />
      </Cards>
      {can("finance.write") ? (
        <Space wrap>
          <Button onClick={() => setMoving("in")}>{t("finance.wallet.topup")}</Button>
          <Button disabled={wallet.principal_fen === 0} onClick={() => setMoving("out")}>
            {t("finance.wallet.withdraw")}
          </Button>
          <Button danger={!wallet.frozen} onClick={() => setFrozen(!wallet.frozen)}>
            {t(wallet.frozen ? "finance.wallet.thaw" : "finance.wallet.freeze")}
          </Button>
        </Space>
      ) : null}
      {moving ? (
        <MoveMoney
          customer={props.customer}
          name={props.name}
          way={moving}
          most={wallet.principal_fen}
          onClose={() => setMoving("")}
          onDone={() => changed(t("finance.wallet.done"))}
        />
      ) : null}
      <Lots has={props.has} />
      <Moves has={props.has} />
    </>
  );
}

/** Money that came in by the bank, or goes out by it; one request however often the button is pressed. */
function MoveMoney(props: {
  customer: string;
  name: string;
  way: "in" | "out";
  most: number;
  onClose: () => void;
  onDone: () => Promise<void>;
}) {
  const { t } = useTranslation();
  const [request] = useState(() => crypto.randomUUID());
  const [yuan, setYuan] = useState<number | null>(null);
  const [gift, setGift] = useState<number | null>(null);
  const [note, setNote] = useState("");
  const close = async () => {
    props.onClose();
    await props.onDone();
  };
  const topUp = $api.useMutation("post", "/api/v1/customers/{id}/wallet/topups", { onSuccess: close });
  const payOut = $api.useMutation("post", "/api/v1/customers/{id}/wallet/withdrawals", { onSuccess: close });
  const fen = Math.round((yuan ?? 0) * 100);
  const giftFen = Math.round((gift ?? 0) * 100);
  const params = { path: { id: props.customer } };
  const send = () =>
    props.way === "in"
      ? topUp.mutate({ params, body: { request_id: request, principal_fen: fen, gift_fen: giftFen, note } })
      : payOut.mutate({ params, body: { request_id: request, amount_fen: fen, note } });
  return (
    <Modal
      open
      title={t(props.way === "in" ? "finance.wallet.topup_title" : "finance.wallet.withdraw_title", {
        name: props.name,
      })}
      okText={t(props.way === "in" ? "finance.wallet.topup" : "finance.wallet.withdraw")}
      okButtonProps={{
        disabled: note.trim() === "" || (props.way === "in" ? fen + giftFen === 0 : fen === 0),
        loading: topUp.isPending || payOut.isPending,
      }}
      onOk={send}
      onCancel={props.onClose}
    >
      <p className="hs-secondary">
        {t(props.way === "in" ? "finance.wallet.topup_text" : "finance.wallet.withdraw_text")}
      </p>
      <div className="hs-finance-form">
        <label htmlFor="wallet-fen">{t("finance.wallet.principal")}</label>
        <InputNumber
          id="wallet-fen"
          prefix="¥"
          min={0}
          max={props.way === "out" ? props.most / 100 : 100_000_000}
          precision={2}
          value={yuan}
          onChange={setYuan}
        />
        {props.way === "in" ? (
          <>
            <label htmlFor="wallet-gift">{t("finance.wallet.gift")}</label>
            <InputNumber
              id="wallet-gift"
              prefix="¥"
              min={0}
              max={100_000_000}
              precision={2}
              value={gift}
              onChange={setGift}
            />
          </>
        ) : null}
        <label htmlFor="wallet-note">{t("finance.note")}</label>
        <Input
          id="wallet-note"
          maxLength={500}
          placeholder={t("finance.wallet.note_hint")}
          value={note}
          onChange={(e) => setNote(e.target.value)}
        />
      </div>
    </Modal>
  );
}

/** Gifts and points that are left, and when they end. */
function Lots(props: { has: Has }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const rows = [
    ...props.has.gifts.map((g) => ({
      id: g.id,
      what: t("finance.wallet.gift"),
      left: <Money fen={g.left_fen} />,
      from: <Money fen={g.amount_fen} />,
      at: g.created_at,
      ends: g.expires_at,
    })),
    ...props.has.batches.map((b) => ({
      id: b.id,
      what: t("finance.wallet.points"),
      left: formatCount(b.left, language),
      from: formatCount(b.points, language),
      at: b.created_at,
      ends: b.expires_at,
    })),
  ];
  if (rows.length === 0) return null;
  return (
    <Panel title={t("finance.wallet.lots")}>
      <div className="hs-finance-scroll">
        <table className="hs-finance-table">
          <thead>
            <tr>
              <th>{t("finance.wallet.what")}</th>
              <th className="hs-right">{t("finance.wallet.left")}</th>
              <th className="hs-right">{t("finance.wallet.given")}</th>
              <th>{t("finance.at")}</th>
              <th>{t("finance.wallet.ends")}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((r) => (
              <tr key={r.id}>
                <td>{r.what}</td>
                <td className="hs-right">{r.left}</td>
                <td className="hs-right">{r.from}</td>
                <td>
                  <When at={r.at} />
                </td>
                <td>{r.ends ? <When at={r.ends} /> : t("finance.wallet.lasting")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

/** The latest changes of wallet and points, newest first. */
function Moves(props: { has: Has }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const rows = [
    ...props.has.moves.map((m) => ({
      id: m.id,
      at: m.at,
      kind: t(`finance.wallet.kinds.${m.kind}`),
      what: t("finance.wallet.wallet"),
      change: <Money fen={m.principal_fen + m.gift_fen} />,
      after: <Money fen={m.principal_after_fen + m.gift_after_fen} />,
      order: m.order,
      note: m.note,
    })),
    ...props.has.points_moves.map((m) => ({
      id: m.id,
      at: m.at,
      kind: t(`finance.wallet.kinds.${m.kind}`),
      what: t("finance.wallet.points"),
      change: formatCount(m.points, language),
      after: formatCount(m.points_after, language),
      order: m.order,
      note: m.reason,
    })),
  ].sort((a, b) => b.at.localeCompare(a.at));
  return (
    <Panel title={t("finance.wallet.moves")}>
      {rows.length === 0 ? (
        <Empty title={t("finance.wallet.no_moves")}>{t("finance.wallet.no_moves_text")}</Empty>
      ) : (
        <div className="hs-finance-scroll">
          <table className="hs-finance-table">
            <thead>
              <tr>
                <th>{t("finance.at")}</th>
                <th>{t("finance.wallet.what")}</th>
                <th>{t("finance.wallet.kind")}</th>
                <th className="hs-right">{t("finance.wallet.change")}</th>
                <th className="hs-right">{t("finance.balance")}</th>
                <th>{t("finance.order")}</th>
                <th>{t("finance.note")}</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((m) => (
                <tr key={m.id}>
                  <td>
                    <When at={m.at} style="second" />
                  </td>
                  <td>{m.what}</td>
                  <td>
                    <Status tone="calm">{m.kind}</Status>
                  </td>
                  <td className="hs-right">{m.change}</td>
                  <td className="hs-right">{m.after}</td>
                  <td>
                    {m.order ? (
                      <Link to={"/finance/orders" as never} search={{ id: m.order } as never}>
                        {m.order}
                      </Link>
                    ) : (
                      <None />
                    )}
                  </td>
                  <td>{m.note || <None />}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}
