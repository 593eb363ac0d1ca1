// QR codes after ISO/IEC 18004: byte mode, error correction M, versions 1 to 10.

// By version: codewords of error correction in a block, and how many blocks there are.
const correction = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26];
const blocks = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5];
// By version: where the centres of the alignment patterns are.
const centres = [[], [6, 18], [6, 22], [6, 26], [6, 30], [6, 34], [6, 22, 38], [6, 24, 42], [6, 26, 46], [6, 28, 50]];

/** How many codewords a version holds, data and error correction together. */
function capacity(version: number): number {
  const align = (centres[version - 1] ?? []).length;
  let bits = (16 * version + 128) * version + 64;
  if (align > 0) {
    bits -= (25 * align - 10) * align - 55;
  }
  return Math.floor((bits - (version >= 7 ? 36 : 0)) / 8);
}

/** Multiplies in GF(2^8) modulo x^8 + x^4 + x^3 + x^2 + 1. */
function times(a: number, b: number): number {
  let z = 0;
  for (let i = 7; i >= 0; i--) {
    z = (z << 1) ^ ((z >>> 7) * 0x11d);
    z ^= ((b >>> i) & 1) * a;
  }
  return z;
}

/** The Reed-Solomon remainder of data, so many codewords long. */
function remainder(data: readonly number[], degree: number): number[] {
  const divisor = new Array<number>(degree).fill(0);
  divisor[degree - 1] = 1;
  let root = 1;
  for (let i = 0; i < degree; i++) {
    for (let j = 0; j < degree; j++) {
      divisor[j] = times(divisor[j] ?? 0, root) ^ (divisor[j + 1] ?? 0);
    }
    root = times(root, 2);
  }
  const rest = new Array<number>(degree).fill(0);
  for (const byte of data) {
    const factor = byte ^ (rest.shift() ?? 0);
    rest.push(0);
    divisor.forEach((d, i) => {
      rest[i] = (rest[i] ?? 0) ^ times(d, factor);
    });
  }
  return rest;
}

/** The codewords of bytes in a version: data with its padding, and error correction, block by block interleaved. */
function codewords(bytes: Uint8Array, version: number): number[] {
  const count = blocks[version - 1] ?? 1;
  const ecc = correction[version - 1] ?? 10;
  const total = capacity(version);
  const bits: number[] = [];
  const put = (value: number, length: number) => {
    for (let i = length - 1; i >= 0; i--) {
      bits.push((value >>> i) & 1);
    }
  };
  put(4, 4);
  put(bytes.length, version < 10 ? 8 : 16);
  for (const b of bytes) {
    put(b, 8);
  }
  const room = (total - ecc * count) * 8;
  put(0, Math.min(4, room - bits.length));
  put(0, (8 - (bits.length % 8)) % 8);
  for (let pad = 0xec; bits.length < room; pad ^= 0xec ^ 0x11) {
    put(pad, 8);
  }
  const data: number[] = [];
  for (let i = 0; i < bits.length; i += 8) {
    data.push(bits.slice(i, i + 8).reduce((n, bit) => n * 2 + bit, 0));
  }
  const short = count - (total % count);
  const length = Math.floor(total / count) - ecc;
  const parts: { data: number[]; ecc: number[] }[] = [];
  for (let i = 0, at = 0; i < count; i++) {
    const part = data.slice(at, at + length + (i < short ? 0 : 1));
    at += part.length;
    parts.push({ data: part, ecc: remainder(part, ecc) });
  }
  const out: number[] = [];
  for (let i = 0; i <= length; i++) {
    for (const p of parts) {
      const word = p.data[i];
      if (word !== undefined) {
        out.push(word);
      }
    }
  }
  for (let i = 0; i < ecc; i++) {
    for (const p of parts) {
      out.push(p.ecc[i] ?? 0);
    }
  }
  return out;
}

