import { $api, type Schema } from "@huoshui/api";
import {
  Empty,
  Facts,
  formatMoney,
  Loaded,
  Money,
  None,
  Percent,
  problemKey,
  RowDrawer,
  Status,
  type Tone,
  useConfirmDanger,
  useReader,
  When,
} from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Alert, App, Button, Segmented } from "antd";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import "./presale.css";

type Presale = Schema<"PresaleCounted">;
type Booking = Schema<"PresaleBookingRow">;

export const tones: Record<Presale["state"], Tone> = {
  draft: "calm",
  scheduled: "calm",
  on: "good",
  waiting: "running",
  tail: "running",
  ended: "calm",
  stopped: "attention",
};

const bookingTones: Record<Booking["state"], Tone> = {
  unpaid: "calm",
  deposited: "running",
  done: "good",
  closed: "calm",
  forfeited: "attention",
  returned: "calm",
  refunded: "danger",
};

/** Asks again for everything about presales. */
export function usePresalesChanged(): () => Promise<void> {
  const client = useQueryClient();
  return () => client.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).startsWith("/api/v1/presale") });
}

/** A presale: what speaks against publishing it, what came of it, its SKUs, and who booked. */
export function PresaleDrawer(props: { of: Presale | undefined; close: () => void; actions: ReactNode }) {
  const { t } = useTranslation();
  const p = props.of;
  return (
    <RowDrawer
      open={Boolean(p)}
      title={p?.name}
      subtitle={p ? t(`presale.states.${p.state}`) : ""}
      onClose={props.close}
      actions={props.actions}
    >
      {p ? <Body of={p} /> : null}
    </RowDrawer>
  );
}

