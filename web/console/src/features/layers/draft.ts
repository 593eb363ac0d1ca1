import type { Definition } from "./words";

/** The value at a path such as "layers.vip.min_orders" or "rfm.manual.frequency.0". */
export function valueAt(d: Definition, path: string): unknown {
  return path.split(".").reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], d);
}

/** The definition with another value at a path; nothing of the old one is changed. Whatever changes makes it custom. */
export function withValue(d: Definition, path: string, value: unknown): Definition {
  const put = (at: unknown, keys: string[]): unknown => {
    const [key, ...rest] = keys;
    if (key === undefined) {
      return value;
    }
    if (Array.isArray(at)) {
      return at.map((v, i) => (String(i) === key ? put(v, rest) : v));
    }
    const record = at as Record<string, unknown>;
    return { ...record, [key]: put(record[key], rest) };
  };
  return { ...(put(d, path.split(".")) as Definition), preset: "custom" };
}

/** How many values differ, the name of the preset aside. */
export function differences(a: Definition, b: Definition): number {
  const count = (x: unknown, y: unknown): number => {
    if (typeof x === "object" && x !== null && typeof y === "object" && y !== null) {
      return Object.keys(x).reduce(
        (n, key) => n + count((x as Record<string, unknown>)[key], (y as Record<string, unknown>)[key]),
        0,
      );
    }
    return x === y ? 0 : 1;
  };
  return count({ ...a, preset: "" }, { ...b, preset: "" });
}
