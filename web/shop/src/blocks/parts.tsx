import type { ReactNode } from "react";
import { pick } from "../i18n";
import { Link } from "../router";
import * as both from "../words/blocks";
import { placeOf, type Target } from "./kinds";

const words = pick(both);

/** Leads to what a link names; without one it is what it holds. */
export function Leads({ link, className, children }: { link?: Target; className?: string; children: ReactNode }) {
  return link ? (
    <Link to={placeOf(link)} className={className}>
      {children}
    </Link>
  ) : (
    <div className={className}>{children}</div>
  );
}

/** A block's title, and where there is more of it. */
export function Title({ text, more, children }: { text: string; more?: Target; children?: ReactNode }) {
  return text || more || children ? (
    <div className="block-title">
      <h2>{text}</h2>
      {children}
      {more && (
        <Link to={placeOf(more)} className="quiet end">
          {words.more}
          <span className="hidden">{text}</span>
        </Link>
      )}
    </div>
  ) : null;
}
