import { type Catalogue, type Language, problemKey, uiCatalogue } from "@huoshui/ui";
import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { features } from "../features";
import { shellCatalogue, shellProblems } from "./catalogue";

/** The messages of one language: the shell's, the shared components' and every feature's, each under its name. */
export function messages(language: Language): Catalogue {
  const all: Catalogue = { ui: uiCatalogue[language], shell: shellCatalogue[language] };
  const problems: Catalogue = {};
  const add = (texts: Record<string, string> | undefined) => {
    for (const [code, text] of Object.entries(texts ?? {})) {
      problems[problemKey(code).slice("problem.".length)] = text;
    }
  };
  add(shellProblems[language]);
  for (const f of features) {
    all[f.name] = f.i18n[language];
    add(f.problems?.[language]);
  }
  all.problem = problems;
  return all;
}

const kept = "hs.language";

/** The language of the reader: what she chose, else her browser's, else Chinese. */
export function firstLanguage(): Language {
  const chosen = localStorage.getItem(kept);
  if (chosen === "zh" || chosen === "en") {
    return chosen;
  }
  return navigator.language?.toLowerCase().startsWith("en") ? "en" : "zh";
}

/** Remembers the reader's language and shows everything in it. */
export function chooseLanguage(language: Language) {
  localStorage.setItem(kept, language);
  void i18next.changeLanguage(language);
}

/** Starts the catalogues; texts are React's to escape. */
export function startI18n(language: Language) {
  void i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: "zh",
    resources: { zh: { translation: messages("zh") }, en: { translation: messages("en") } },
    interpolation: { escapeValue: false },
    returnNull: false,
  });
}
