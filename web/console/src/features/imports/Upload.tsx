import { InboxOutlined } from "@ant-design/icons";
import type { Problem } from "@huoshui/api";
import { ErrorNote } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Upload as AntUpload, Progress, Segmented } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Import } from "./words";

/** Sends a file as the body of a request, telling how far it is. */
export function sendFile(target: string, file: File, onProgress: (share: number) => void): Promise<Import> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/api/v1/imports?${new URLSearchParams({ target, name: file.name })}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = (e) => onProgress(e.total > 0 ? e.loaded / e.total : 0);
    request.onerror = () => reject(new TypeError("network"));
    request.onload = () => {
      try {
        const answer = JSON.parse(request.responseText) as Import | Problem;
        if (request.status < 300) {
          resolve(answer as Import);
        } else {
          reject(answer);
        }
      } catch (error) {
        reject(error);
      }
    };
    request.send(file);
  });
}

/** Where a file is dropped: what it holds is chosen first, everything else is detected. */
export function Upload() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [target, setTarget] = useState<Import["target"]>("orders");
  const [share, setShare] = useState<number>();
  const [error, setError] = useState<unknown>();
  const send = async (file: File) => {
    setError(undefined);
    setShare(0);
    try {
      const made = await sendFile(target, file, setShare);
      await client.invalidateQueries({ queryKey: ["get", "/api/v1/imports"] });
      await navigate({ to: `/imports/${made.id}` });
    } catch (problem) {
      setError(problem);
    } finally {
      setShare(undefined);
    }
  };
  return (
    <div className="hs-upload">
      <div className="hs-upload-target">
        <span className="hs-secondary">{t("imports.target_label")}</span>
        <Segmented
          value={target}
          onChange={(v) => setTarget(v as Import["target"])}
          options={(["orders", "customers"] as const).map((v) => ({ value: v, label: t(`imports.target.${v}`) }))}
        />
        <span className="hs-secondary">{t(`imports.target_hint.${target}`)}</span>
      </div>
      <AntUpload.Dragger
        accept=".csv,.gz,.xlsx,.txt,.tsv"
        showUploadList={false}
        disabled={share !== undefined}
        beforeUpload={(file) => {
          void send(file);
          return false;
        }}
      >
        {share === undefined ? (
          <>
            <p className="hs-upload-icon">
              <InboxOutlined aria-hidden />
            </p>
            <p>{t("imports.drop")}</p>
            <p className="hs-secondary">{t("imports.drop_hint")}</p>
          </>
        ) : (
          <div className="hs-upload-progress">
            <p>{t("imports.uploading", { percent: Math.round(share * 100) })}</p>
            <Progress
              percent={Math.round(share * 100)}
              showInfo={false}
              size={["100%", 6]}
              aria-label={t("imports.uploading", { percent: Math.round(share * 100) })}
            />
          </div>
        )}
      </AntUpload.Dragger>
      {error ? <ErrorNote error={error} title={t("imports.upload_failed")} small /> : null}
    </div>
  );
}
