import { $api } from "@huoshui/api";
import { useTranslation } from "react-i18next";
import { useCan } from "./session";

/** What told us of a key or an event, by name: a source's, or the import of files; the id where the source is gone. */
export function useOriginName(): (id: string) => string {
  const { t } = useTranslation();
  const can = useCan();
  const sources = $api.useQuery("get", "/api/v1/sources", {}, { enabled: can("collect.read"), staleTime: 60_000 });
  return (id) =>
    id === "" || id === "import"
      ? t(`identity.origin.${id || "unknown"}`)
      : (sources.data?.items.find((s) => s.id === id)?.name ?? id);
}
