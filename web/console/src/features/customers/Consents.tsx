import { $api } from "@huoshui/api";
import { formatWhen, Loaded, Panel, Status, useReader } from "@huoshui/ui";
import { useQueryClient } from "@tanstack/react-query";
import { App, Button } from "antd";
import { useTranslation } from "react-i18next";
import { useCan } from "../../shell/session";

const channels = ["email", "phone", "task"] as const;

/** What the person said about each channel, and a way to record what they say to staff. */
export function ConsentPanel(props: { number: number }) {
  const { t } = useTranslation();
  const reader = useReader();
  const can = useCan();
  const client = useQueryClient();
  const { message } = App.useApp();
  const state = $api.useQuery("get", "/api/v1/customers/{number}/consents", {
    params: { path: { number: props.number } },
  });
  const say = $api.useMutation("put", "/api/v1/customers/{number}/consents", {
    onSuccess: async () => {
      message.success(t("customers.consent_saved"));
      await client.invalidateQueries({ queryKey: ["get", "/api/v1/customers/{number}/consents"] });
    },
  });
  return (
    <Panel title={t("customers.consent")} definition={t("customers.consent_why")}>
      <Loaded query={state}>
        {(now) => (
          <ul className="hs-consents">
            {channels.map((channel) => {
              const word = now.consents.find((c) => c.channel === channel);
              const stop = now.suppressions.find((s) => s.channel === channel);
              const granted = word?.state === "granted";
              return (
                <li key={channel}>
                  <span>{t(`customers.consent_channel.${channel}`)}</span>
                  <span>
                    {stop ? (
                      <Status tone="danger">
                        {t("customers.suppressed", {
                          cause: t(`customers.cause.${stop.cause}`, { defaultValue: stop.cause }),
                        })}
                      </Status>
                    ) : (
                      <Status
                        tone={word ? (granted ? "good" : "attention") : "calm"}
                        why={
                          word
                            ? t("customers.consent_from", {
                                source: word.source,
                                at: formatWhen(word.changed_at, reader),
                              })
                            : undefined
                        }
                      >
                        {t(`customers.consent_state.${word?.state ?? "unknown"}`)}
                      </Status>
                    )}
                  </span>
                  {can("customers.write") ? (
                    <Button
                      size="small"
                      type="text"
                      loading={say.isPending && say.variables.body.channel === channel}
                      onClick={() =>
                        say.mutate({
                          params: { path: { number: props.number } },
                          body: { channel, state: granted ? "withdrawn" : "granted" },
                        })
                      }
                    >
                      {t(granted ? "customers.consent_withdraw" : "customers.consent_grant")}
                    </Button>
                  ) : null}
                </li>
              );
            })}
          </ul>
        )}
      </Loaded>
    </Panel>
  );
}
