import { Page, Panel } from "@huoshui/ui";
import { Link } from "@tanstack/react-router";
import { Button, Checkbox, Input, Switch } from "antd";
import { type ReactNode, useReducer, useState } from "react";
import { useTranslation } from "react-i18next";
import { Builder } from "../../conditions/Builder";
import { EstimatePanel, useEstimate } from "../../conditions/Estimate";
import { act, type Condition, faulty, leafCount, newLeaf, questionOf, rootOf } from "../../conditions/tree";
import "../../conditions/conditions.css";
import "./segments.css";

/** What is saved. */
export interface Written {
  name: string;
  note: string;
  condition: Condition;
  freeze: boolean;
  live: boolean;
}

/** The page of a segment that is being written, new or changed. */
export function Editor(props: {
  title: string;
  crumbs: ReactNode;
  initial: { name: string; note: string; condition: Condition | undefined; live: boolean };
  save: string;
  canFreeze: boolean;
  /** What may be loaded to start from. */
  example?: () => { name: string; condition: Condition };
  saving: boolean;
  onSave: (written: Written) => void;
}) {
  const { t } = useTranslation();
  const [root, dispatch] = useReducer(act, props.initial.condition, (c) =>
    c ? rootOf(c) : { ...rootOf(undefined), of: [newLeaf("facts")] },
  );
  const [name, setName] = useState(props.initial.name);
  const [note, setNote] = useState(props.initial.note);
  const [freeze, setFreeze] = useState(false);
  const [live, setLive] = useState(props.initial.live);
  const estimate = useEstimate(root);
  const ready = name.trim() !== "" && leafCount(root) > 0 && !estimate.query.error && !faulty(root);
  return (
    <Page
      title={props.title}
      crumbs={props.crumbs}
      actions={
        <>
          <Link to={"/segments" as never}>
            <Button>{t("ui.cancel")}</Button>
          </Link>
          <Button
            type="primary"
            disabled={!ready}
            loading={props.saving}
            onClick={() =>
              props.onSave({
                name: name.trim(),
                note: note.trim(),
                condition: questionOf(root),
                freeze,
                live: live && !freeze,
              })
            }
          >
            {props.save}
          </Button>
        </>
      }
      aside={<EstimatePanel estimate={estimate} />}
    >
      <Panel>
        <div className="segments-names">
          <Input
            aria-label={t("segments.name")}
            placeholder={t("segments.name_placeholder")}
            maxLength={80}
            value={name}
            onChange={(e) => setName(e.target.value)}
          />
          <Input
            aria-label={t("segments.note")}
            placeholder={t("segments.note_placeholder")}
            maxLength={500}
            value={note}
            onChange={(e) => setNote(e.target.value)}
          />
          <div className="segments-ways">
            <span title={t("segments.live_why")}>
              <Switch
                size="small"
                checked={live && !freeze}
                disabled={freeze}
                onChange={setLive}
                aria-label={t("segments.live_switch")}
              />{" "}
              {t("segments.live_switch")}
            </span>
            {props.canFreeze ? (
              <Checkbox checked={freeze} onChange={(e) => setFreeze(e.target.checked)}>
                {t("segments.freeze")}
              </Checkbox>
            ) : null}
          </div>
        </div>
      </Panel>
      <Panel
        title={t("segments.condition")}
        actions={
          props.example ? (
            <Button
              size="small"
              title={t("segments.example_text")}
              onClick={() => {
                const example = props.example?.();
                if (example) {
                  dispatch({ do: "load", root: rootOf(example.condition) });
                  setName(example.name);
                  setNote(t("segments.example_text"));
                }
              }}
            >
              {t("segments.example")}
            </Button>
          ) : null
        }
      >
        <Builder root={root} dispatch={dispatch} />
      </Panel>
    </Page>
  );
}
