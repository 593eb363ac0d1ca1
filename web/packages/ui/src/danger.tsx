import { App } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useProblemText } from "./page";

/** What is asked before something that costs, or cannot be undone. */
export interface Danger {
  /** A question that names the thing: "停下活动「春季复购」?" */
  title: string;
  /** The consequence, in numbers: "发给 12,408 人,其中 312 人会被规则拦下". */
  consequence: ReactNode;
  /** The verb on the button: never "OK". */
  action: string;
  /** Red for loss; false for things that only deserve a second look (sending). */
  red?: boolean;
  /** Says that there is no way back. */
  final?: boolean;
  /** Does it; the dialog stays open, saying why, when it fails. */
  run: () => Promise<unknown>;
}

/** A function that asks before a dangerous thing is done. */
export function useConfirmDanger(): (danger: Danger) => void {
  const { modal, message } = App.useApp();
  const { t } = useTranslation();
  const text = useProblemText();
  return (danger) => {
    modal.confirm({
      title: danger.title,
      icon: null,
      width: 440,
      content: (
        <div className="hs-danger">
          <div>{danger.consequence}</div>
          {danger.final ? <p className="hs-secondary">{t("ui.danger.cannot_undo")}</p> : null}
        </div>
      ),
      okText: danger.action,
      okButtonProps: { danger: danger.red ?? true },
      cancelText: t("ui.cancel"),
      focusable: { autoFocusButton: "cancel" },
      onOk: async () => {
        try {
          await danger.run();
        } catch (error) {
          message.error(text(error));
          throw error;
        }
      },
    });
  };
}
