import { SendOutlined } from "@ant-design/icons";
import { App, Button, Tooltip } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { sendTest, testable } from "./testing";
import type { Source } from "./words";

/** Sends a test event from this browser with the source's key, and says what came of it. */
export function TestButton(props: { source: Source; primary?: boolean }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const [sending, setSending] = useState(false);
  const can = testable(props.source);
  const button = (
    <Button
      type={props.primary ? "primary" : "default"}
      icon={<SendOutlined />}
      disabled={!can}
      loading={sending}
      onClick={async () => {
        setSending(true);
        const came = await sendTest(props.source, t("collect.test.name"));
        setSending(false);
        if (came === "sent") {
          message.success(t("collect.test.sent"));
        } else {
          message.warning(t(`collect.test.${came}`));
        }
      }}
    >
      {t("collect.test.send")}
    </Button>
  );
  return can ? (
    button
  ) : (
    <Tooltip title={t(props.source.kind === "webhook" ? "collect.test.hook" : "collect.test.key")}>
      <span>{button}</span>
    </Tooltip>
  );
}
