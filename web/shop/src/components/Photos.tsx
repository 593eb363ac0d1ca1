import { useId, useState } from "react";
import { pick, say } from "../i18n";
import * as both from "../words/aftersale";
import { Icon } from "./Screen";
import { Trouble } from "./states";
import "./photos.css";

const words = pick(both);
const most = 9;

/** The address of one of the customer's own pictures. */
export const ownPhoto = (id: string, width: number) => `/api/v1/shop/photos/${encodeURIComponent(id)}?w=${width}`;

async function upload(file: File): Promise<{ id: string }> {
  const answer = await fetch("/api/v1/shop/photos", { method: "POST", body: file, credentials: "same-origin" });
  const body = await answer.json();
  if (!answer.ok) {
    throw body;
  }
  return body as { id: string };
}

/** Pictures that the customer adds, up to nine, one after the other. */
export function Photos(props: {
  ids: readonly string[];
  change: (ids: string[]) => void;
  name?: string;
  why?: string;
}) {
  const id = useId();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const add = async (files: FileList | null) => {
    setError(undefined);
    setBusy(true);
    let ids = [...props.ids];
    try {
      for (const file of [...(files ?? [])].slice(0, most - ids.length)) {
        ids = [...ids, (await upload(file)).id];
        props.change(ids);
      }
    } catch (e) {
      setError(e);
    }
    setBusy(false);
  };
  return (
    <div className="photos-field">
      <p className="photos-name">
        {props.name ?? words.pictures}{" "}
        <small className="small">{props.why ?? say(words.pictures_why, { n: most })}</small>
      </p>
      <ul className="photos">
        {props.ids.map((p, i) => (
          <li key={p}>
            <img src={ownPhoto(p, 160)} alt="" width={72} height={72} />
            <button
              type="button"
              aria-label={say(words.take_out, { n: i + 1 })}
              onClick={() => props.change(props.ids.filter((o) => o !== p))}
            >
              <Icon name="close" />
            </button>
          </li>
        ))}
        {props.ids.length < most && (
          <li>
            <label htmlFor={id} className="photos-add">
              <Icon name="plus" />
              <span>{busy ? words.sending : words.add_picture}</span>
            </label>
            <input
              id={id}
              type="file"
              className="hidden"
              accept="image/jpeg,image/png,image/webp,image/gif"
              multiple
              disabled={busy}
              onChange={(e) => {
                void add(e.target.files).then(() => {
                  e.target.value = "";
                });
              }}
            />
          </li>
        )}
      </ul>
      <Trouble error={error} />
    </div>
  );
}

/** Pictures to look at; one opens it large in a sheet of its own address. */
export function PhotoRow({ ids, at }: { ids: readonly string[]; at: (id: string, width: number) => string }) {
  return ids.length === 0 ? null : (
    <ul className="photos">
      {ids.map((id) => (
        <li key={id}>
          <a href={at(id, 1600)} target="_blank" rel="noreferrer">
            <img src={at(id, 160)} alt={words.pictures} width={72} height={72} loading="lazy" />
          </a>
        </li>
      ))}
    </ul>
  );
}
