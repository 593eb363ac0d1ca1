import { $api, type Schema } from "@huoshui/api";
import { useProblemText } from "@huoshui/ui";
import { Alert, Button, Form, Input, Modal } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { StaffFields, useStaffChanged } from "./Account";
import { Issued } from "./Issued";

/** Opens an account and shows its one-time password. */
export function AddStaff(props: { open: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const text = useProblemText();
  const changed = useStaffChanged();
  const [issued, setIssued] = useState<Schema<"StaffIssued">>();
  const add = $api.useMutation("post", "/api/v1/staff", { meta: { quiet: true }, onSuccess: changed });
  return (
    <>
      <Modal
        open={props.open}
        title={t("staff.add")}
        footer={null}
        onCancel={props.onClose}
        width={440}
        destroyOnHidden
      >
        <Form
          layout="vertical"
          requiredMark={false}
          onFinish={(body: Schema<"StaffNewAccount">) =>
            add.mutate(
              { body },
              {
                onSuccess: (made) => {
                  props.onClose();
                  setIssued(made);
                },
              },
            )
          }
        >
          {add.error ? <Alert type="error" showIcon title={text(add.error)} style={{ marginBottom: 16 }} /> : null}
          <Form.Item
            name="login"
            label={t("staff.login")}
            extra={t("staff.login_rule")}
            rules={[{ required: true, pattern: /^[a-z0-9._@-]{2,40}$/, message: t("staff.login_rule") }]}
          >
            <Input autoFocus autoCapitalize="none" spellCheck={false} maxLength={40} autoComplete="off" />
          </Form.Item>
          <StaffFields />
          <Button type="primary" htmlType="submit" block loading={add.isPending}>
            {t("staff.add_do")}
          </Button>
        </Form>
      </Modal>
      <Issued issued={issued} onClose={() => setIssued(undefined)} />
    </>
  );
}
