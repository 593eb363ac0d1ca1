import { pick } from "./i18n";
import * as both from "./words/consent";
import "./question.css";

const words = pick(both);

/** Asks whether this browser may be told of; the store goes on meanwhile, and nothing is told before a yes. */
export function question(answer: (yes: boolean) => void) {
  const box = document.createElement("section");
  box.className = "ask-track";
  box.setAttribute("aria-label", words.title);
  const text = document.createElement("p");
  text.textContent = words.question;
  const ways = document.createElement("div");
  for (const [word, yes] of [
    [words.no, false],
    [words.yes, true],
  ] as const) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "second grow";
    button.textContent = word;
    button.addEventListener("click", () => {
      box.remove();
      answer(yes);
    });
    ways.append(button);
  }
  box.append(text, ways);
  document.body.append(box);
}
