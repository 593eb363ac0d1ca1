import { $api } from "@huoshui/api";
import { useProblemText } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Alert, App, Button, Input, Modal } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Profile } from "./Summary";

/** The way to forget somebody for good: what goes, what stays, and a word to type so that it is no slip of the hand. */
export function Erase(props: { customer: Profile; merged: number }) {
  const { t } = useTranslation();
  const text = useProblemText();
  const client = useQueryClient();
  const navigate = useNavigate();
  const { message } = App.useApp();
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState("");
  const c = props.customer;
  const word = c.name || c.code || String(c.number);
  const erase = $api.useMutation("post", "/api/v1/customers/{id}/erase", {
    meta: { quiet: true },
    onSuccess: async () => {
      setOpen(false);
      message.success(t("customers.erase.done"));
      await client.invalidateQueries({
        predicate: (q) => /customers|identity|tags|segments/.test(String(q.queryKey[1])),
      });
      void navigate({ to: "/customers" as never });
    },
  });
  const close = () => {
    setOpen(false);
    setTyped("");
    erase.reset();
  };
  return (
    <>
      <Button size="small" danger type="text" onClick={() => setOpen(true)}>
        {t("customers.erase.do")}
      </Button>
      <Modal
        open={open}
        title={t("customers.erase.title", { name: word })}
        width={480}
        onCancel={close}
        destroyOnHidden
        okText={t("customers.erase.do")}
        okButtonProps={{ danger: true, disabled: typed.trim() !== word, loading: erase.isPending }}
        cancelText={t("ui.cancel")}
        onOk={() => erase.mutate({ params: { path: { id: c.id } }, body: { confirm: c.id } })}
      >
        <dl className="hs-erase">
          <dt>{t("customers.erase.gone")}</dt>
          <dd>{t("customers.erase.gone_list", { n: props.merged })}</dd>
          <dt>{t("customers.erase.stays")}</dt>
          <dd>{t("customers.erase.stays_list")}</dd>
        </dl>
        <p className="hs-secondary">{t("customers.erase.later")}</p>
        <label className="hs-merge-reason" htmlFor="erase-word">
          <span>{t("customers.erase.type", { word })}</span>
          <Input id="erase-word" autoComplete="off" value={typed} onChange={(e) => setTyped(e.target.value)} />
        </label>
        {erase.error ? <Alert type="error" showIcon title={text(erase.error)} /> : null}
      </Modal>
    </>
  );
}
