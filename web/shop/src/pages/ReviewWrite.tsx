import { useState } from "react";
import { $api, queries, type Schema } from "../api";
import { Tick } from "../components/Field";
import { Photos } from "../components/Photos";
import { Screen } from "../components/Screen";
import { Signed } from "../components/Signed";
import { StarChoice } from "../components/Stars";
import { ErrorState, Skeleton, Trouble } from "../components/states";
import { pick, say } from "../i18n";
import { go, type Params } from "../router";
import * as both from "../words/review";
import "../components/aftersale.css";

const words = pick(both);
const grades = ["a", "b", "c", "d", "e"] as const;

/** Says something of a line of an order, or changes what was said. */
export default function ReviewWrite({ params }: { params: Params }) {
  return (
    <Signed title={words.write} up="/reviews">
      <Writing sale={params.sale ?? ""} line={params.key ?? ""} />
    </Signed>
  );
}

function Writing({ sale, line }: { sale: string; line: string }) {
  const todo = $api.useQuery("get", "/api/v1/shop/reviews/todo");
  const written = $api.useQuery("get", "/api/v1/shop/reviews", { params: { query: { limit: 100 } } });
  if (todo.isError || written.isError) {
    return (
      <Screen title={words.write} up="/reviews">
        <ErrorState
          error={todo.error ?? written.error}
          again={() => void Promise.all([todo.refetch(), written.refetch()])}
        />
      </Screen>
    );
  }
  if (!todo.data || !written.data) {
    return (
      <Screen title={words.write} up="/reviews" busy>
        <Skeleton lines={4} high={72} />
      </Screen>
    );
  }
  const was = written.data.items.find((r) => r.sale === sale && r.key === line);
  return <Form sale={sale} line={line} offer={todo.data} was={was} />;
}

function Form(props: { sale: string; line: string; offer: Schema<"ReviewTodo">; was: Schema<"Review"> | undefined }) {
  const { was, offer } = props;
  const [stars, setStars] = useState(was?.stars ?? 5);
  const [text, setText] = useState(was?.text ?? "");
  const [tags, setTags] = useState<string[]>([...(was?.tags ?? [])]);
  const [pictures, setPictures] = useState<string[]>([...(was?.pictures ?? [])]);
  const [anonymous, setAnonymous] = useState(was?.anonymous ?? false);
  const [consent, setConsent] = useState(was?.consent ?? false);
  const name = was?.goods_name ?? offer.items.find((i) => i.sale === props.sale && i.key === props.line)?.name ?? "";
  const write = $api.useMutation("put", "/api/v1/shop/orders/{sale}/lines/{key}/review", {
    onSuccess: async () => {
      await queries.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).includes("/reviews") });
      go("/reviews?tab=done", true);
    },
  });
  return (
    <Screen
      title={words.write}
      up="/reviews"
      bar={
        <button
          type="button"
          className="primary wide"
          disabled={write.isPending}
          onClick={() =>
            write.mutate({
              params: { path: { sale: props.sale, key: props.line } },
              body: { stars, text, tags, pictures, anonymous, consent },
            })
          }
        >
          {words.submit}
        </button>
      }
    >
      <section className="case-block">
        <h2>{name}</h2>
        <p className="review-head">
          <StarChoice n={stars} change={setStars} />
          <span className="end muted">{words.star_word[grades[stars - 1] ?? "e"]}</span>
        </p>
        {offer.tags.length > 0 && (
          <>
            <p className="photos-name">{words.tags}</p>
            <div className="review-tags">
              {offer.tags.map((one) => (
                <button
                  key={one}
                  type="button"
                  className="chip"
                  aria-pressed={tags.includes(one)}
                  disabled={!tags.includes(one) && tags.length >= 6}
                  onClick={() => setTags(tags.includes(one) ? tags.filter((o) => o !== one) : [...tags, one])}
                >
                  {one}
                </button>
              ))}
            </div>
          </>
        )}
        <div className="field">
          <label htmlFor="text">{words.text}</label>
          <div className="field-row">
            <textarea
              id="text"
              rows={5}
              maxLength={500}
              placeholder={words.text_hint}
              value={text}
              onChange={(e) => setText(e.target.value)}
            />
          </div>
        </div>
        <Photos ids={pictures} change={setPictures} name={words.pictures} why={words.pictures_why} />
        <p>
          <Tick name={words.anonymous} on={anonymous} change={setAnonymous}>
            <span>{words.anonymous}</span>
          </Tick>
        </p>
        <p>
          <Tick name={words.consent} on={consent} change={setConsent}>
            <span>{words.consent}</span>
          </Tick>
        </p>
        {offer.points > 0 && !was?.points && (
          <p className="small">{say(words.earns, { n: offer.points, m: offer.picture_points })}</p>
        )}
        <Trouble error={write.error} />
      </section>
    </Screen>
  );
}
