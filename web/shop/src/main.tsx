import "@huoshui/ui/tokens.css";
import "./shop.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { queries, takeFirst } from "./api";
import { language } from "./i18n";
import { keep } from "./kept";
import { prepare } from "./router";
import { routes } from "./routes";

document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
takeFirst();
const origin = new URLSearchParams(location.search).get("utm_source");
if (origin) {
  keep("hs.origin", origin.slice(0, 40)); // by which channel she came, told when she signs in
}
await prepare(routes);

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <App />
      </QueryClientProvider>
    </StrictMode>,
  );
}

// What is looked at is told once the page is there and the browser has nothing else to do.
const tell = () => (window.requestIdleCallback ?? window.setTimeout)(() => void import("./track"));
if (document.readyState === "complete") {
  tell();
} else {
  window.addEventListener("load", tell, { once: true });
}
