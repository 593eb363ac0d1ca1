import type { Schema } from "./api";

/** Whether some SKU that can be had has a value of the spec at a place, beside what is chosen of the other specs. */
export function canBe(
  skus: readonly Pick<Schema<"ShopSKU">, "choice" | "free">[],
  choice: readonly (string | undefined)[],
  at: number,
  value: string,
): boolean {
  return skus.some(
    (s) => s.free > 0 && s.choice[at] === value && s.choice.every((v, i) => i === at || !choice[i] || choice[i] === v),
  );
}
