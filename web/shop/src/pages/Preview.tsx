import { useEffect, useState } from "react";
import { Blocks } from "../blocks/Blocks";
import type { Page } from "../blocks/kinds";
import { Screen } from "../components/Screen";
import { pick } from "../i18n";
import * as both from "../words/blocks";

const words = pick(both);

/** What the designer in the console tells the preview. */
interface Shown {
  type: "huoshui:page";
  page: Page;
  chosen?: string;
}

function isShown(data: unknown): data is Shown {
  const d = data as Partial<Shown> | null;
  return typeof d === "object" && d?.type === "huoshui:page" && Array.isArray(d.page?.blocks);
}

/** A page that is being designed, drawn as the store draws it. It listens to the window it is framed by, of its own origin only. */
export default function Preview() {
  const [shown, setShown] = useState<Shown>();
  useEffect(() => {
    const hear = (e: MessageEvent) => {
      if (e.origin === location.origin && e.source === window.parent && isShown(e.data)) {
        setShown(e.data);
      }
    };
    window.addEventListener("message", hear);
    window.parent.postMessage({ type: "huoshui:preview" }, location.origin);
    return () => window.removeEventListener("message", hear);
  }, []);
  useEffect(() => {
    if (shown?.chosen) {
      document.querySelector("[data-chosen]")?.scrollIntoView({ block: "nearest" });
    }
  }, [shown?.chosen]);
  useEffect(() => {
    const hold = (e: MouseEvent) => {
      e.preventDefault();
      e.stopPropagation();
      const block = (e.target as Element).closest("[data-block]")?.getAttribute("data-block");
      if (block) {
        window.parent.postMessage({ type: "huoshui:choose", block }, location.origin);
      }
    };
    document.addEventListener("click", hold, true); // nothing leads away from a preview
    return () => document.removeEventListener("click", hold, true);
  }, []);
  return (
    <Screen title={shown?.page.title || words.preview} tab="home">
      {shown ? <Blocks page={shown.page} chosen={shown.chosen} /> : <p className="empty">{words.preview_wait}</p>}
    </Screen>
  );
}
