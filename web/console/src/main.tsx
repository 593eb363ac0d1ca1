import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Console } from "./shell/app";
import { firstLanguage, startI18n } from "./shell/i18n";

startI18n(firstLanguage());

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Console />
    </StrictMode>,
  );
}
