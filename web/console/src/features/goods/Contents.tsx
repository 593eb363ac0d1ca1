import { DeleteOutlined, PictureOutlined, PlusOutlined } from "@ant-design/icons";
import { ErrorNote } from "@huoshui/ui";
import { Button, Input, Upload } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { sendFile } from "../../trading/files";
import { Picture } from "../../trading/Picture";
import { Sortable } from "./Sortable";
import type { Draft } from "./words";

/** A button that takes pictures; each is checked by what is in it, not by its name. */
function TakePictures(props: { label: string; many?: boolean; onTaken: (id: string) => void }) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(0);
  const [error, setError] = useState<unknown>();
  const send = async (file: File) => {
    setBusy((n) => n + 1);
    setError(undefined);
    try {
      const made = await sendFile<{ id: string }>(`/api/v1/pictures?${new URLSearchParams({ name: file.name })}`, file);
      props.onTaken(made.id);
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy((n) => n - 1);
    }
  };
  return (
    <div className="hs-trade-stack">
      <Upload
        accept="image/jpeg,image/png,image/webp,image/gif"
        showUploadList={false}
        multiple={props.many}
        beforeUpload={(file) => {
          void send(file);
          return false;
        }}
      >
        <Button icon={<PictureOutlined />} loading={busy > 0}>
          {busy > 0 ? t("goods.picture_checking") : props.label}
        </Button>
      </Upload>
      {error ? <ErrorNote error={error} small title={t("goods.picture_refused")} /> : null}
    </div>
  );
}

/** The pictures of goods, the first is the cover; dragged into order. */
export function Pictures(props: { ids: string[]; onChange: (ids: string[]) => void }) {
  const { t } = useTranslation();
  return (
    <div className="hs-trade-stack">
      <Sortable row items={props.ids} idOf={(id) => id} onOrder={props.onChange}>
        {(id, i) => (
          <span className="hs-goods-cover">
            <Picture id={id} size={88} alt={t("goods.picture_n", { n: i + 1 })} />
            <span className="hs-trade-row">
              <span className="hs-trade-why">{i === 0 ? t("goods.cover") : i + 1}</span>
              <Button
                size="small"
                type="text"
                aria-label={t("goods.picture_delete", { n: i + 1 })}
                icon={<DeleteOutlined />}
                onClick={() => props.onChange(props.ids.filter((o) => o !== id))}
              />
            </span>
          </span>
        )}
      </Sortable>
      {props.ids.length < 12 ? (
        <TakePictures
          many
          label={t("goods.picture_add")}
          onTaken={(id) => (props.ids.includes(id) ? undefined : props.onChange([...props.ids, id].slice(0, 12)))}
        />
      ) : null}
    </div>
  );
}

/** Selling points, a line each. */
export function Points(props: { all: string[]; onChange: (all: string[]) => void }) {
  const { t } = useTranslation();
  const items = props.all.map((text, i) => ({ text, key: `p${i}` }));
  return (
    <div className="hs-trade-stack">
      <Sortable items={items} idOf={(p) => p.key} onOrder={(next) => props.onChange(next.map((p) => p.text))}>
        {(p, i) => (
          <>
            <Input
              className="hs-goods-wide"
              aria-label={t("goods.point_n", { n: i + 1 })}
              maxLength={60}
              value={p.text}
              onChange={(e) => props.onChange(props.all.map((o, j) => (j === i ? e.target.value : o)))}
            />
            <Button
              type="text"
              aria-label={t("goods.point_delete", { n: i + 1 })}
              icon={<DeleteOutlined />}
              onClick={() => props.onChange(props.all.filter((_, j) => j !== i))}
            />
          </>
        )}
      </Sortable>
      {props.all.length < 8 ? (
        <div>
          <Button icon={<PlusOutlined />} onClick={() => props.onChange([...props.all, ""])}>
            {t("goods.point_add")}
          </Button>
        </div>
      ) : null}
    </div>
  );
}

/** The description: texts and pictures in their order. */
export function DetailBlocks(props: { all: Draft["detail"]; onChange: (all: Draft["detail"]) => void }) {
  const { t } = useTranslation();
  const items = props.all.map((block, i) => ({ block, key: `d${i}` }));
  return (
    <div className="hs-trade-stack">
      <Sortable items={items} idOf={(b) => b.key} onOrder={(next) => props.onChange(next.map((b) => b.block))}>
        {(b, i) => (
          <>
            {b.block.picture ? (
              <span className="hs-goods-wide">
                <Picture id={b.block.picture} size={120} alt={t("goods.picture_n", { n: i + 1 })} />
              </span>
            ) : (
              <Input.TextArea
                className="hs-goods-wide"
                aria-label={t("goods.block_n", { n: i + 1 })}
                autoSize={{ minRows: 2, maxRows: 10 }}
                maxLength={5000}
                value={b.block.text}
                onChange={(e) => props.onChange(props.all.map((o, j) => (j === i ? { text: e.target.value } : o)))}
              />
            )}
            <Button
              type="text"
              aria-label={t("goods.block_delete", { n: i + 1 })}
              icon={<DeleteOutlined />}
              onClick={() => props.onChange(props.all.filter((_, j) => j !== i))}
            />
          </>
        )}
      </Sortable>
      {props.all.length < 60 ? (
        <div className="hs-trade-row">
          <Button icon={<PlusOutlined />} onClick={() => props.onChange([...props.all, { text: "" }])}>
            {t("goods.block_text")}
          </Button>
          <TakePictures
            label={t("goods.block_picture")}
            onTaken={(picture) => props.onChange([...props.all, { picture }])}
          />
        </div>
      ) : null}
    </div>
  );
}
