import { CopyOutlined, DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { $api } from "@huoshui/api";
import { Count } from "@huoshui/ui";
import { keepPreviousData } from "@tanstack/react-query";
import { Button, Dropdown, Segmented, Tooltip } from "antd";
import { type Dispatch, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { leafDefs } from "./leaves";
import {
  type Action,
  conditionOf,
  type Fault,
  faultOf,
  type Group,
  type Leaf,
  leafKinds,
  type Node,
  newGroup,
  newID,
  newLeaf,
  newResponse,
} from "./tree";

/** The value as it was a moment ago: it follows when nothing has changed for that long. */
export function useSettled<T>(value: T, ms: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}

/** A question about people as nested groups: all of these, any of those, but not such. */
export function Builder(props: { root: Group; dispatch: Dispatch<Action> }) {
  return <GroupBox group={props.root} dispatch={props.dispatch} depth={0} />;
}

function GroupBox(props: { group: Group; dispatch: Dispatch<Action>; depth: number }) {
  const { t } = useTranslation();
  const { group, dispatch, depth } = props;
  const add = (node: Node) => dispatch({ do: "add", group: group.id, node });
  return (
    <section className="segments-group" data-depth={depth} data-not={group.not || undefined}>
      <header>
        <Segmented
          size="small"
          value={group.op}
          onChange={(op) => dispatch({ do: "replace", node: { ...group, op: op as Group["op"] } })}
          options={[
            { value: "and", label: t("segments.builder.all") },
            { value: "or", label: t("segments.builder.any") },
          ]}
        />
        {depth > 0 ? (
          <>
            <Not node={group} dispatch={dispatch} />
            <PartCount node={group} />
            <PartTools node={group} parentAdd={undefined} dispatch={dispatch} />
          </>
        ) : null}
      </header>
      <ul>
        {group.of.map((node, i) => (
          <li key={node.id}>
            {i > 0 ? <span className="segments-joint">{t(`segments.builder.${group.op}`)}</span> : null}
            {node.kind === "group" ? (
              <GroupBox group={node} dispatch={dispatch} depth={depth + 1} />
            ) : (
              <LeafRow leaf={node} dispatch={dispatch} onCopy={() => add({ ...node, id: newID() })} />
            )}
          </li>
        ))}
      </ul>
      {group.of.length === 0 && depth > 0 ? (
        <p className="hs-secondary segments-nothing">{t("segments.builder.empty_group")}</p>
      ) : null}
      <footer>
        <AddLeaf onAdd={add} />
        {depth < 4 ? (
          <Button
            size="small"
            type="text"
            icon={<PlusOutlined />}
            onClick={() => add(newGroup(group.op === "and" ? "or" : "and"))}
          >
            {t("segments.builder.add_group")}
          </Button>
        ) : null}
      </footer>
    </section>
  );
}

function AddLeaf(props: { onAdd: (leaf: Leaf) => void }) {
  const { t } = useTranslation();
  const groups = ["deeds", "standing", "person", "others"] as const;
  return (
    <Dropdown
      trigger={["click"]}
      menu={{
        items: groups.map((g) => ({
          key: g,
          type: "group" as const,
          label: t(`segments.leaf_group.${g}`),
          children: [
            ...leafKinds.filter((kind) => leafDefs[kind].group === g),
            ...(g === "deeds" ? (["response"] as const) : []),
          ].map((kind) => ({ key: kind, label: t(`segments.leaf.${kind}`) })),
        })),
        onClick: ({ key }) => props.onAdd(key === "response" ? newResponse() : newLeaf(key as Leaf["kind"])),
      }}
    >
      <Button size="small" icon={<PlusOutlined />}>
        {t("segments.builder.add")}
      </Button>
    </Dropdown>
  );
}

function LeafRow(props: { leaf: Leaf; dispatch: Dispatch<Action>; onCopy: () => void }) {
  const { t } = useTranslation();
  const { leaf, dispatch } = props;
  const { Editor } = leafDefs[leaf.kind];
  const fault = faultOf(leaf);
  return (
    <div className="segments-leaf" data-kind={leaf.kind} data-not={leaf.not || undefined}>
      <span className="segments-leaf-name">{t(`segments.leaf.${leaf.kind}`)}</span>
      <span className="segments-leaf-fields">
        <Editor spec={leaf.spec} onChange={(spec) => dispatch({ do: "replace", node: { ...leaf, spec } })} />
      </span>
      <PartCount node={leaf} fault={fault} />
      <Not node={leaf} dispatch={dispatch} />
      <PartTools node={leaf} parentAdd={props.onCopy} dispatch={dispatch} />
      {fault ? (
        <p className="segments-fault" role="alert">
          {fault.step === undefined ? null : t("segments.fault.at_step", { n: fault.step + 1 })}
          {t(`segments.fault.${fault.what}`)}
        </p>
      ) : null}
    </div>
  );
}

function Not(props: { node: Node; dispatch: Dispatch<Action> }) {
  const { t } = useTranslation();
  const { node, dispatch } = props;
  return (
    <Tooltip title={t("segments.builder.not_on")}>
      <button
        type="button"
        className="segments-not"
        aria-pressed={node.not}
        onClick={() => dispatch({ do: "replace", node: { ...node, not: !node.not } })}
      >
        {t("segments.builder.not")}
      </button>
    </Tooltip>
  );
}

function PartTools(props: { node: Node; parentAdd: (() => void) | undefined; dispatch: Dispatch<Action> }) {
  const { t } = useTranslation();
  return (
    <span className="segments-tools">
      {props.parentAdd ? (
        <Button
          size="small"
          type="text"
          icon={<CopyOutlined />}
          aria-label={t("segments.builder.copy")}
          title={t("segments.builder.copy")}
          onClick={props.parentAdd}
        />
      ) : null}
      <Button
        size="small"
        type="text"
        icon={<DeleteOutlined />}
        aria-label={t("segments.builder.remove")}
        title={t("segments.builder.remove")}
        onClick={() => props.dispatch({ do: "remove", id: props.node.id })}
      />
    </span>
  );
}

/** How many people meet one part alone: which condition narrows most is seen at once. */
function PartCount(props: { node: Node; fault?: Fault }) {
  const { t } = useTranslation();
  const condition = useSettled(JSON.stringify(conditionOf(props.node) ?? null), 300);
  const estimate = $api.useQuery(
    "post",
    "/api/v1/segments/estimate",
    { body: { condition: JSON.parse(condition) } },
    {
      enabled: condition !== "null" && !props.fault,
      placeholderData: keepPreviousData,
      staleTime: 30_000,
      retry: false,
      meta: { quiet: true },
    },
  );
  return (
    <span
      className="segments-count"
      title={t("segments.builder.count_why")}
      data-waiting={estimate.isFetching || undefined}
    >
      {condition === "null" ? (
        <span className="segments-todo">{t("segments.builder.incomplete")}</span>
      ) : estimate.error || props.fault ? (
        "—"
      ) : (
        <Count n={estimate.data?.people} />
      )}
    </span>
  );
}
