import { $api, keyset, type Schema } from "@huoshui/api";
import { PeopleDrawer, useProblemText } from "@huoshui/ui";
import { useNavigate } from "@tanstack/react-router";
import { App, Input, Modal } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";

type Who =
  | "visitors"
  | "buyers"
  | "looked"
  | "repeat"
  | "due"
  | "pair"
  | "without"
  | "first"
  | "entry"
  | "before"
  | "after"
  | "came"
  | "last"
  | "next";

/** The people behind a number of product analytics, as it stands in the address; they can be kept as a segment. */
export function GroupPeople(props: { group: string; onClose: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const can = useCan();
  const { message } = App.useApp();
  const text = useProblemText();
  const [name, setName] = useState<string>();
  const g = Object.fromEntries(new URLSearchParams(props.group));
  const { title, other_name: otherName, ...rest } = g;
  const query = {
    ...rest,
    ...(rest.days ? { days: Number(rest.days) } : {}),
    who: (g.who ?? "buyers") as Who,
  } as { who: Who; product?: string };
  const people = $api.useInfiniteQuery(
    "get",
    "/api/v1/product-analytics/people",
    { params: { query: { ...query, limit: 50 } } },
    { ...keyset, enabled: props.group !== "" && can("customers.read") },
  );
  const save = $api.useMutation("post", "/api/v1/product-analytics/people/segment", { meta: { quiet: true } });
  const heading = title || t("product.anything");
  const keep = () =>
    save.mutate(
      { params: { query }, body: { name: (name ?? "").trim() } },
      {
        onSuccess: (segment) => {
          setName(undefined);
          void message.success(t("product.kept"));
          void navigate({ to: `/segments/${segment.id}` as never });
        },
        onError: (error) => void message.error(text(error)),
      },
    );
  return (
    <>
      <PeopleDrawer<Schema<"EffectPerson">>
        open={props.group !== ""}
        title={t(`product.who.${query.who}`, { product: heading, other: otherName || t("product.nothing") })}
        definition={t(`product.who_why.${query.who}`)}
        query={people}
        onClose={props.onClose}
        onPerson={(p) => void navigate({ to: `/customers/${p.id}` as never })}
        onSaveSegment={
          can("segments.write")
            ? () =>
                setName(
                  t(`product.who.${query.who}`, { product: heading, other: otherName || t("product.nothing") }).slice(
                    0,
                    80,
                  ),
                )
            : undefined
        }
      />
      <Modal
        open={name !== undefined}
        title={t("product.keep_title")}
        okText={t("product.keep")}
        okButtonProps={{ disabled: !name?.trim(), loading: save.isPending }}
        onOk={keep}
        onCancel={() => setName(undefined)}
      >
        <p className="hs-secondary">{t("product.keep_why")}</p>
        <Input
          aria-label={t("product.keep_name")}
          value={name}
          maxLength={80}
          onChange={(e) => setName(e.target.value)}
        />
      </Modal>
    </>
  );
}
