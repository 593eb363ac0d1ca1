import { $api, type Schema } from "@huoshui/api";
import {
  Chart,
  type Column,
  DataTable,
  Empty,
  formatCount,
  formatMoneyShort,
  Loaded,
  Loading,
  Panel,
  PeopleCount,
  type Reader,
  useReader,
  wholeList,
} from "@huoshui/ui";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { useChannelName } from "../../shell/channel-name";
import type { TabProps } from "./AnalysisPage";
import { Bar, ProductName, ShareCell } from "./parts";

type First = Schema<"ProductFirst">;
type Link = Schema<"ProductLink">;

/** Where buyers come from, what they begin with, what they are worth after and what they buy next. */
export function Journeys(props: TabProps) {
  const { t } = useTranslation();
  const reader = useReader();
  const asked = $api.useQuery("get", "/api/v1/product-analytics/journeys", { params: { query: props.days } });
  const data = asked.data;
  const period = { from: data?.period.from ?? "", to: data?.period.to ?? "" };
  const columns: Column<First>[] = [
    {
      key: "name",
      title: t("product.col.first"),
      width: 156,
      render: (l) => <ProductName of={l} onOpen={props.onProduct} />,
      value: (l) => l.name,
    },
    {
      key: "people",
      title: t("product.col.began"),
      definition: t("product.why.began"),
      align: "right",
      width: 84,
      render: (l) => (
        <PeopleCount
          n={l.people}
          onOpen={() => props.onPeople({ who: "first", product: l.id, title: l.name, ...period })}
        />
      ),
      value: (l) => l.people,
    },
    {
      key: "again",
      title: t("product.col.again", { n: data?.value_days ?? 180 }),
      definition: t("product.why.again", { n: data?.value_days ?? 180 }),
      align: "right",
      width: 124,
      ellipsis: false,
      render: (l) => <ShareCell of={l.again} />,
      value: (l) => l.again.rate,
    },
    {
      key: "value",
      title: t("product.col.value", { n: data?.value_days ?? 180 }),
      definition: t("product.why.value", { n: data?.value_days ?? 180 }),
      align: "right",
      width: 152,
      ellipsis: false,
      render: (l) =>
        l.value_fen.n > 0 ? (
          <span className="pa-share hs-num">
            <span>{formatMoneyShort(Math.round(l.value_fen.mean), reader.language)}</span>
            <small>
              {formatMoneyShort(Math.round(l.value_fen.low), reader.language)} –{" "}
              {formatMoneyShort(Math.round(l.value_fen.high), reader.language)}
            </small>
          </span>
        ) : null,
      value: (l) => l.value_fen.mean / 100,
    },
  ];
  return (
    <Loaded query={asked} loading={<Loading />}>
      {(d) =>
        d.people > 0 ? (
          <>
            <Panel title={t("product.entry")} definition={t("product.entry_why")}>
              <Entry links={d.entry} onPeople={(g) => props.onPeople({ ...g, ...period })} />
            </Panel>
            <div className="pa-two">
              <Panel title={t("product.firsts")} definition={t("product.firsts_why")} flush>
                <DataTable
                  id="product-firsts"
                  inset
                  query={wholeList({ ...asked, data: d.firsts.slice(0, 50) })}
                  columns={columns}
                  rowKey={(l) => l.id}
                  state={{}}
                  onState={() => undefined}
                  exportable={false}
                />
              </Panel>
              <Panel title={t("product.next")} definition={t("product.next_why")}>
                <ul className="pa-ways">
                  {d.next.slice(0, 20).map((l) => (
                    <li key={`${l.from.id} ${l.to.id}`}>
                      <span className="pa-way">
                        <ProductName of={l.from} onOpen={props.onProduct} />
                        <i>→</i>
                        <ProductName of={l.to} onOpen={props.onProduct} />
                      </span>
                      <Bar share={l.share} />
                      <PeopleCount
                        n={l.people}
                        onOpen={() =>
                          props.onPeople({
                            who: "next",
                            product: l.from.id,
                            title: l.from.name,
                            other: l.to.id,
                            other_name: l.to.name,
                            ...period,
                          })
                        }
                      />
                    </li>
                  ))}
                </ul>
              </Panel>
            </div>
          </>
        ) : (
          <Empty title={t("product.empty")}>{t("product.empty_text")}</Empty>
        )
      }
    </Loaded>
  );
}

/** A Sankey from the channel of the first arrival to the product that was bought first. */
function Entry(props: { links: readonly Link[]; onPeople: (group: Record<string, string>) => void }) {
  const { t } = useTranslation();
  const { links } = props;
  const channel = useChannelName();
  const from = useCallback(
    (l: Link) =>
      l.from.id === "?" ? t("product.unknown_channel") : l.from.id ? channel(l.from.id) : t("product.other_channels"),
    [t, channel],
  );
  const to = useCallback((l: Link) => l.to.name || t("product.other_products"), [t]);
  const option = useCallback(
    (reader: Reader) => {
      const names = new Map<string, number>();
      for (const l of links) {
        names.set(`< ${from(l)}`, 0);
        names.set(`> ${to(l)}`, 1);
      }
      return {
        tooltip: { trigger: "item" },
        series: [
          {
            type: "sankey",
            left: 8,
            right: 180,
            top: 8,
            bottom: 8,
            nodeGap: 6,
            nodeWidth: 10,
            layoutIterations: 0,
            emphasis: { focus: "adjacency" },
            label: {
              color: reader.palette.ink2,
              formatter: (p: { name: string }) => p.name.slice(2),
              width: 165,
              overflow: "truncate",
            },
            labelLayout: { hideOverlap: true },
            lineStyle: { color: "source", opacity: 0.28 },
            tooltip: {
              formatter: (p: { dataType: string; data: { value: number }; name: string }) =>
                p.dataType === "edge" ? t("product.people_n", { n: formatCount(p.data.value, reader.language) }) : "",
            },
            data: [...names].map(([name, depth]) => ({ name, depth })),
            links: links.map((l) => ({ source: `< ${from(l)}`, target: `> ${to(l)}`, value: l.people })),
          },
        ],
      };
    },
    [links, from, to, t],
  );
  return (
    <Chart
      label={t("product.entry_why")}
      height={420}
      option={option}
      table={{
        columns: [t("product.col.channel"), t("product.col.first"), t("product.col.began")],
        rows: links.map((l) => [from(l), to(l), l.people]),
      }}
      onClick={(c) => {
        const l = c.kind === "edge" && c.index !== undefined ? links[c.index] : undefined;
        if (l?.from.id && l.to.id) {
          props.onPeople({
            who: "entry",
            product: l.to.id,
            title: l.to.name,
            channel: l.from.id === "?" ? "" : l.from.id,
            other_name: from(l),
          });
        }
      }}
    />
  );
}
