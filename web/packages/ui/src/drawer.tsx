import { ExpandOutlined } from "@ant-design/icons";
import { Button, Drawer } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

/**
 * The side drawer of a row, between the list and its page. `onOpenPage` shows "open as page"; the caller keeps which
 * row is open in the URL.
 */
export function RowDrawer(props: {
  open: boolean;
  title: ReactNode;
  subtitle?: ReactNode;
  onClose: () => void;
  onOpenPage?: () => void;
  actions?: ReactNode;
  footer?: ReactNode;
  width?: number;
  children?: ReactNode;
}) {
  const { t } = useTranslation();
  return (
    <Drawer
      open={props.open}
      onClose={props.onClose}
      size={props.width ?? 560}
      mask={false}
      keyboard
      destroyOnHidden
      rootClassName="hs-drawer"
      title={
        <div className="hs-drawer-title">
          <span>{props.title}</span>
          {props.subtitle ? <small>{props.subtitle}</small> : null}
        </div>
      }
      extra={
        <div className="hs-drawer-actions">
          {props.actions}
          {props.onOpenPage ? (
            <Button size="small" type="text" icon={<ExpandOutlined />} onClick={props.onOpenPage}>
              {t("ui.open_page")}
            </Button>
          ) : null}
        </div>
      }
      footer={props.footer}
    >
      {props.children}
    </Drawer>
  );
}
