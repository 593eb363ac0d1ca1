import { $api, keyset, type Schema } from "@huoshui/api";
import { type Column, LayerTag, Money, PeopleDrawer, useReader, When } from "@huoshui/ui";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { type Definition, flagWhy, layerWhy, type Result, scoreRanges, stageWhy } from "./words";

type Row = Schema<"LayerPerson">;

/** Which people are asked for, as it stands in the address: "layer=vip&reason=vip.pseudo". */
export interface Drill {
  layer?: string;
  stage?: string;
  class?: string;
  flag?: string;
  reason?: string;
  r?: string;
  f?: string;
  m?: string;
  from_day?: string;
  from_layer?: string;
}

/** The drill as a text for the address. */
export function writeDrill(drill: Drill): string {
  return new URLSearchParams(Object.entries(drill).filter(([, v]) => v) as [string, string][]).toString();
}

/** The drill of an address. */
export function readDrill(text: string): Drill {
  return Object.fromEntries(new URLSearchParams(text));
}

/** The condition of a segment that says the same, where one can. */
export function conditionOf(drill: Drill): unknown {
  if (drill.reason || drill.flag || drill.from_layer) {
    return undefined;
  }
  const parts: unknown[] = [];
  if (drill.layer) {
    parts.push({ kind: "layer", spec: { in: [drill.layer] } });
  }
  if (drill.stage) {
    parts.push({ kind: "stage", spec: { in: [drill.stage] } });
  }
  const scores = Object.fromEntries(
    (["r", "f", "m"] as const).flatMap((k) =>
      drill[k] ? [[k, { min: Number(drill[k]), max: Number(drill[k]) }]] : [],
    ),
  );
  if (drill.class || Object.keys(scores).length > 0) {
    parts.push({ kind: "rfm", spec: { ...(drill.class ? { class: [drill.class] } : {}), ...scores } });
  }
  return parts.length > 1 ? { kind: "and", spec: { of: parts } } : parts[0];
}

