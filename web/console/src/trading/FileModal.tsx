import { InboxOutlined } from "@ant-design/icons";
import { ErrorNote } from "@huoshui/ui";
import { Modal, Upload } from "antd";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { sendFile } from "./files";
import "./trading.css";

/** Where a table is dropped, and what became of it. The dialog stays until it is closed, so that the result can be read. */
export function FileModal<R>(props: {
  open: boolean;
  title: string;
  /** What the file must look like. */
  hint: ReactNode;
  url: string;
  drop: string;
  onClose: () => void;
  onDone: (answer: R) => void;
  result: (answer: R) => ReactNode;
}) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [answer, setAnswer] = useState<R>();
  const send = async (file: File) => {
    setBusy(true);
    setError(undefined);
    setAnswer(undefined);
    try {
      const said = await sendFile<R>(props.url, file);
      setAnswer(said);
      props.onDone(said);
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      open={props.open}
      title={props.title}
      onCancel={props.onClose}
      afterClose={() => {
        setAnswer(undefined);
        setError(undefined);
      }}
      footer={null}
      width={560}
      destroyOnHidden
    >
      <div className="hs-trade-file">
        <div className="hs-secondary">{props.hint}</div>
        <Upload.Dragger
          accept=".csv,.xlsx,.txt"
          showUploadList={false}
          disabled={busy}
          beforeUpload={(file) => {
            void send(file);
            return false;
          }}
        >
          <p className="hs-trade-drop">
            <InboxOutlined aria-hidden />
          </p>
          <p aria-busy={busy || undefined}>{busy ? t("ui.loading") : props.drop}</p>
        </Upload.Dragger>
        {error ? <ErrorNote error={error} small /> : null}
        {answer === undefined ? null : <div role="status">{props.result(answer)}</div>}
      </div>
    </Modal>
  );
}
