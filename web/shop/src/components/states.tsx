import type { ReactNode } from "react";
import { problemOf } from "../api";
import { pick, say } from "../i18n";
import { problemText } from "../problem";
import * as both from "../words/common";

const words = pick(both);

/** Grey lines where something will be: as many as say so, each `high` pixels high. */
export function Skeleton({ lines = 3, high = 20 }: { lines?: number; high?: number }) {
  return (
    <div className="skeletons" role="status">
      <span className="hidden">{words.loading}</span>
      {Array.from({ length: lines }, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
        <div key={i} className="skeleton" style={{ height: high }} />
      ))}
    </div>
  );
}

/** Nothing is here: what would be, and what to do. */
export function Empty({ title, why, children }: { title: string; why?: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {why && <p>{why}</p>}
      {children}
    </div>
  );
}

/** What went wrong, what to do next, and the id to give when asking for help. */
export function ErrorState({ error, again }: { error: unknown; again: () => void }) {
  const id = problemOf(error).request_id;
  return (
    <div className="empty" role="alert">
      <p className="empty-title">{words.error_title}</p>
      <p>{problemText(error)}</p>
      <button type="button" className="primary" onClick={again}>
        {words.again}
      </button>
      {id && <p className="small">{say(words.error_id, { id })}</p>}
    </div>
  );
}

/** What went wrong with what was just done, beside where it was done. */
export function Trouble({ error }: { error: unknown }) {
  return error ? (
    <p className="trouble" role="alert">
      {problemText(error)}
    </p>
  ) : null;
}
