/** A province, city or district: its code has two, four or six digits, the first of which are its parent's. */
export interface Division {
  code: string;
  name: string;
  children: Division[];
}

/** The provinces from their lines, "33浙江省", each with its cities, and these with their districts. */
export function divisionsOf(text: string): Division[] {
  const provinces: Division[] = [];
  for (const line of text.split("\n")) {
    const digits = /^\d+/.exec(line)?.[0] ?? "";
    const one = { code: digits, name: line.slice(digits.length), children: [] };
    const province = provinces.at(-1);
    if (digits.length === 2) {
      provinces.push(one);
    } else if (digits.length === 4) {
      province?.children.push(one);
    } else {
      province?.children.at(-1)?.children.push(one);
    }
  }
  return provinces;
}

let kept: Promise<Division[]> | undefined;

/** The administrative divisions of China; fetched when they are first asked for. */
export function divisions(): Promise<Division[]> {
  kept ??= import("./divisions-data").then(
    (m) => divisionsOf(m.default),
    (error) => {
      kept = undefined; // it is fetched again when it is asked for again
      throw error;
    },
  );
  return kept;
}

/** The divisions from a province down to a code, as far as they are known. */
export function wayTo(all: readonly Division[], code: string): Division[] {
  const one = all.find((d) => code.startsWith(d.code));
  return one ? [one, ...wayTo(one.children, code)] : [];
}

/** A way in words, each name once: a city with the name of its province says nothing new, nor does one that only gathers districts. */
export function wayText(way: readonly Division[]): string {
  return [...new Set(way.map((d) => d.name))].filter((name) => name !== "县" && name !== "省直辖县").join(" ");
}
