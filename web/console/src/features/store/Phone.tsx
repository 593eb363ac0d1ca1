import type { Schema } from "@huoshui/api";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

/** The store's own preview page, framed at the width of a phone and told what to draw. It answers which block was clicked. */
export function Phone(props: {
  page: Schema<"StorefrontShown"> | undefined;
  chosen: string;
  onChoose: (block: string) => void;
}) {
  const { t } = useTranslation();
  const frame = useRef<HTMLIFrameElement>(null);
  const [ready, setReady] = useState(false);
  const { page, chosen, onChoose } = props;
  useEffect(() => {
    const hear = (e: MessageEvent) => {
      if (e.origin !== location.origin || e.source !== frame.current?.contentWindow) {
        return;
      }
      const said = e.data as { type?: string; block?: unknown } | null;
      if (said?.type === "huoshui:preview") {
        setReady(true);
      } else if (said?.type === "huoshui:choose" && typeof said.block === "string") {
        onChoose(said.block);
      }
    };
    window.addEventListener("message", hear);
    return () => window.removeEventListener("message", hear);
  }, [onChoose]);
  useEffect(() => {
    if (ready && page) {
      frame.current?.contentWindow?.postMessage({ type: "huoshui:page", page, chosen }, location.origin);
    }
  }, [ready, page, chosen]);
  return <iframe ref={frame} className="store-phone" title={t("store.preview")} src="/shop/preview" />;
}
