import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { $api } from "@huoshui/api";
import {
  Count,
  Facts,
  formatCount,
  Loaded,
  Percent,
  Spark,
  useConfirmDanger,
  useProblemText,
  useReader,
  When,
} from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Alert, App, Button, Input, Select, Switch, Tag, Tooltip } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { Field } from "./Field";
import { ruleOf, withRule } from "./rules";
import { type Named, type Rule, type Rules, special } from "./words";

/** One event of the dictionary: what it means, what becomes of it, what it carries. */
export function EventCard(props: { event: Named; course: number[] }) {
  const { t } = useTranslation();
  const { event } = props;
  const rules = $api.useQuery("get", "/api/v1/collect/rules");
  const properties = $api.useQuery("get", "/api/v1/collect/dictionary/properties", {
    params: { query: { source: event.source, name: event.name } },
  });
  return (
    <div className="hs-dict">
      <Facts
        columns={3}
        items={[
          { label: t("collect.total"), value: <Count n={event.n} /> },
          { label: t("collect.first"), value: <When at={event.first_at} /> },
          { label: t("collect.last"), value: <When at={event.last_at} /> },
          {
            label: t("collect.fact"),
            why: t("collect.fact_why"),
            value: event.fact ? <code>{event.fact}</code> : t("collect.no_fact"),
          },
          { label: t("collect.course", { n: props.course.length }), value: <Spark values={props.course} /> },
        ]}
      />
      <Loaded query={rules}>
        {(now) => (
          <RuleForm
            key={now.version}
            event={event}
            rules={now}
            properties={properties.data?.items.map((p) => p.name) ?? []}
          />
        )}
      </Loaded>
      <section>
        <h3>{t("collect.properties")}</h3>
        <Loaded query={properties}>
          {(page) =>
            page.items.length === 0 ? (
              <p className="hs-secondary">{t("collect.properties_none")}</p>
            ) : (
              <table className="hs-dict-props">
                <thead>
                  <tr>
                    <th>{t("collect.property")}</th>
                    <th>{t("collect.types")}</th>
                    <th className="hs-right">{t("collect.share")}</th>
                    <th>{t("collect.samples")}</th>
                  </tr>
                </thead>
                <tbody>
                  {page.items.map((p) => (
                    <tr key={p.name}>
                      <td>
                        <code>{p.name}</code>
                      </td>
                      <td>
                        {Object.entries(p.types)
                          .sort((a, b) => b[1] - a[1])
                          .map(([type, n]) => (
                            <Types key={type} type={type} n={n} of={p.n} several={Object.keys(p.types).length > 1} />
                          ))}
                      </td>
                      <td className="hs-right">
                        <Percent share={p.share} digits={0} />
                      </td>
                      <td className="hs-secondary">{p.samples.join(" · ") || t("collect.samples_none")}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )
          }
        </Loaded>
      </section>
    </div>
  );
}

/** A type that values have; where they have several, something is sent wrongly, and the share says how often. */
function Types(props: { type: string; n: number; of: number; several: boolean }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const word = t(`collect.type.${props.type}`, { defaultValue: props.type });
  if (!props.several) {
    return <span>{word}</span>;
  }
  return (
    <Tooltip
      title={t("collect.types_several", { n: formatCount(props.n, language), of: formatCount(props.of, language) })}
    >
      <Tag color="warning">
        {word} {Math.round((100 * props.n) / Math.max(props.of, 1))}%
      </Tag>
    </Tooltip>
  );
}

interface Said {
  all: boolean;
  description: string;
  owner: string;
  block: boolean;
  rename: string;
  props: { from: string; to: string }[];
}

function RuleForm(props: { event: Named; rules: Rules; properties: string[] }) {
  const { t } = useTranslation();
  const can = useCan();
  const client = useQueryClient();
  const text = useProblemText();
  const ask = useConfirmDanger();
  const { message } = App.useApp();
  const { language } = useReader();
  const { event, rules } = props;
  const was = ruleOf(rules.rules, event.source, event.name);
  const initial: Said = {
    all: Boolean(was && !was.source),
    description: was?.description ?? "",
    owner: was?.owner ?? "",
    block: was?.block ?? false,
    rename: was?.rename ?? "",
    props: Object.entries(was?.props ?? {}).map(([from, to]) => ({ from, to })),
  };
  const [said, setSaid] = useState(initial);
  const set = (patch: Partial<Said>) => setSaid({ ...said, ...patch });
  const save = $api.useMutation("put", "/api/v1/collect/rules", {
    meta: { quiet: true },
    onSuccess: async () => {
      await Promise.all([
        client.invalidateQueries({ queryKey: ["get", "/api/v1/collect/rules"] }),
        client.invalidateQueries({ queryKey: ["get", "/api/v1/collect/rules/versions"] }),
        client.invalidateQueries({ queryKey: ["get", "/api/v1/collect/dictionary"] }),
      ]);
      message.success(t("collect.rule.saved"));
    },
  });
  const rule: Rule = {
    ...(said.all ? {} : { source: event.source }),
    event: event.name,
    ...(said.block ? { block: true } : {}),
    ...(said.rename.trim() ? { rename: said.rename.trim() } : {}),
    ...(said.description.trim() ? { description: said.description.trim() } : {}),
    ...(said.owner.trim() ? { owner: said.owner.trim() } : {}),
    ...(said.props.length > 0
      ? { props: Object.fromEntries(said.props.filter((p) => p.from && p.to.trim()).map((p) => [p.from, p.to.trim()])) }
      : {}),
  };
  const put = () => save.mutateAsync({ body: { version: rules.version, rules: withRule(rules.rules, rule) } });
  const changed = JSON.stringify(said) !== JSON.stringify(initial);
  const flows =
    said.block !== initial.block ||
    said.rename.trim() !== initial.rename ||
    JSON.stringify(said.props) !== JSON.stringify(initial.props);
  const recent = event.days.reduce((sum, d) => sum + d.n, 0);
  const submit = () => {
    if (!flows) {
      void put().catch(() => undefined);
      return;
    }
    const lines = [
      said.block !== initial.block
        ? t(said.block ? "collect.rule.will_block" : "collect.rule.will_keep", { n: formatCount(recent, language) })
        : "",
      said.rename.trim() !== initial.rename
        ? t(said.rename.trim() ? "collect.rule.will_rename" : "collect.rule.will_unname", { name: said.rename.trim() })
        : "",
      JSON.stringify(said.props) !== JSON.stringify(initial.props) ? t("collect.rule.will_props") : "",
      t("collect.rule.from_now"),
    ];
    ask({
      title: t("collect.rule.ask", { name: event.name }),
      consequence: lines.filter(Boolean).map((line) => <p key={line}>{line}</p>),
      action: t("collect.rule.apply"),
      red: said.block && !initial.block,
      run: put,
    });
  };
  const named = special(event.name) === undefined;
  const writes = can("collect.write");
  return (
    <section className="hs-collect-form">
      <Field label={t("collect.description")}>
        {(id) => (
          <Input.TextArea
            id={id}
            autoSize={{ minRows: 1, maxRows: 4 }}
            maxLength={500}
            disabled={!writes}
            value={said.description}
            placeholder={t("collect.description_example")}
            onChange={(e) => set({ description: e.target.value })}
          />
        )}
      </Field>
      <div className="hs-dict-two">
        <Field label={t("collect.owner")}>
          {(id) => (
            <Input
              id={id}
              maxLength={100}
              disabled={!writes}
              value={said.owner}
              placeholder={t("collect.owner_example")}
              onChange={(e) => set({ owner: e.target.value })}
            />
          )}
        </Field>
        {named ? (
          <Field label={t("collect.rule.rename")}>
            {(id) => (
              <Input
                id={id}
                maxLength={200}
                disabled={!writes}
                value={said.rename}
                placeholder={event.name}
                onChange={(e) => set({ rename: e.target.value })}
              />
            )}
          </Field>
        ) : null}
      </div>
      {said.props.length > 0 || writes ? (
        <div className="hs-collect-field">
          <span>{t("collect.rule.props")}</span>
          {said.props.map((p, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows of a form have no other name
            <div key={i} className="hs-collect-row">
              <Select
                aria-label={t("collect.property")}
                value={p.from || undefined}
                disabled={!writes}
                showSearch
                onChange={(from) => set({ props: said.props.map((old, j) => (j === i ? { ...old, from } : old)) })}
                options={props.properties.map((value) => ({ value, label: value }))}
              />
              <Input
                aria-label={t("collect.rule.new_name")}
                placeholder={t("collect.rule.new_name")}
                disabled={!writes}
                value={p.to}
                onChange={(e) =>
                  set({ props: said.props.map((old, j) => (j === i ? { ...old, to: e.target.value } : old)) })
                }
              />
              <Button
                type="text"
                icon={<DeleteOutlined />}
                disabled={!writes}
                aria-label={t("collect.mapping.remove")}
                onClick={() => set({ props: said.props.filter((_, j) => j !== i) })}
              />
            </div>
          ))}
          {writes ? (
            <Button
              size="small"
              type="dashed"
              icon={<PlusOutlined />}
              onClick={() => set({ props: [...said.props, { from: "", to: "" }] })}
            >
              {t("collect.rule.add_prop")}
            </Button>
          ) : null}
        </div>
      ) : null}
      <div className="hs-dict-switches">
        <span>
          <Switch
            aria-label={t("collect.rule.block")}
            size="small"
            disabled={!writes}
            checked={said.block}
            onChange={(block) => set({ block })}
          />
          {t("collect.rule.block")}
        </span>
        <span>
          <Switch
            aria-label={t("collect.rule.all")}
            size="small"
            disabled={!writes}
            checked={said.all}
            onChange={(all) => set({ all })}
          />
          {t("collect.rule.all")}
        </span>
      </div>
      {save.error ? <Alert type="error" showIcon title={text(save.error)} /> : null}
      {writes ? (
        <div className="hs-collect-next">
          <Button type="primary" disabled={!changed} loading={save.isPending} onClick={submit}>
            {t(flows ? "collect.rule.save_rule" : "collect.save")}
          </Button>
          {changed ? <Button onClick={() => setSaid(initial)}>{t("collect.rule.reset")}</Button> : null}
        </div>
      ) : null}
    </section>
  );
}
