import { $api, allItems, keyset } from "@huoshui/api";
import {
  Count,
  Empty,
  ErrorNote,
  formatMoney,
  Loading,
  None,
  Panel,
  Status,
  useConfirmDanger,
  useReader,
  When,
} from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { App, Button, Dropdown, Segmented } from "antd";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useOriginName } from "../../shell/source-name";
import { useStaffName } from "../../shell/staff-name";
import { useUrlState } from "../../shell/url";
import { Frame } from "./Frame";
import { type Conflict, distinct, type Face, type Key, useChannel, useFaceName } from "./words";

const states = ["open", "merged", "apart", "blocked"] as const;

/** What a person must decide about who is who: both sides, the evidence, and what each decision does. */
export default function ConflictsPage() {
  const { t } = useTranslation();
  const [state, setState] = useUrlState({ state: "open" });
  const list = $api.useInfiniteQuery(
    "get",
    "/api/v1/identity/conflicts",
    { params: { query: { state: state.state as Conflict["state"], limit: 20 } } },
    keyset,
  );
  const rows = allItems(list.data?.pages);
  const total = list.data?.pages[0]?.total ?? 0;
  return (
    <Frame tab="conflicts">
      <div className="hs-identity">
        <div className="hs-identity-tools">
          <Segmented
            value={state.state}
            onChange={(value) => setState({ state: value })}
            options={states.map((value) => ({ value, label: t(`identity.state.${value}`) }))}
          />
          {list.data ? (
            <span className="hs-secondary">
              <Count n={total} /> {t("identity.cases")}
            </span>
          ) : null}
        </div>
        {list.isPending ? (
          <Loading height={280} />
        ) : list.error ? (
          <ErrorNote error={list.error} onRetry={() => void list.refetch()} />
        ) : rows.length === 0 ? (
          <Empty title={t(state.state === "open" ? "identity.conflicts_empty" : "identity.conflicts_none")}>
            {t("identity.conflicts_empty_text")}
          </Empty>
        ) : (
          rows.map((c) => <Case key={c.id} conflict={c} />)
        )}
        {list.hasNextPage ? (
          <Button loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            {t("identity.more")}
          </Button>
        ) : null}
      </div>
    </Frame>
  );
}

function Case(props: { conflict: Conflict }) {
  const { t } = useTranslation();
  const { conflict: c } = props;
  const origin = useOriginName();
  const staff = useStaffName();
  const face = (n: number | undefined) => c.people.find((p) => p.number === n);
  const keyWord = (k: Key) => `${t(`identity.key.${k.kind}`, { defaultValue: k.kind })} ${k.value}`;
  const claimWord = (claim: string) => {
    const at = claim.indexOf(":");
    return keyWord({ kind: claim.slice(0, at) as Key["kind"], value: claim.slice(at + 1) });
  };
  return (
    <Panel
      title={t(`identity.conflict.${c.kind}`)}
      definition={t(`identity.conflict_why.${c.kind}`)}
      actions={
        <span className="hs-secondary">
          {t("identity.seen", { n: c.times })} · {origin(c.source)} · <When at={c.last_at} />
        </span>
      }
    >
      <p className="hs-identity-say">
        {c.kind === "disagree"
          ? c.key_kind
            ? t("identity.say.disagree", { kind: t(`identity.key.${c.key_kind}`, { defaultValue: c.key_kind }) })
            : t("identity.say.auto_off")
          : t(`identity.say.${c.kind}`, {
              key: keyWord({ kind: (c.key_kind ?? "device") as Key["kind"], value: c.key_value ?? "" }),
              n: c.kind === "shared_key" ? (c.evidence.claims?.length ?? 0) + 1 : (c.evidence.customers?.length ?? 0),
            })}
      </p>
      {c.kind === "disagree" ? (
        <Sides conflict={c} a={face(c.a)} b={face(c.b)} />
      ) : (
        <div className="hs-identity-many">
          {c.people.map((p) => (
            <Person key={p.number} face={p} number={p.number} />
          ))}
          {c.evidence.claims?.length ? (
            <p className="hs-secondary">
              {t("identity.claims")}{" "}
              {c.evidence.claims.map((claim) => (
                <code key={claim}>{claimWord(claim)}</code>
              ))}
            </p>
          ) : null}
        </div>
      )}
      {c.evidence.keys?.length ? (
        <p className="hs-identity-evidence">
          <span className="hs-secondary">{t("identity.together")}</span>
          {c.evidence.keys.map((k) => (
            <code key={k.kind + k.value}>{keyWord(k)}</code>
          ))}
        </p>
      ) : null}
      {c.state === "open" ? (
        <Decide conflict={c} a={face(c.a)} b={face(c.b)} />
      ) : (
        <p className="hs-secondary">
          <Status tone="calm">{t(`identity.state.${c.state}`)}</Status> {staff(c.decided_by)} ·{" "}
          <When at={c.decided_at} />
          {c.note ? ` · ${c.note}` : ""}
        </p>
      )}
    </Panel>
  );
}

function Person(props: { face: Face | undefined; number: number }) {
  const { t } = useTranslation();
  const { language } = useReader();
  const name = useFaceName();
  const { face, number } = props;
  return (
    <span className="hs-identity-person">
      <Link to={`/customers/${face?.id ?? number}` as never}>{name(face, number)}</Link>
      <span className="hs-secondary hs-num">
        {t("identity.bought", { n: face?.orders ?? 0, amount: formatMoney(face?.spent_fen ?? 0, language) })}
      </span>
    </span>
  );
}

