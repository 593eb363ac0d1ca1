import { useRef, useState } from "react";
import { pictureURL } from "../api";
import { pick, say } from "../i18n";
import * as both from "../words/blocks";
import type { Around, Block } from "./kinds";
import { Leads } from "./parts";

const words = pick(both);
const ratios = { wide: [2, 1], square: [1, 1], tall: [4, 5] } as const;
const widths = [480, 960, 1600];

/** Pictures, or words on a colour, to be swiped. Nothing moves by itself. */
export function Banner({ block, page, first }: { block: Block } & Around) {
  const [at, setAt] = useState(0);
  const strip = useRef<HTMLUListElement>(null);
  const spec = block.banner;
  if (!spec) {
    return null;
  }
  const [w, h] = ratios[spec.shape];
  const turn = (to: number) => strip.current?.scrollTo({ left: to * strip.current.clientWidth, behavior: "smooth" });
  return (
    <section className="banner" aria-label={words.banner} style={{ aspectRatio: `${w} / ${h}` }}>
      <ul
        ref={strip}
        onScroll={(e) => setAt(Math.round(e.currentTarget.scrollLeft / Math.max(1, e.currentTarget.clientWidth)))}
      >
        {spec.slides.map((s, i) => {
          const size = s.picture ? page.pictures[s.picture] : undefined;
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: slides have no other name
            <li key={i} data-tone={s.tone} data-over={s.picture && s.headline ? "" : undefined}>
              <Leads link={s.link} className="slide">
                {s.picture && (
                  <img
                    src={pictureURL(s.picture, 960)}
                    srcSet={widths.map((v) => `${pictureURL(s.picture ?? "", v)} ${v}w`).join(", ")}
                    sizes="(min-width: 480px) 480px, 100vw"
                    width={size?.width}
                    height={size?.height}
                    alt={s.alt ?? ""}
                    loading={first && i === 0 ? "eager" : "lazy"}
                    fetchPriority={first && i === 0 ? "high" : "auto"}
                    decoding="async"
                  />
                )}
                {s.headline && (
                  <span className="slide-words">
                    <b>{s.headline}</b>
                    {s.sub && <span>{s.sub}</span>}
                  </span>
                )}
              </Leads>
            </li>
          );
        })}
      </ul>
      {spec.slides.length > 1 && (
        <div className="dots">
          {spec.slides.map((_, i) => (
            <button
              // biome-ignore lint/suspicious/noArrayIndexKey: slides have no other name
              key={i}
              type="button"
              aria-label={say(words.slide, { n: i + 1, m: spec.slides.length })}
              aria-current={i === at}
              onClick={() => turn(i)}
            />
          ))}
        </div>
      )}
    </section>
  );
}
