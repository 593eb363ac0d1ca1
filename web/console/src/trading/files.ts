import type { Problem } from "@huoshui/api";

/** Sends a file as the body of a request; throws the problem when it is refused. */
export async function sendFile<R>(url: string, file: Blob): Promise<R> {
  const answer = await fetch(url, {
    method: "POST",
    body: file,
    credentials: "same-origin",
    headers: { "Content-Type": "application/octet-stream" },
  });
  const said = (await answer.json()) as R | Problem;
  if (!answer.ok) {
    throw said;
  }
  return said as R;
}

function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A CSV that a spreadsheet opens; no cell becomes a formula. */
export function csvOf(rows: readonly (readonly string[])[]): string {
  return `\uFEFF${rows.map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
}

/** Saves a text as a file in the reader's browser. */
export function saveText(name: string, text: string) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
