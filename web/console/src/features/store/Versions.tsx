import { $api } from "@huoshui/api";
import { Empty, Loaded, RowDrawer, Status, useConfirmDanger, When } from "@huoshui/ui";
import { App, Button } from "antd";
import { useTranslation } from "react-i18next";
import { useStaffName } from "../../shell/staff-name";
import type { Standing } from "./design";

/** What a page was, the windows in which a version is shown, and the way back to one. */
export function Versions(props: {
  page: Standing;
  open: boolean;
  readOnly: boolean;
  onClose: () => void;
  onRestored: (page: Standing) => void;
  onChanged: () => void;
}) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const staff = useStaffName();
  const ask = useConfirmDanger();
  const { page } = props;
  const versions = $api.useQuery(
    "get",
    "/api/v1/store-pages/{id}/versions",
    { params: { path: { id: page.id } } },
    { enabled: props.open },
  );
  const restore = $api.useMutation("post", "/api/v1/store-pages/{id}/versions/{version}/restore");
  const cancel = $api.useMutation("delete", "/api/v1/store-pages/{id}/releases/{release}");
  return (
    <RowDrawer open={props.open} title={t("store.versions")} onClose={props.onClose}>
      <h3 className="store-drawer-title">{t("store.windows")}</h3>
      {page.planned.length === 0 ? <p className="hs-secondary">{t("store.windows_none")}</p> : null}
      <ul className="store-windows">
        {page.planned.map((r) => (
          <li key={r.id}>
            <b>{r.version ? t("store.version", { n: r.version }) : t("store.window_off")}</b>
            <span className="hs-secondary">
              <When at={r.starts_at} />
              {r.ends_at ? (
                <>
                  {" – "}
                  <When at={r.ends_at} />
                </>
              ) : null}
            </span>
            {props.readOnly ? null : (
              <Button
                size="small"
                loading={cancel.isPending}
                onClick={() =>
                  void cancel.mutateAsync({ params: { path: { id: page.id, release: r.id } } }).then(() => {
                    message.success(t("store.cancelled"));
                    props.onChanged();
                  })
                }
              >
                {t("store.cancel_window")}
              </Button>
            )}
          </li>
        ))}
      </ul>
      <h3 className="store-drawer-title">{t("store.versions")}</h3>
      <p className="hs-secondary">{t("store.versions_lead")}</p>
      <Loaded query={versions}>
        {(list) =>
          list.items.length === 0 ? (
            <Empty small title={t("store.versions_none")} />
          ) : (
            <ol className="store-versions">
              {list.items.map((v) => (
                <li key={v.version}>
                  <div className="store-version-head">
                    <b className="hs-num">{t("store.version", { n: v.version })}</b>
                    <span className="hs-secondary">
                      {staff(v.made_by)} · <When at={v.made_at} />
                    </span>
                    {v.version === page.live ? <Status tone="good">{t("store.version_now")}</Status> : null}
                    {props.readOnly ? null : (
                      <Button
                        size="small"
                        onClick={() =>
                          ask({
                            title: t("store.version", { n: v.version }),
                            consequence: t("store.versions_lead"),
                            action: t("store.restore"),
                            red: false,
                            run: async () => {
                              const restored = await restore.mutateAsync({
                                params: { path: { id: page.id, version: v.version } },
                                body: { revision: page.revision },
                              });
                              message.success(t("store.restored"));
                              props.onRestored(restored);
                            },
                          })
                        }
                      >
                        {t("store.restore")}
                      </Button>
                    )}
                  </div>
                  {v.note ? <p>{v.note}</p> : null}
                </li>
              ))}
            </ol>
          )
        }
      </Loaded>
    </RowDrawer>
  );
}
