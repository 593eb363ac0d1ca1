import { $api, type Schema } from "@huoshui/api";
import { App, Button, Input, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";

const reasons = ["no_answer", "wrong_number", "refused", "not_suitable", "out_of_time", "other"] as const;

/** Says how a task ended: spoke, or not and why. */
export function Outcome(props: { task: Schema<"TaskRow">; onClosed: () => Promise<unknown> }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const [note, setNote] = useState("");
  const [failing, setFailing] = useState(false);
  const [reason, setReason] = useState<(typeof reasons)[number]>("no_answer");
  const close = $api.useMutation("post", "/api/v1/tasks/{id}/close");
  const end = async (state: "done" | "failed") => {
    await close.mutateAsync({
      params: { path: { id: props.task.id } },
      body: state === "done" ? { state, note } : { state, reason, note },
    });
    await props.onClosed();
    message.success(t("tasks.closed"));
  };
  return (
    <div className="tk-outcome">
      <Input.TextArea
        value={note}
        aria-label={t("tasks.note")}
        placeholder={t("tasks.note_hint")}
        maxLength={1000}
        autoSize={{ minRows: 2, maxRows: 4 }}
        onChange={(e) => setNote(e.target.value)}
      />
      <div className="tk-outcome-row">
        {failing ? (
          <>
            <Select
              aria-label={t("tasks.why")}
              value={reason}
              onChange={setReason}
              options={reasons.map((r) => ({ value: r, label: t(`tasks.reasons.${r}`) }))}
              style={{ width: 168 }}
            />
            <Button type="primary" loading={close.isPending} onClick={() => void end("failed")}>
              {t("tasks.fail_do")}
            </Button>
            <Button type="text" onClick={() => setFailing(false)}>
              {t("ui.back")}
            </Button>
          </>
        ) : (
          <>
            <Button type="primary" loading={close.isPending} onClick={() => void end("done")}>
              {t("tasks.done")}
            </Button>
            <Button onClick={() => setFailing(true)}>{t("tasks.fail")}</Button>
          </>
        )}
      </div>
    </div>
  );
}