/** The people behind a figure of these pages. */
export function LayerPeople(props: {
  drill: string;
  day: string;
  definition: Definition;
  result: Result;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const { language } = useReader();
  const can = useCan();
  const navigate = useNavigate();
  const drill = readDrill(props.drill);
  const people = $api.useInfiniteQuery(
    "get",
    "/api/v1/layers/people",
    { params: { query: { ...drill, day: props.day, limit: 50 } as never } },
    { ...keyset, enabled: props.drill !== "" },
  );
  const condition = conditionOf(drill);
  const onlyLayer = drill.layer !== undefined && Object.keys(drill).length === 1;
  const all: Column<Row>[] = [
    {
      key: "name",
      title: t("ui.people.name"),
      render: (p) => p.name || p.code || p.id,
      value: (p) => p.name || p.code,
      width: drill.layer ? 168 : 140,
    },
    {
      key: "layer",
      title: t("ui.people.layer"),
      render: (p) => <LayerTag layer={p.layer} reason={p.reason ? t(`layers.reason.${p.reason}`) : undefined} />,
      value: (p) => p.layer,
      width: 76,
    },
    {
      key: "rfm",
      title: t("layers.list.score"),
      render: (p) => (p.r > 0 ? <span className="hs-num">{`${p.r}${p.f}${p.m}`}</span> : "—"),
      value: (p) => (p.r > 0 ? `${p.r}${p.f}${p.m}` : ""),
      width: 56,
      hidden: Boolean(drill.r && drill.f),
    },
    {
      key: "last_order_at",
      title: t("ui.people.last"),
      render: (p) => <When at={p.last_order_at} style="date" />,
      value: (p) => p.last_order_at,
      width: 106,
    },
    {
      key: "orders",
      title: t("layers.list.frequency"),
      align: "right",
      render: (p) => p.orders,
      value: (p) => p.orders,
      width: 56,
      hidden: !drill.layer,
    },
    {
      key: "spent_fen",
      title: t("ui.people.spent"),
      align: "right",
      render: (p) => <Money fen={p.spent_fen} />,
      value: (p) => p.spent_fen / 100,
      width: 112,
    },
    {
      key: "reason",
      title: t("layers.list.reason"),
      render: (p) => (p.reason ? t(`layers.reason.${p.reason}`) : "—"),
      value: (p) => p.reason,
      width: 200,
      hidden: true,
    },
    {
      key: "code",
      title: t("layers.list.code"),
      render: (p) => p.code,
      value: (p) => p.code,
      width: 120,
      hidden: true,
    },
  ];
  // Who was picked by layer is in that layer: the column would only repeat the title.
  const columns = all.filter((c) => !(c.key === "layer" && drill.layer));
  return (
    <PeopleDrawer<Row>
      open={props.drill !== ""}
      title={<DrillTitle drill={drill} />}
      definition={drillWhy()}
      query={people}
      columns={columns}
      onClose={props.onClose}
      onPerson={can("customers.read") ? (p) => void navigate({ to: `/customers/${p.id}` }) : undefined}
      onSaveSegment={
        condition && can("segments.write")
          ? () => void navigate({ to: "/segments/new", search: { definition: JSON.stringify(condition) } as never })
          : undefined
      }
      onReach={
        onlyLayer && can("campaigns.write")
          ? () => void navigate({ to: "/campaigns/new", search: { audience: `layer:${drill.layer}` } as never })
          : undefined
      }
    />
  );

  function drillWhy(): string {
    const d = props.definition;
    if (drill.from_layer) {
      const after = drill.layer ? t(`ui.layer.${drill.layer}`) : t("layers.flow.gone");
      return drill.from_layer === "none"
        ? t("layers.flow.to_only", { after: props.day, to: after })
        : t("layers.flow.drill_definition", {
            before: drill.from_day,
            after: props.day,
            from: t(`ui.layer.${drill.from_layer}`),
            to: after,
          });
    }
    if (drill.reason) {
      return t(`layers.reason.${drill.reason}`);
    }
    if (drill.flag) {
      return flagWhy(t, language, drill.flag, d);
    }
    if (drill.class) {
      return t(`layers.class_why.${drill.class}`);
    }
    if (drill.stage) {
      return stageWhy(t, drill.stage, d);
    }
    if (drill.r && drill.f) {
      const words = scoreRanges(props.result.cuts, language);
      const at = (list: string[], score: string) => list[Number(score) - 1] ?? "";
      const base = t("layers.rfm.cell_definition", {
        r: drill.r,
        f: drill.f,
        days: at(words.r, drill.r),
        orders: at(words.f, drill.f),
      });
      return drill.m ? base + t("layers.rfm.cell_definition_m", { m: drill.m, money: at(words.m, drill.m) }) : base;
    }
    return layerWhy(t, language, drill.layer ?? "vip", d, props.result.high_spend_fen);
  }
}

function DrillTitle(props: { drill: Drill }) {
  const { t } = useTranslation();
  const { drill } = props;
  const layer = (code: string | undefined) => (code ? t(`ui.layer.${code}`) : t("layers.flow.gone"));
  if (drill.from_layer) {
    const from = drill.from_layer === "none" ? t("layers.flow.arrived") : layer(drill.from_layer);
    return <>{t("layers.flow.drill", { from, to: layer(drill.layer) })}</>;
  }
  if (drill.flag) {
    return <>{t(`layers.flag.${drill.flag}`)}</>;
  }
  if (drill.class) {
    return <>{t(`layers.class.${drill.class}`)}</>;
  }
  if (drill.stage) {
    return <>{t(`layers.stage.${drill.stage}`)}</>;
  }
  if (drill.r && drill.f) {
    return <>{t("layers.rfm.cell", { r: drill.r, f: drill.f }) + (drill.m ? ` M${drill.m}` : "")}</>;
  }
  return <>{layer(drill.layer)}</>;
}
