import { $api, type Schema } from "@huoshui/api";
import { formatCount, formatPercent, Loaded, Loading, Panel, useReader } from "@huoshui/ui";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { attributeText } from "../../conditions/describe";
import type { Condition } from "../../conditions/tree";

type Trait = Schema<"AudienceTrait">;
type Dimension = Schema<"AudienceDimension">;

/** What sets the people of a segment apart: shares among them beside shares among all. */
export function Against(props: { segment: Schema<"AudienceSegment"> }) {
  const { t } = useTranslation();
  const { segment } = props;
  const profile = $api.useQuery(
    "get",
    "/api/v1/segments/{id}/profile",
    { params: { path: { id: segment.id } } },
    { enabled: !segment.archived, staleTime: 60_000 },
  );
  if (segment.archived) {
    return null;
  }
  return (
    <Panel title={t("segments.profile.title")} definition={t("segments.profile.why")}>
      <Loaded query={profile} loading={<Loading height={240} />}>
        {(p) =>
          p.dimensions.length === 0 || p.people === 0 ? (
            <p className="hs-secondary">{t("segments.profile.none")}</p>
          ) : (
            <div className="segments-against">
              {p.dimensions.map((d) => (
                <DimensionList
                  key={d.name}
                  dimension={d}
                  people={p.people}
                  universe={p.universe}
                  segmentID={segment.id}
                />
              ))}
            </div>
          )
        }
      </Loaded>
    </Panel>
  );
}

/** Who is in the segment and holds the value. */
function conditionOf(segment: string, dimension: string, value: string): Condition {
  const kinds: Record<string, Condition> = {
    layer: { kind: "layer", spec: { in: [value] } },
    stage: { kind: "stage", spec: { in: [value] } },
    class: { kind: "rfm", spec: { class: [value] } },
    tag: { kind: "tag", spec: { in: [value] } },
  };
  const held = kinds[dimension] ?? { kind: "attribute", spec: { name: dimension, in: [value] } };
  return { kind: "and", spec: { of: [{ kind: "segment", spec: { id: segment } }, held] } };
}

const shownTraits = 6;

function DimensionList(props: { dimension: Dimension; people: number; universe: number; segmentID: string }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const navigate = useNavigate();
  const { dimension: d, people, universe } = props;
  const name = {
    layer: t("segments.leaf.layer"),
    stage: t("segments.leaf.stage"),
    class: t("segments.profile.dimension.class"),
    tag: t("segments.profile.dimension.tag"),
  }[d.name as string];
  const text = (trait: Trait): string => {
    if (trait.label) {
      return trait.label;
    }
    if (trait.value === "") {
      return t("segments.field.unknown");
    }
    switch (d.name) {
      case "layer":
        return t(`ui.layer.${trait.value}`);
      case "stage":
        return t(`segments.stage.${trait.value}`);
      case "class":
        return t(`segments.class.${trait.value}`);
      case "source":
        return t(`customers.channel.${trait.value}`, { defaultValue: trait.value });
      default:
        return attributeText(t, d.name, trait.value);
    }
  };
  const traits = d.traits.slice(0, shownTraits);
  const most = Math.max(...traits.map((x) => Math.max(x.people / people, x.all / universe)));
  const standing = d.name === "layer" || d.name === "stage" || d.name === "class";
  return (
    <section aria-label={name ?? t(`segments.attribute.${d.name}`)}>
      <header>
        <h3>{name ?? t(`segments.attribute.${d.name}`)}</h3>
        <span className="hs-secondary">{t("segments.profile.index")}</span>
      </header>
      <ul>
        {traits.map((trait) => {
          const inside = trait.people / people;
          const all = trait.all / universe;
          const row = (
            <>
              <span className="segments-against-name">{text(trait)}</span>
              <span className="segments-against-bar" aria-hidden>
                <span style={{ width: `${(inside / most) * 100}%` }} />
                <i style={{ left: `${(all / most) * 100}%` }} />
              </span>
              <span className="hs-num">{formatPercent(inside, language)}</span>
              <span className="hs-num segments-against-index" data-sure={trait.sure || undefined}>
                {formatCount(Math.round(trait.index), language)}
              </span>
            </>
          );
          const why = [
            `${formatCount(trait.people, language)} / ${formatCount(people, language)}`,
            t("segments.profile.all", { share: formatPercent(all, language) }),
            t(trait.sure ? "segments.profile.sure" : "segments.profile.unsure"),
          ].join(" · ");
          return (
            <li key={trait.value}>
              {standing && trait.value === "" ? (
                <span className="segments-against-row" title={why}>
                  {row}
                </span>
              ) : (
                <button
                  type="button"
                  className="segments-against-row"
                  title={why}
                  onClick={() =>
                    void navigate({
                      to: "/segments/new",
                      search: { definition: conditionOf(props.segmentID, d.name, trait.value) } as never,
                    })
                  }
                >
                  {row}
                </button>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
