import { describe, expect, it } from "vitest";
import {
  formatAgo,
  formatBytes,
  formatCount,
  formatDuration,
  formatMoney,
  formatMoneyShort,
  formatPercent,
  formatShort,
  formatSigned,
  formatWhen,
} from "./format";

describe("numbers", () => {
  it("keeps separators and shortens above a hundred thousand", () => {
    expect(formatCount(12408, "zh")).toBe("12,408");
    expect(formatShort(99_999, "zh")).toBe("99,999");
    expect(formatShort(123_456, "zh")).toBe("12.3万");
    expect(formatShort(-1_234_567, "zh")).toBe("-123万");
    expect(formatShort(123_456_789, "zh")).toBe("1.2亿");
    expect(formatShort(99_996_000, "zh")).toBe("1亿");
    expect(formatShort(123_456, "en")).toBe("123K");
    expect(formatShort(999_960, "en")).toBe("1M");
    expect(formatShort(0.25, "en")).toBe("0.25");
  });
  it("writes money exactly, and short in 万 or with separators", () => {
    expect(formatMoney(123450, "zh")).toBe("¥1,234.50");
    expect(formatMoney(-5, "en")).toBe("-¥0.05");
    expect(formatMoneyShort(12_345_678_00, "zh")).toBe("¥1,235万");
    expect(formatMoneyShort(123_456_78, "zh")).toBe("¥12.3万");
    expect(formatMoneyShort(123_456_78, "en")).toBe("¥123,457");
    expect(formatMoneyShort(199_00, "zh")).toBe("¥199");
    expect(formatMoneyShort(199_50, "zh")).toBe("¥199.50");
  });
  it("writes shares and changes", () => {
    expect(formatPercent(0.1234, "zh")).toBe("12.3%");
    expect(formatSigned(12, "zh")).toBe("+12");
    expect(formatSigned(0, "zh")).toBe("0");
    expect(formatBytes(1_234_567, "en")).toBe("1.2 MB");
  });
});

describe("times", () => {
  const shanghai = { language: "zh", zone: "Asia/Shanghai" } as const;
  it("are told in the business zone, alike in both languages", () => {
    expect(formatWhen("2025-02-28T16:05:09Z", shanghai)).toBe("2025-03-01 00:05");
    expect(formatWhen("2025-02-28T16:05:09Z", { ...shanghai, language: "en" }, "second")).toBe("2025-03-01 00:05:09");
    expect(formatWhen("2025-02-28T16:05:09Z", { ...shanghai, zone: "Asia/Kolkata" }, "time")).toBe("21:35");
    expect(formatWhen("2025-02-28T16:05:09Z", shanghai, "day")).toBe("3月1日");
    expect(formatWhen("not a time", shanghai)).toBe("—");
  });
  it("are told in words when near", () => {
    const now = Date.UTC(2025, 2, 1);
    expect(formatAgo(now - 3 * 60_000, "zh", now)).toBe("3 分钟前");
    expect(formatAgo(now - 86_400_000, "en", now)).toBe("yesterday");
  });
  it("have two units at most", () => {
    expect(formatDuration(3900, "zh")).toBe("1 小时 5 分");
    expect(formatDuration(3605, "en")).toBe("1 h");
    expect(formatDuration(0.2, "zh")).toBe("0 秒");
  });
});
