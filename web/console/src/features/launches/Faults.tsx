import { CloseCircleOutlined, WarningOutlined } from "@ant-design/icons";
import { problemKey } from "@huoshui/ui";
import { useTranslation } from "react-i18next";
import type { Fault } from "./words";

/** What a fault says, in the reader's words. */
export function useFaultText(): (f: { code: string; message?: string; params?: Record<string, unknown> }) => string {
  const { t } = useTranslation();
  return (f) => t(problemKey(f.code), { ...f.params, defaultValue: f.message ?? f.code });
}

/** Faults of one place, those that must go first. */
export function Faults(props: { of: readonly Fault[] }) {
  const text = useFaultText();
  const all = [...props.of].sort((a, b) => Number(a.warning) - Number(b.warning));
  return all.length === 0 ? null : (
    <ul className="launch-faults">
      {all.map((f) => (
        <li key={f.code + f.field} data-warning={f.warning || undefined}>
          {f.warning ? <WarningOutlined aria-hidden /> : <CloseCircleOutlined aria-hidden />}
          {text(f)}
        </li>
      ))}
    </ul>
  );
}
