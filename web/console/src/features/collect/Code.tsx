import { CopyOutlined } from "@ant-design/icons";
import { App, Button } from "antd";
import { useTranslation } from "react-i18next";

/** A piece of code with a button that copies it. */
export function Code(props: { children: string; label: string }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const one = !props.children.includes("\n");
  return (
    <div className="hs-collect-code" data-one={one || undefined}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <section tabIndex={0} aria-label={props.label}>
        <pre>{props.children}</pre>
      </section>
      <Button
        size="small"
        type="text"
        icon={<CopyOutlined />}
        aria-label={t("collect.copy", { what: props.label })}
        title={t("ui.copy")}
        onClick={async () => {
          await navigator.clipboard.writeText(props.children);
          message.success(t("ui.error.copied"));
        }}
      />
    </div>
  );
}
