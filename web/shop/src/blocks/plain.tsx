import { Fragment } from "react";
import { pictureURL } from "../api";
import { Icon } from "../components/Screen";
import { pick } from "../i18n";
import { Link } from "../router";
import * as both from "../words/blocks";
import { type Around, type Block, placeOf } from "./kinds";
import { Leads } from "./parts";

const words = pick(both);

/** The way into the search. */
export function Search({ block }: { block: Block } & Around) {
  return (
    <div className="seek-block">
      <Link to="/search" className="seek-link">
        <Icon name="search" />
        {block.search?.placeholder || words.seek}
      </Link>
    </div>
  );
}

/** A line of news. */
export function Notice({ block }: { block: Block } & Around) {
  return block.notice ? (
    <Leads link={block.notice.link} className="notice">
      <span className="hidden">{words.notice}</span>
      <span className="grow">{block.notice.text}</span>
      {block.notice.link && <Icon name="next" />}
    </Leads>
  ) : null;
}

type Span = NonNullable<NonNullable<Block["text"]>["parts"][number]["spans"]>[number];

/** Text in parts: what is written is shown as it is written, never read as markup. */
export function RichText({ block }: { block: Block } & Around) {
  return (
    <section className="rich">
      {block.text?.parts.map((p, i) => {
        const key = `${p.kind}-${i}`;
        if (p.kind === "list") {
          return (
            <ul key={key}>
              {p.items?.map((item, j) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: items have no other name
                <li key={j}>
                  <Spans all={item} />
                </li>
              ))}
            </ul>
          );
        }
        return p.kind === "heading" ? (
          <h2 key={key}>
            <Spans all={p.spans ?? []} />
          </h2>
        ) : (
          <p key={key}>
            <Spans all={p.spans ?? []} />
          </p>
        );
      })}
    </section>
  );
}

function Spans({ all }: { all: readonly Span[] }) {
  return all.map((s, i) => {
    const text = s.bold ? <b>{s.text}</b> : s.text;
    return (
      // biome-ignore lint/suspicious/noArrayIndexKey: spans have no other name
      <Fragment key={i}>{s.link ? <Link to={placeOf(s.link)}>{text}</Link> : text}</Fragment>
    );
  });
}

/** A film; nothing of it is fetched before it is played. */
export function Video({ block }: { block: Block } & Around) {
  const v = block.video;
  return v?.url.startsWith("https://") ? (
    <figure className="film">
      {/* biome-ignore lint/a11y/useMediaCaption: the brand's films come without captions; the title says what they show */}
      <video
        controls
        playsInline
        preload={v.poster ? "none" : "metadata"}
        src={v.url}
        poster={v.poster ? pictureURL(v.poster, 960) : undefined}
        aria-label={v.title || words.video}
      />
      {v.title && <figcaption>{v.title}</figcaption>}
    </figure>
  ) : null;
}
