import { $api } from "@huoshui/api";
import { Count, Loaded, Money, None, useProblemText, When } from "@huoshui/ui";
import { keepPreviousData, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Alert, App, Button, Input, Modal } from "antd";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSettled } from "../../shell/find";
import type { Profile } from "./Summary";

/** Finds another customer, shows both side by side with what comes of it, and merges them. */
export function MergeWith(props: { customer: Profile; open: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const text = useProblemText();
  const client = useQueryClient();
  const navigate = useNavigate();
  const { message } = App.useApp();
  const [q, setQ] = useState("");
  const [chosen, setChosen] = useState("");
  const [reason, setReason] = useState("");
  const asked = useSettled(q.trim(), 200);
  const me = props.customer;
  const found = $api.useQuery(
    "get",
    "/api/v1/customers",
    { params: { query: { q: asked, limit: 7 } } },
    { enabled: props.open && asked !== "" && chosen === "", placeholderData: keepPreviousData },
  );
  const other = $api.useQuery(
    "get",
    "/api/v1/customers/{id}",
    { params: { path: { id: chosen } } },
    { enabled: chosen !== "" },
  );
  const close = () => {
    props.onClose();
    setQ("");
    setChosen("");
    setReason("");
  };
  const merge = $api.useMutation("post", "/api/v1/customers/{id}/merge", {
    meta: { quiet: true },
    onSuccess: async (made) => {
      close();
      message.success(t("customers.merge.done"));
      await client.invalidateQueries({ predicate: (one) => /customers|identity/.test(String(one.queryKey[1])) });
      void navigate({ to: `/customers/${made.to_id}` as never });
    },
  });
  const rows = found.data?.items.filter((c) => c.id !== me.id) ?? [];
  return (
    <Modal
      open={props.open}
      title={t("customers.merge.title", { name: me.name || me.code || me.number })}
      width={chosen ? 720 : 520}
      onCancel={close}
      destroyOnHidden
      footer={
        chosen ? (
          <>
            <Button onClick={() => setChosen("")}>{t("customers.merge.another")}</Button>
            <Button
              type="primary"
              disabled={reason.trim() === "" || !other.data}
              loading={merge.isPending}
              onClick={() =>
                merge.mutate({ params: { path: { id: me.id } }, body: { with: chosen, reason: reason.trim() } })
              }
            >
              {t("customers.merge.do")}
            </Button>
          </>
        ) : null
      }
    >
      {chosen === "" ? (
        <>
          <Input.Search
            autoFocus
            allowClear
            aria-label={t("customers.merge.search")}
            placeholder={t("customers.merge.search")}
            value={q}
            loading={found.isFetching}
            onChange={(e) => setQ(e.target.value)}
          />
          <ul className="hs-merge-found">
            {rows.map((c) => (
              <li key={c.id}>
                <button type="button" onClick={() => setChosen(c.id)}>
                  <b>{c.name || t("customers.nameless")}</b>
                  <span className="hs-secondary">{[c.code, c.phone, c.city].filter(Boolean).join(" · ")}</span>
                </button>
              </li>
            ))}
          </ul>
          {asked !== "" && found.data && rows.length === 0 ? (
            <p className="hs-secondary">{t("customers.merge.nobody")}</p>
          ) : null}
        </>
      ) : (
        <Loaded query={other}>
          {(them) => (
            <>
              <Both a={me.number < them.number ? me : them} b={me.number < them.number ? them : me} />
              <label className="hs-merge-reason" htmlFor="merge-reason">
                <span>{t("customers.merge.reason")}</span>
                <Input
                  id="merge-reason"
                  maxLength={500}
                  value={reason}
                  placeholder={t("customers.merge.reason_example")}
                  onChange={(e) => setReason(e.target.value)}
                />
              </label>
              {merge.error ? <Alert type="error" showIcon title={text(merge.error)} /> : null}
            </>
          )}
        </Loaded>
      )}
    </Modal>
  );
}

const fields = ["name", "phone", "email", "gender", "birthday", "city", "level", "store"] as const;

/** Both customers and what stays: the one made first, with what she lacks filled in by the other. */
function Both(props: { a: Profile; b: Profile }) {
  const { t } = useTranslation();
  const { a, b } = props;
  const value = (c: Profile, field: (typeof fields)[number]) =>
    field === "gender" && c.gender ? t(`customers.genders.${c.gender}`) : c[field];
  const rows: [string, ReactNode, ReactNode, ReactNode, boolean][] = fields
    .filter((f) => a[f] || b[f])
    .map((f) => [
      t(`customers.${f}`),
      value(a, f) || <None />,
      value(b, f) || <None />,
      value(a, f) || value(b, f),
      Boolean(a[f] && b[f] && a[f] !== b[f]),
    ]);
  return (
    <>
      <p className="hs-merge-lead">
        {t("customers.merge.lead", { a: a.name || a.code || a.number, b: b.name || b.code || b.number })}
      </p>
      <table className="hs-merge-both">
        <thead>
          <tr>
            <th />
            <th>{t("customers.merge.stays")}</th>
            <th>{t("customers.merge.goes")}</th>
            <th>{t("customers.merge.after")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([label, left, right, after, differ]) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              <td>{left}</td>
              <td>
                {right}
                {differ ? <small>{t("customers.merge.not_kept")}</small> : null}
              </td>
              <td>{after}</td>
            </tr>
          ))}
          <tr>
            <th scope="row">{t("customers.registered")}</th>
            <td>
              <When at={a.registered_at} style="date" />
            </td>
            <td>
              <When at={b.registered_at} style="date" />
            </td>
            <td />
          </tr>
          <tr>
            <th scope="row">{t("customers.orders")}</th>
            <td>
              <Count n={a.orders} />
            </td>
            <td>
              <Count n={b.orders} />
            </td>
            <td>
              <Count n={a.orders + b.orders} />
            </td>
          </tr>
          <tr>
            <th scope="row">{t("customers.spent")}</th>
            <td>
              <Money fen={a.spent_fen} />
            </td>
            <td>
              <Money fen={b.spent_fen} />
            </td>
            <td>
              <Money fen={a.spent_fen + b.spent_fen} />
            </td>
          </tr>
          <tr>
            <th scope="row">{t("customers.keys")}</th>
            <td>{a.keys.map((k) => k.value).join("、") || <None />}</td>
            <td>{b.keys.map((k) => k.value).join("、") || <None />}</td>
            <td>
              <Count n={a.keys.length + b.keys.length} />
            </td>
          </tr>
        </tbody>
      </table>
    </>
  );
}