/** Two people row by row; what differs is marked in words and in weight, not by colour alone. */
function Sides(props: { conflict: Conflict; a: Face | undefined; b: Face | undefined }) {
  const { t } = useTranslation();
  const channel = useChannel();
  const { conflict: c, a, b } = props;
  const rows: [string, string | undefined, string | undefined][] = (
    ["phone", "email", "gender", "birthday", "city", "source"] as const
  ).map((field) => {
    const of = (f: Face | undefined) => {
      const v = f?.[field] ?? "";
      return field === "gender" && v ? t(`customers.genders.${v}`) : field === "source" && v ? channel(v) : v;
    };
    return [t(`identity.field.${field}`), of(a), of(b)];
  });
  const keys = (list: readonly Key[] | undefined) =>
    list?.length
      ? list.map((k) => (
          <code key={k.kind + k.value} data-apart={k.kind === c.key_kind || undefined}>
            {t(`identity.key.${k.kind}`, { defaultValue: k.kind })} {k.value}
          </code>
        ))
      : [<None key="none" />];
  return (
    <table className="hs-identity-sides">
      <thead>
        <tr>
          <th />
          {[a, b].map((face, i) => (
            <th key={face?.number ?? i}>
              <Person face={face} number={(i === 0 ? c.a : c.b) ?? 0} />
              {i === 0 ? <span className="hs-secondary">{t("identity.older")}</span> : null}
              {c.evidence.decided === face?.number && face ? (
                <span className="hs-secondary">{t("identity.meanwhile")}</span>
              ) : null}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows
          .filter(([, left, right]) => left || right)
          .map(([label, left, right]) => {
            const differ = Boolean(left && right && left !== right);
            return (
              <tr key={label} data-differ={differ || undefined}>
                <th scope="row">
                  {label}
                  {differ ? <span className="hs-identity-differ">{t("identity.differ")}</span> : null}
                </th>
                <td>{left || <None />}</td>
                <td>{right || <None />}</td>
              </tr>
            );
          })}
        <tr>
          <th scope="row">{t("identity.keys")}</th>
          <td className="hs-identity-keys">{keys(c.evidence.a_keys)}</td>
          <td className="hs-identity-keys">{keys(c.evidence.b_keys)}</td>
        </tr>
      </tbody>
    </table>
  );
}

function Decide(props: { conflict: Conflict; a: Face | undefined; b: Face | undefined }) {
  const { t } = useTranslation();
  const can = useCan();
  const client = useQueryClient();
  const ask = useConfirmDanger();
  const { message } = App.useApp();
  const name = useFaceName();
  const { conflict: c, a, b } = props;
  const decide = $api.useMutation("post", "/api/v1/identity/conflicts/{id}/decide", {
    meta: { quiet: true },
    onSuccess: async (_answer, { body }) => {
      message.success(t(`identity.decided.${body.decision}`));
      await client.invalidateQueries({
        predicate: (q) =>
          String(q.queryKey[1]).startsWith("/api/v1/identity") || String(q.queryKey[1]).startsWith("/api/v1/customers"),
      });
    },
  });
  if (!can("identity.write")) {
    return <p className="hs-secondary">{t("identity.cannot_decide")}</p>;
  }
  const run = (decision: "merge" | "apart" | "block", key?: Key) => () =>
    decide.mutateAsync({ params: { path: { id: c.id } }, body: { decision, ...(key ? { key } : {}) } });
  const stays = name(a, c.a ?? 0);
  const goes = name(b, c.b ?? 0);
  const keyWord = (k: Key) => `${t(`identity.key.${k.kind}`, { defaultValue: k.kind })} ${k.value}`;
  const block = (key: Key | undefined) =>
    ask({
      title: t("identity.block_ask", {
        key: keyWord(key ?? { kind: (c.key_kind ?? "device") as Key["kind"], value: c.key_value ?? "" }),
      }),
      consequence: t("identity.block_text"),
      action: t("identity.block_do"),
      run: run("block", key),
    });
  const pair = c.kind === "disagree";
  const blockable = distinct(c.evidence.keys, c.evidence.a_keys, c.evidence.b_keys);
  return (
    <div className="hs-identity-decide">
      {pair ? (
        <Button
          type="primary"
          onClick={() =>
            ask({
              title: t("identity.merge_ask", { a: stays, b: goes }),
              consequence: t("identity.merge_text", { a: stays, b: goes }),
              action: t("identity.merge_do"),
              red: false,
              run: run("merge"),
            })
          }
        >
          {t("identity.merge_do")}
        </Button>
      ) : null}
      <Button
        onClick={() =>
          ask({
            title: t(`identity.apart_ask.${c.kind}`),
            consequence: t(`identity.apart_text.${c.kind}`),
            action: t(`identity.apart_do.${c.kind}`),
            red: false,
            run: run("apart"),
          })
        }
      >
        {t(`identity.apart_do.${c.kind}`)}
      </Button>
      {pair ? (
        <Dropdown
          trigger={["click"]}
          menu={{
            items: blockable.map((k) => ({ key: `${k.kind}:${k.value}`, label: keyWord(k), onClick: () => block(k) })),
          }}
        >
          <Button>{t("identity.block_one")}</Button>
        </Dropdown>
      ) : (
        <Button onClick={() => block(undefined)}>{t("identity.block_do")}</Button>
      )}
    </div>
  );
}
