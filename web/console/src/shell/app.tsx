import { problemOf } from "@huoshui/api";
import { ErrorID, type Language, UIProvider, useProblemText } from "@huoshui/ui";
import { MutationCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { App as AntApp } from "antd";
import { type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { router } from "./router";
import { useTheme } from "./theme";
import { useZone } from "./zone";

/** The whole console: queries, theme, language, routes. */
export function Console() {
  const { i18n } = useTranslation();
  const theme = useTheme();
  const zone = useZone();
  const language: Language = i18n.language === "en" ? "en" : "zh";
  return (
    <UIProvider theme={theme} language={language} zone={zone}>
      <Queries>
        <RouterProvider router={router} />
      </Queries>
    </UIProvider>
  );
}

/** Retries what may pass (no answer, 5xx) twice; what the API refuses is refused. */
export function shouldRetry(failures: number, error: unknown): boolean {
  const { status } = problemOf(error);
  return failures < 2 && (status === 0 || status >= 502);
}

function Queries(props: { children: ReactNode }) {
  const { notification } = AntApp.useApp();
  const text = useProblemText();
  const [failed, setFailed] = useState<{ error: unknown }>();
  const [client] = useState(
    () =>
      new QueryClient({
        defaultOptions: { queries: { retry: shouldRetry, staleTime: 5_000, refetchOnWindowFocus: "always" } },
        mutationCache: new MutationCache({
          onError: (error, _variables, _result, mutation) => {
            if (!mutation.meta?.quiet && problemOf(error).status !== 401) {
              setFailed({ error });
            }
          },
        }),
      }),
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: told once per failure, in the language of that moment
  useEffect(() => {
    if (failed) {
      const id = problemOf(failed.error).request_id;
      notification.error({ title: text(failed.error), description: id ? <ErrorID id={id} /> : undefined, duration: 8 });
    }
  }, [failed]);
  return <QueryClientProvider client={client}>{props.children}</QueryClientProvider>;
}
