/** What the browser keeps under a name; "" where it keeps nothing, or refuses to (private windows of some browsers). */
export function kept(name: string): string {
  try {
    return localStorage.getItem(name) ?? "";
  } catch {
    return "";
  }
}

/** Lets the browser keep a text; "" forgets it. */
export function keep(name: string, text: string) {
  try {
    if (text) {
      localStorage.setItem(name, text);
    } else {
      localStorage.removeItem(name);
    }
  } catch {
    // a browser that keeps nothing still shows the store
  }
}

/** A name nobody can guess: 32 characters of the URL alphabet. It works without https too, unlike crypto.randomUUID. */
export function secret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_");
}