function Body({ of: p }: { of: Presale }) {
  const { t } = useTranslation();
  const can = useCan();
  const n = p.numbers;
  return (
    <>
      {p.state === "draft" ? <Check id={p.id} /> : null}
      <Facts
        columns={2}
        items={[
          {
            label: t("presale.window"),
            value: (
              <>
                <When at={p.starts_at} /> – <When at={p.ends_at} />
              </>
            ),
          },
          {
            label: t("presale.tail_window"),
            value: (
              <>
                <When at={p.tail_starts_at} /> – <When at={p.tail_ends_at} />
              </>
            ),
          },
          { label: t("presale.ship_by"), value: <When at={p.ship_by} /> },
          { label: t("presale.keep"), value: t(p.keep ? "presale.keep_yes" : "presale.keep_no") },
          { label: t("presale.per_person"), value: `${p.per_person} ${t("presale.units_unit")}` },
          {
            label: t("presale.conversion"),
            value: n.deposits ? <Percent share={n.tails / n.deposits} /> : <None />,
            why: t("presale.conversion_why"),
          },
          { label: t("presale.deposits"), value: `${n.deposits} / ${n.people}`, why: t("presale.deposits_why") },
          { label: t("presale.waiting_tail"), value: n.waiting },
          { label: t("presale.tails"), value: n.tails },
          { label: t("presale.forfeited"), value: n.forfeited },
          { label: t("presale.deposit_fen"), value: <Money fen={n.deposit_fen} /> },
          { label: t("presale.held_fen"), value: <Money fen={n.held_fen} />, why: t("presale.held_why") },
          { label: t("presale.forfeited_fen"), value: <Money fen={n.forfeited_fen} /> },
          { label: t("presale.returned_fen"), value: <Money fen={n.returned_fen} /> },
          { label: t("presale.sales_fen"), value: <Money fen={n.sales_fen} />, why: t("presale.sales_why") },
        ]}
      />
      <h3 className="presale-head">{t("presale.items")}</h3>
      <div className="hs-trade-scroll">
        <table className="hs-trade-table">
          <thead>
            <tr>
              <th>{t("presale.sku")}</th>
              {(["price", "deposit", "worth", "units", "taken"] as const).map((key) => (
                <th key={key} className="hs-right">
                  {t(`presale.${key}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {p.items.map((i) => (
              <tr key={i.sku}>
                <td>{i.sku}</td>
                <td className="hs-right">
                  <Money fen={i.price_fen} />
                </td>
                <td className="hs-right">
                  <Money fen={i.deposit_fen} />
                </td>
                <td className="hs-right">
                  <Money fen={i.worth_fen} />
                </td>
                <td className="hs-right">{i.units}</td>
                <td className="hs-right">{i.taken}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {can("sales.read") && p.state !== "draft" ? <Bookings presale={p.id} /> : null}
    </>
  );
}

/** What speaks against publishing it. */
function Check({ id }: { id: string }) {
  const { t } = useTranslation();
  const asked = $api.useQuery("get", "/api/v1/presales/{id}/check", { params: { path: { id } } });
  return (
    <Loaded query={asked}>
      {(found) => (
        <div className="presale-check">
          {found.length === 0 ? (
            <Alert type="success" showIcon title={`${t("presale.check")}：${t("presale.check_fine")}`} />
          ) : (
            found.map((f) => (
              <Alert
                key={`${f.code}${f.sku ?? ""}`}
                type={f.hard ? "error" : "warning"}
                showIcon
                title={
                  <>
                    {t(problemKey(f.code))} {f.sku} {f.want ? `(${f.have ?? 0} / ${f.want})` : ""}
                  </>
                }
              />
            ))
          )}
        </div>
      )}
    </Loaded>
  );
}

const shown = ["", "unpaid", "deposited", "done", "forfeited", "returned"] as const;

function Bookings({ presale }: { presale: string }) {
  const { t } = useTranslation();
  const [state, setState] = useState<(typeof shown)[number]>("");
  const asked = $api.useQuery(
    "get",
    "/api/v1/presale-bookings",
    { params: { query: { presale, state: state || undefined, limit: 200 } } },
    { refetchInterval: 15_000 },
  );
  return (
    <>
      <h3 className="presale-head">{t("presale.bookings")}</h3>
      <Segmented
        className="presale-states"
        size="small"
        value={state}
        onChange={setState}
        options={shown.map((s) => ({ value: s, label: s ? t(`presale.booking_state.${s}`) : t("presale.all") }))}
      />
      <Loaded query={asked}>
        {(page) =>
          page.items.length === 0 ? (
            <Empty title={t("presale.bookings_empty")}>{t("presale.bookings_empty_text")}</Empty>
          ) : (
            <ul className="presale-bookings">
              {page.items.map((b) => (
                <Row key={b.id} of={b} />
              ))}
            </ul>
          )
        }
      </Loaded>
    </>
  );
}

function Row({ of: b }: { of: Booking }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const can = useCan();
  const ask = useConfirmDanger();
  const { message } = App.useApp();
  const changed = usePresalesChanged();
  const back = $api.useMutation("post", "/api/v1/presale-bookings/{id}/return", {
    meta: { quiet: true },
    onSuccess: async () => {
      message.success(t("presale.return_done"));
      await changed();
    },
  });
  const name = b.name || `#${b.customer}`;
  const fen = formatMoney(b.deposit_fen, language);
  return (
    <li>
      <Link to={`/customers/${b.customer}` as never}>{name}</Link>
      <span className="hs-secondary">
        {b.sku} × {b.units}
      </span>
      <Status tone={bookingTones[b.state]}>{t(`presale.booking_state.${b.state}`)}</Status>
      <span className="hs-num">{fen}</span>
      {b.sale && b.state !== "unpaid" ? <Link to={`/orders/${b.sale}` as never}>{t("presale.order")}</Link> : null}
      {can("sales.refund") && b.state === "deposited" && !b.sale ? (
        <Button
          size="small"
          type="link"
          onClick={() =>
            ask({
              title: t("presale.return_title", { name }),
              consequence: t("presale.return_text", { fen, n: b.units }),
              action: t("presale.return"),
              run: () => back.mutateAsync({ params: { path: { id: b.id } } }),
            })
          }
        >
          {t("presale.return")}
        </Button>
      ) : null}
      <span className="presale-when hs-secondary">
        <When at={b.paid_at ?? b.placed_at} />
      </span>
    </li>
  );
}
