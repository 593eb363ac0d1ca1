import { Button } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { RowDrawer } from "./drawer";
import { formatCount } from "./format";
import { useReader } from "./provider";
import { type Column, counted, DataTable, type ListQuery } from "./table";
import { Count, LayerTag, Money, When } from "./values";

/** A person as lists of people show her. */
export interface Person {
  id: string;
  name: string;
  layer?: string;
  orders?: number;
  spent_fen?: number;
  last_order_at?: string | null;
}

/**
 * The people behind a number: its definition in one sentence, how it compares, who they are, and what can be done with
 * them. The caller brings the list (`query`) and the two actions; whoever has no use for one leaves it out.
 */
export function PeopleDrawer<P extends Person>(props: {
  open: boolean;
  title: ReactNode;
  definition: ReactNode;
  comparison?: ReactNode;
  query: ListQuery<P>;
  columns?: readonly Column<P>[];
  onClose: () => void;
  onPerson?: (person: P) => void;
  onSaveSegment?: () => void;
  onReach?: () => void;
}) {
  const { t } = useTranslation();
  const { language } = useReader();
  const first = props.query.data?.pages[0];
  const columns: readonly Column<P>[] = props.columns ?? [
    { key: "name", title: t("ui.people.name"), render: (p) => p.name || p.id, value: (p) => p.name, width: 150 },
    {
      key: "layer",
      title: t("ui.people.layer"),
      render: (p) => <LayerTag layer={p.layer} />,
      value: (p) => p.layer,
      width: 90,
    },
    {
      key: "last_order_at",
      title: t("ui.people.last"),
      render: (p) => <When at={p.last_order_at} style="date" />,
      value: (p) => p.last_order_at,
      width: 120,
    },
    {
      key: "spent_fen",
      title: t("ui.people.spent"),
      align: "right",
      render: (p) => <Money fen={p.spent_fen} />,
      value: (p) => (p.spent_fen === undefined ? undefined : p.spent_fen / 100),
      width: 130,
    },
  ];
  return (
    <RowDrawer
      open={props.open}
      onClose={props.onClose}
      title={props.title}
      subtitle={
        first && counted(first) ? (
          <span className="hs-num">
            {first.total_is_estimate ? "≈ " : ""}
            {t("ui.people.count", { count: first.total, n: formatCount(first.total, language) })}
          </span>
        ) : null
      }
      footer={
        props.onSaveSegment || props.onReach ? (
          <div className="hs-people-actions">
            {props.onSaveSegment ? <Button onClick={props.onSaveSegment}>{t("ui.people.save_segment")}</Button> : null}
            {props.onReach ? (
              <Button type="primary" onClick={props.onReach}>
                {t("ui.people.reach")}
              </Button>
            ) : null}
          </div>
        ) : null
      }
    >
      <dl className="hs-people-why">
        <dt>{t("ui.people.definition")}</dt>
        <dd>{props.definition}</dd>
        {props.comparison ? (
          <>
            <dt>{t("ui.people.comparison")}</dt>
            <dd>{props.comparison}</dd>
          </>
        ) : null}
      </dl>
      <DataTable<P, Record<string, never>>
        id="people"
        inset
        query={props.query}
        columns={columns}
        rowKey={(p) => p.id}
        state={{}}
        onState={() => undefined}
        onOpen={props.onPerson}
        empty={<p className="hs-secondary">{t("ui.people.empty")}</p>}
      />
    </RowDrawer>
  );
}

/** A count of people that leads to them. */
export function PeopleCount(props: { n: number | null | undefined; onOpen: () => void; about?: boolean }) {
  const { t } = useTranslation();
  return (
    <button type="button" className="hs-drill" title={t("ui.stat.people")} onClick={props.onOpen}>
      <Count n={props.n} about={props.about} />
    </button>
  );
}
