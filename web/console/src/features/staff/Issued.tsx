import type { Schema } from "@huoshui/api";
import { App, Button, Modal } from "antd";
import { useTranslation } from "react-i18next";

/** The one-time password of an account, shown this once. */
export function Issued(props: { issued: Schema<"StaffIssued"> | undefined; onClose: () => void }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const { issued } = props;
  const words = issued ? `${issued.account.login}  ${issued.password}` : "";
  return (
    <Modal
      open={!!issued}
      title={t("staff.issued_title")}
      closable={false}
      mask={{ closable: false }}
      width={440}
      footer={
        <Button type="primary" onClick={props.onClose}>
          {t("staff.issued_done")}
        </Button>
      }
    >
      {issued ? (
        <>
          <p className="hs-secondary">{t("staff.issued_text", { name: issued.account.name })}</p>
          <pre
            style={{
              margin: "12px 0",
              padding: 12,
              background: "var(--hs-mist)",
              borderRadius: 6,
              fontSize: 14,
              userSelect: "all",
              whiteSpace: "pre-wrap",
              overflowWrap: "anywhere",
            }}
          >
            {words}
          </pre>
          <Button
            size="small"
            onClick={async () => {
              await navigator.clipboard.writeText(words);
              message.success(t("ui.error.copied"));
            }}
          >
            {t("staff.issued_copy")}
          </Button>
        </>
      ) : null}
    </Modal>
  );
}
