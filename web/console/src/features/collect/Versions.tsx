import { $api } from "@huoshui/api";
import { Empty, Loaded, RowDrawer, useConfirmDanger, When } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { App, Button } from "antd";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";
import { useStaffName } from "../../shell/staff-name";
import { difference } from "./rules";
import type { Rules } from "./words";

/** Every version of the rules: who changed what, and the way back to one. */
export function Versions(props: { open: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const versions = $api.useQuery("get", "/api/v1/collect/rules/versions", {}, { enabled: props.open });
  return (
    <RowDrawer open={props.open} title={t("collect.versions.title")} onClose={props.onClose}>
      <p className="hs-secondary hs-tab-lead">{t("collect.versions.lead")}</p>
      <Loaded query={versions}>
        {(page) =>
          page.items.length === 0 ? (
            <Empty small title={t("collect.versions.none")} />
          ) : (
            <ol className="hs-versions">
              {page.items.map((v, i) => (
                <Version key={v.version} version={v} before={page.items[i + 1]} newest={page.items[0] as Rules} />
              ))}
            </ol>
          )
        }
      </Loaded>
    </RowDrawer>
  );
}

function Version(props: { version: Rules; before: Rules | undefined; newest: Rules }) {
  const { t } = useTranslation();
  const can = useCan();
  const staff = useStaffName();
  const client = useQueryClient();
  const ask = useConfirmDanger();
  const { message } = App.useApp();
  const { version: v, newest } = props;
  const diff = difference(props.before?.rules ?? [], v.rules);
  const back = $api.useMutation("put", "/api/v1/collect/rules", {
    meta: { quiet: true },
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["get", "/api/v1/collect/rules"] });
      await client.invalidateQueries({ queryKey: ["get", "/api/v1/collect/rules/versions"] });
      await client.invalidateQueries({ queryKey: ["get", "/api/v1/collect/dictionary"] });
      message.success(t("collect.rule.saved"));
    },
  });
  return (
    <li>
      <div className="hs-versions-head">
        <b className="hs-num">{t("collect.versions.number", { n: v.version })}</b>
        <span className="hs-secondary">
          {staff(v.changed_by)} · <When at={v.changed_at} />
        </span>
        {v.version === newest.version ? (
          <span className="hs-secondary">{t("collect.versions.now")}</span>
        ) : can("collect.write") ? (
          <Button
            size="small"
            onClick={() =>
              ask({
                title: t("collect.versions.ask", { n: v.version }),
                consequence: t("collect.versions.ask_text", { n: v.rules.length, now: newest.rules.length }),
                action: t("collect.versions.back"),
                red: false,
                run: () => back.mutateAsync({ body: { version: newest.version, rules: v.rules } }),
              })
            }
          >
            {t("collect.versions.back")}
          </Button>
        ) : null}
      </div>
      {(["added", "changed", "removed"] as const).map((kind) =>
        diff[kind].length > 0 ? (
          <p key={kind} className="hs-secondary">
            {t(`collect.versions.${kind}`)}{" "}
            {diff[kind].slice(0, 8).map((name) => (
              <code key={name}>{name}</code>
            ))}
            {diff[kind].length > 8 ? t("collect.versions.more", { n: diff[kind].length - 8 }) : null}
          </p>
        ) : null,
      )}
    </li>
  );
}
