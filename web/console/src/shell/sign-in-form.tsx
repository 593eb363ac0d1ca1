import { $api, problemOf } from "@huoshui/api";
import { formatDuration, type Language, useProblemText } from "@huoshui/ui";
import { Alert, Button, Form, Input } from "antd";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Staff } from "./session";

/** Login and password; says how long to wait when the account is locked, and counts it down. */
export function SignInForm(props: { login?: string; onSignedIn: (staff: Staff, password: string) => void }) {
  const { t, i18n } = useTranslation();
  const text = useProblemText();
  const signIn = $api.useMutation("post", "/api/v1/session", { meta: { quiet: true } });
  const [wait, setWait] = useState(0);
  const problem = signIn.error ? problemOf(signIn.error) : undefined;
  useEffect(() => {
    if (wait <= 0) {
      return;
    }
    const timer = setTimeout(() => setWait(wait - 1), 1000);
    return () => clearTimeout(timer);
  }, [wait]);
  const language: Language = i18n.language === "en" ? "en" : "zh";
  return (
    <Form
      layout="vertical"
      requiredMark={false}
      initialValues={{ login: props.login ?? "", password: "" }}
      onFinish={(body: { login: string; password: string }) =>
        signIn.mutate(
          { body: { login: body.login.trim(), password: body.password } },
          {
            onSuccess: (staff) => props.onSignedIn(staff, body.password),
            onError: (error) => {
              const seconds = problemOf(error).params?.retry_after;
              if (typeof seconds === "number") {
                setWait(seconds);
              }
            },
          },
        )
      }
    >
      {problem && (wait > 0 || typeof problem.params?.retry_after !== "number") ? (
        <Alert
          type={wait > 0 ? "warning" : "error"}
          showIcon
          style={{ marginBottom: 16 }}
          title={wait > 0 ? t("account.locked", { time: formatDuration(wait, language) }) : text(signIn.error)}
        />
      ) : null}
      <Form.Item
        name="login"
        label={t("account.login")}
        rules={[{ required: true, message: t("account.login_needed") }]}
      >
        <Input
          autoComplete="username"
          autoFocus={!props.login}
          autoCapitalize="none"
          spellCheck={false}
          maxLength={40}
        />
      </Form.Item>
      <Form.Item
        name="password"
        label={t("account.password")}
        rules={[{ required: true, message: t("account.password_needed") }]}
      >
        <Input.Password autoComplete="current-password" autoFocus={!!props.login} maxLength={128} />
      </Form.Item>
      <Button type="primary" htmlType="submit" block loading={signIn.isPending} disabled={wait > 0}>
        {t("account.sign_in")}
      </Button>
    </Form>
  );
}

/** Choosing one's own password: twice the new one, and the old one unless it was just typed. */
export function PasswordForm(props: { old?: string; submit: string; onChanged: () => void }) {
  const { t } = useTranslation();
  const text = useProblemText();
  const change = $api.useMutation("put", "/api/v1/session/password", { meta: { quiet: true } });
  return (
    <Form
      layout="vertical"
      requiredMark={false}
      onFinish={(values: { old?: string; password: string }) =>
        change.mutate(
          { body: { old: props.old ?? values.old ?? "", password: values.password } },
          { onSuccess: props.onChanged },
        )
      }
    >
      {change.error ? <Alert type="error" showIcon style={{ marginBottom: 16 }} title={text(change.error)} /> : null}
      {props.old === undefined ? (
        <Form.Item
          name="old"
          label={t("account.old")}
          rules={[{ required: true, message: t("account.password_needed") }]}
        >
          <Input.Password autoComplete="current-password" maxLength={128} />
        </Form.Item>
      ) : null}
      <Form.Item
        name="password"
        label={t("account.new")}
        extra={t("account.new_rule")}
        rules={[{ required: true, min: 10, message: t("account.new_rule") }]}
      >
        <Input.Password autoComplete="new-password" maxLength={128} />
      </Form.Item>
      <Form.Item
        name="again"
        label={t("account.again")}
        dependencies={["password"]}
        rules={[
          ({ getFieldValue }) => ({
            validator: (_rule, value) =>
              value === getFieldValue("password")
                ? Promise.resolve()
                : Promise.reject(new Error(t("account.again_differs"))),
          }),
        ]}
      >
        <Input.Password autoComplete="new-password" maxLength={128} />
      </Form.Item>
      <Button type="primary" htmlType="submit" block={props.old !== undefined} loading={change.isPending}>
        {props.submit}
      </Button>
    </Form>
  );
}
