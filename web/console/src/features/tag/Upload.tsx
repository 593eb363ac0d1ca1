import { useProblemText } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";

interface Filed {
  rows: number;
  changed: number;
  rejected: { row: number; key: string; tag: string; code: string }[];
}

/** A file of keys and tags, and what became of it. */
export function Upload() {
  const { t } = useTranslation();
  const text = useProblemText();
  const client = useQueryClient();
  const [working, setWorking] = useState(false);
  const [done, setDone] = useState<Filed>();
  const [failed, setFailed] = useState<string>();
  const send = async (file: File) => {
    setWorking(true);
    setFailed(undefined);
    setDone(undefined);
    try {
      const answer = await fetch("/api/v1/tags/import", { method: "POST", body: file });
      const body: unknown = await answer.json();
      if (answer.ok) {
        setDone(body as Filed);
        await client.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).includes("/tag") });
      } else {
        setFailed(text(body));
      }
    } catch (error) {
      setFailed(text(error));
    }
    setWorking(false);
  };
  const rejects = () => {
    const quote = (s: string) => `"${s.replaceAll('"', '""')}"`;
    const lines = (done?.rejected ?? []).map((r) =>
      [String(r.row), quote(r.key), quote(r.tag), quote(t(`tags.reject.${r.code}`))].join(","),
    );
    const url = URL.createObjectURL(new Blob([`\ufeff${lines.join("\r\n")}\r\n`], { type: "text/csv" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = "rejected-tags.csv";
    link.click();
    URL.revokeObjectURL(url);
  };
  return (
    <div aria-busy={working}>
      <p className="hs-secondary">{t("tags.file_why")}</p>
      <p>
        <input
          type="file"
          accept=".csv,.xlsx,.gz"
          aria-label={t("tags.file")}
          disabled={working}
          onChange={(e) => {
            const file = e.target.files?.[0];
            if (file) {
              void send(file);
            }
          }}
        />
      </p>
      {failed ? <p role="alert">{failed}</p> : null}
      {done ? (
        <p role="status">
          {t("tags.file_done", { rows: done.rows, changed: done.changed, rejected: done.rejected.length })}{" "}
          {done.rejected.length > 0 ? (
            <Button size="small" onClick={rejects}>
              {t("tags.file_rejects")}
            </Button>
          ) : null}
        </p>
      ) : null}
    </div>
  );
}
