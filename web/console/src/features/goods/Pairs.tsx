import { DeleteOutlined } from "@ant-design/icons";
import { $api } from "@huoshui/api";
import { Empty, ErrorNote, Panel, Status } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { App, Button, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { FromBaskets } from "./FromBaskets";
import { Sortable } from "./Sortable";
import { type Detail, tones } from "./words";

/** How many goods can be shown beside others. */
const most = 12;

/** What is shown beside goods, chosen by hand or from baskets, in its order; and the bundles that are promotions. */
export function Pairs(props: { of: Detail }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const can = useCan();
  const client = useQueryClient();
  const [pairs, setPairs] = useState(props.of.pairs);
  const [q, setQ] = useState("");
  const [filling, setFilling] = useState(false);
  const save = $api.useMutation("put", "/api/v1/goods/{id}/pairs", { meta: { quiet: true } });
  const found = $api.useQuery("get", "/api/v1/goods", { params: { query: { q: q || undefined, limit: 20 } } });
  const write = can("goods.write");
  const run = async () => {
    await save.mutateAsync({ params: { path: { id: props.of.id } }, body: { pairs } });
    message.success(t("goods.pairs_saved"));
    await client.invalidateQueries({ predicate: (k) => String(k.queryKey[1]) === "/api/v1/goods/{id}" });
  };
  return (
    <Panel
      title={t("goods.pairs")}
      definition={t("goods.pairs_why")}
      actions={
        write ? (
          <>
            {can("effect.read") ? (
              <Button size="small" disabled={pairs.length >= most} onClick={() => setFilling(true)}>
                {t("goods.basket")}
              </Button>
            ) : null}
            <Button
              size="small"
              type="primary"
              loading={save.isPending}
              disabled={JSON.stringify(pairs) === JSON.stringify(props.of.pairs)}
              onClick={() => void run().catch(() => undefined)}
            >
              {t("goods.pairs_save")}
            </Button>
          </>
        ) : null
      }
    >
      <div className="hs-trade-stack">
        {save.error ? <ErrorNote error={save.error} small /> : null}
        {pairs.length === 0 ? <Empty small title={t("goods.pairs_empty")} /> : null}
        <Sortable items={pairs} idOf={(p) => p.other} onOrder={setPairs}>
          {(p) => (
            <>
              <span className="hs-goods-wide">
                <Link to={`/goods/${p.other}` as never}>{p.title}</Link>
              </span>
              {p.status ? <Status tone={tones[p.status] ?? "calm"}>{t(`goods.statuses.${p.status}`)}</Status> : null}
              <span className="hs-secondary">
                {t(`goods.sources.${p.source}`)}
                {p.source === "basket" && p.lift > 0 ? ` · ${t("goods.lift_of", { lift: p.lift.toFixed(2) })}` : null}
              </span>
              {write ? (
                <Button
                  type="text"
                  aria-label={t("goods.pair_delete", { name: p.title })}
                  icon={<DeleteOutlined />}
                  onClick={() => setPairs(pairs.filter((o) => o.other !== p.other))}
                />
              ) : null}
            </>
          )}
        </Sortable>
        {write && pairs.length < most ? (
          <Select
            aria-label={t("goods.pair_add")}
            placeholder={t("goods.pair_add")}
            showSearch={{ filterOption: false, onSearch: setQ }}
            value={null}
            onChange={(other: string) => {
              const g = found.data?.items.find((o) => o.id === other);
              if (g) {
                setPairs([...pairs, { other, title: g.title, status: g.status, source: "hand", lift: 0 }]);
              }
            }}
            options={(found.data?.items ?? [])
              .filter((g) => g.id !== props.of.id && !pairs.some((p) => p.other === g.id))
              .map((g) => ({ value: g.id, label: g.title }))}
          />
        ) : null}
        {can("promo.read") ? (
          <span className="hs-secondary">
            {t("goods.bundles")}{" "}
            <Link to={"/promotions" as never} style={{ textDecoration: "underline" }}>
              {t("goods.bundles_link")}
            </Link>
          </span>
        ) : null}
      </div>
      {filling ? (
        <FromBaskets
          of={props.of}
          taken={pairs.map((p) => p.other)}
          room={most - pairs.length}
          onClose={() => setFilling(false)}
          onTake={(more) => {
            setPairs([...pairs, ...more]);
            setFilling(false);
          }}
        />
      ) : null}
    </Panel>
  );
}