const masks: ((x: number, y: number) => boolean)[] = [
  (x, y) => (x + y) % 2 === 0,
  (_, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

class Grid {
  readonly size: number;
  readonly dark: boolean[][];
  private readonly fixed: boolean[][];

  constructor(readonly version: number) {
    this.size = version * 4 + 17;
    const rows = () => Array.from({ length: this.size }, () => new Array<boolean>(this.size).fill(false));
    this.dark = rows();
    this.fixed = rows();
    this.patterns();
  }

  private set(x: number, y: number, dark: boolean) {
    const row = this.dark[y];
    const fixed = this.fixed[y];
    if (row && fixed && x >= 0 && x < this.size) {
      row[x] = dark;
      fixed[x] = true;
    }
  }

  private patterns() {
    for (let i = 0; i < this.size; i++) {
      this.set(6, i, i % 2 === 0);
      this.set(i, 6, i % 2 === 0);
    }
    for (const [cx, cy] of [
      [3, 3],
      [this.size - 4, 3],
      [3, this.size - 4],
    ] as const) {
      for (let dy = -4; dy <= 4; dy++) {
        for (let dx = -4; dx <= 4; dx++) {
          const ring = Math.max(Math.abs(dx), Math.abs(dy));
          this.set(cx + dx, cy + dy, ring !== 2 && ring !== 4);
        }
      }
    }
    const all = centres[this.version - 1] ?? [];
    const last = all.length - 1;
    all.forEach((cx, i) => {
      all.forEach((cy, j) => {
        if (!((i === 0 && j === 0) || (i === 0 && j === last) || (i === last && j === 0))) {
          for (let dy = -2; dy <= 2; dy++) {
            for (let dx = -2; dx <= 2; dx++) {
              this.set(cx + dx, cy + dy, Math.max(Math.abs(dx), Math.abs(dy)) !== 1);
            }
          }
        }
      });
    });
    this.format(0);
    if (this.version >= 7) {
      let rest = this.version;
      for (let i = 0; i < 12; i++) {
        rest = (rest << 1) ^ ((rest >>> 11) * 0x1f25);
      }
      const bits = (this.version << 12) | rest;
      for (let i = 0; i < 18; i++) {
        const a = this.size - 11 + (i % 3);
        const b = Math.floor(i / 3);
        this.set(a, b, ((bits >>> i) & 1) === 1);
        this.set(b, a, ((bits >>> i) & 1) === 1);
      }
    }
  }

  /** Writes which mask is on, twice; level M is 0. */
  format(mask: number) {
    let rest = mask;
    for (let i = 0; i < 10; i++) {
      rest = (rest << 1) ^ ((rest >>> 9) * 0x537);
    }
    const bits = ((mask << 10) | rest) ^ 0x5412;
    const bit = (i: number) => ((bits >>> i) & 1) === 1;
    for (let i = 0; i <= 5; i++) {
      this.set(8, i, bit(i));
    }
    this.set(8, 7, bit(6));
    this.set(8, 8, bit(7));
    this.set(7, 8, bit(8));
    for (let i = 9; i < 15; i++) {
      this.set(14 - i, 8, bit(i));
    }
    for (let i = 0; i < 8; i++) {
      this.set(this.size - 1 - i, 8, bit(i));
    }
    for (let i = 8; i < 15; i++) {
      this.set(8, this.size - 15 + i, bit(i));
    }
    this.set(8, this.size - 8, true);
  }

  /** Lays codewords in zigzag from the right, two columns at a time. */
  lay(words: readonly number[]) {
    let at = 0;
    for (let right = this.size - 1; right >= 1; right -= 2) {
      if (right === 6) {
        right = 5;
      }
      for (let v = 0; v < this.size; v++) {
        for (let j = 0; j < 2; j++) {
          const x = right - j;
          const y = ((right + 1) & 2) === 0 ? this.size - 1 - v : v;
          const row = this.dark[y];
          if (row && !this.fixed[y]?.[x] && at < words.length * 8) {
            row[x] = (((words[at >>> 3] ?? 0) >>> (7 - (at & 7))) & 1) === 1;
            at++;
          }
        }
      }
    }
  }

  /** Turns over what a mask covers; twice is as before. */
  mask(which: number) {
    const covers = masks[which];
    this.dark.forEach((row, y) => {
      row.forEach((dark, x) => {
        if (!this.fixed[y]?.[x] && covers?.(x, y)) {
          row[x] = !dark;
        }
      });
    });
  }

  /** How hard it is to read: runs, squares, what looks like a corner, and too much of one colour. */
  penalty(): number {
    let sum = 0;
    const n = this.size;
    const at = (x: number, y: number) => (this.dark[y]?.[x] ? "1" : "0");
    let dark = 0;
    for (let i = 0; i < n; i++) {
      let row = "";
      let column = "";
      for (let j = 0; j < n; j++) {
        row += at(j, i);
        column += at(i, j);
        dark += this.dark[i]?.[j] ? 1 : 0;
        if (i > 0 && j > 0 && at(j, i) === at(j - 1, i) && at(j, i) === at(j, i - 1) && at(j, i) === at(j - 1, i - 1)) {
          sum += 3;
        }
      }
      for (const line of [row, column]) {
        for (const run of line.match(/0{5,}|1{5,}/g) ?? []) {
          sum += run.length - 2;
        }
        sum += 40 * (line.match(/(?=00001011101|10111010000)/g) ?? []).length;
      }
    }
    return sum + 10 * Math.floor(Math.abs((dark * 20) / (n * n) - 10));
  }
}

/** The dark modules of the code of a text of up to 213 bytes, row by row, without the quiet zone around it. */
export function modules(text: string): boolean[][] {
  const bytes = new TextEncoder().encode(text);
  for (let version = 1; version <= 10; version++) {
    const room = capacity(version) - (correction[version - 1] ?? 0) * (blocks[version - 1] ?? 0);
    if (bytes.length + (version < 10 ? 2 : 3) <= room) {
      const grid = new Grid(version);
      grid.lay(codewords(bytes, version));
      let best = 0;
      let least = Number.POSITIVE_INFINITY;
      for (let mask = 0; mask < masks.length; mask++) {
        grid.format(mask);
        grid.mask(mask);
        const penalty = grid.penalty();
        grid.mask(mask);
        if (penalty < least) {
          [best, least] = [mask, penalty];
        }
      }
      grid.format(best);
      grid.mask(best);
      return grid.dark;
    }
  }
  throw new Error("the text is too long for a code");
}
