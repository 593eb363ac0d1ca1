import type { LayerCode } from "./tokens";

/** The languages of the console; Chinese is the first. */
export type Language = "zh" | "en";

/** How a reader sees numbers and times: her language and the business's zone (IANA name). */
export interface Locale {
  language: Language;
  zone: string;
}

const tags: Record<Language, string> = { zh: "zh-CN", en: "en-GB" };

const numberFormats = new Map<string, Intl.NumberFormat>();

function numberFormat(language: Language, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `${language}${JSON.stringify(options)}`;
  let format = numberFormats.get(key);
  if (!format) {
    format = new Intl.NumberFormat(tags[language], options);
    numberFormats.set(key, format);
  }
  return format;
}

const dateFormats = new Map<string, Intl.DateTimeFormat>();

function dateFormat(locale: Locale, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale.language}${locale.zone}${JSON.stringify(options)}`;
  let format = dateFormats.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(tags[locale.language], { timeZone: locale.zone, ...options });
    dateFormats.set(key, format);
  }
  return format;
}

/** An integer with thousands separators: 12,408. */
export function formatCount(n: number, language: Language): string {
  return numberFormat(language, { maximumFractionDigits: 0 }).format(n);
}

/** A number for cards and axes: 12,408 up to 100,000, then 12.3万 and 1.2亿 in Chinese, 123.4K and 1.2M in English. */
export function formatShort(n: number, language: Language): string {
  const size = Math.abs(n);
  const digits = (value: number) =>
    numberFormat(language, { maximumFractionDigits: value < 100 ? 1 : 0 }).format(value);
  const sign = n < 0 ? "-" : "";
  if (size < 100_000) {
    return numberFormat(language, { maximumFractionDigits: size < 100 ? 2 : 0 }).format(n);
  }
  if (language === "zh") {
    return size >= 99_995_000 ? `${sign}${digits(size / 1e8)}亿` : `${sign}${digits(size / 1e4)}万`;
  }
  if (size >= 999_950_000) {
    return `${sign}${digits(size / 1e9)}B`;
  }
  return size >= 999_950 ? `${sign}${digits(size / 1e6)}M` : `${sign}${digits(size / 1e3)}K`;
}

/** Fen as yuan, exactly: ¥1,234.50. */
export function formatMoney(fen: number, language: Language): string {
  const text = numberFormat(language, { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(
    Math.abs(fen) / 100,
  );
  return `${fen < 0 ? "-" : ""}¥${text}`;
}

/** Fen for cards and axes: above ¥100,000 in 万 (zh), with thousands separators and no fen (en); whole yuan below from ¥1,000 or when round. */
export function formatMoneyShort(fen: number, language: Language): string {
  const yuan = Math.abs(fen) / 100;
  const sign = fen < 0 ? "-" : "";
  if (yuan >= 100_000) {
    return language === "zh" ? `${sign}¥${formatShort(yuan, "zh")}` : `${sign}¥${formatCount(yuan, "en")}`;
  }
  const digits = Number.isInteger(yuan) || yuan >= 1_000 ? 0 : 2;
  return `${sign}¥${numberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(yuan)}`;
}

/** A share between 0 and 1 as a percentage: 12.3%; digits defaults to 1; in a column every figure has all of them. */
export function formatPercent(share: number, language: Language, digits = 1, column = false): string {
  const least = column ? digits : 0;
  return numberFormat(language, {
    style: "percent",
    minimumFractionDigits: least,
    maximumFractionDigits: digits,
  }).format(share);
}

/** A change with its sign: +12, -3, 0 (percent: of shares, in percentage points when the unit says so). */
export function formatSigned(n: number, language: Language, digits = 0): string {
  return numberFormat(language, { signDisplay: "exceptZero", maximumFractionDigits: digits }).format(n);
}

/** How exactly an instant is told. */
export type WhenStyle = "date" | "minute" | "second" | "month" | "day" | "time";

const whenOptions: Record<WhenStyle, Intl.DateTimeFormatOptions> = {
  date: { year: "numeric", month: "2-digit", day: "2-digit" },
  minute: { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  second: {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  },
  month: { year: "numeric", month: "short" },
  day: { month: "short", day: "numeric" },
  time: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
};

/** An instant (RFC 3339) in the business's zone: 2025-03-01 08:05 alike in both languages, since tables are compared. */
export function formatWhen(at: string | number | Date, locale: Locale, style: WhenStyle = "minute"): string {
  const date = at instanceof Date ? at : new Date(at);
  if (Number.isNaN(date.getTime())) {
    return "—";
  }
  if (style === "month" || style === "day") {
    return dateFormat(locale, whenOptions[style]).format(date);
  }
  const part: Record<string, string> = {};
  for (const { type, value } of dateFormat({ ...locale, language: "en" }, whenOptions[style]).formatToParts(date)) {
    part[type] = value;
  }
  const day = `${part.year}-${part.month}-${part.day}`;
  switch (style) {
    case "date":
      return day;
    case "time":
      return `${part.hour}:${part.minute}`;
    case "second":
      return `${day} ${part.hour}:${part.minute}:${part.second}`;
    default:
      return `${day} ${part.hour}:${part.minute}`;
  }
}

/** How long ago (or from now) an instant is, in words of the language; now is in milliseconds. */
export function formatAgo(at: string | number | Date, language: Language, now: number): string {
  const seconds = ((at instanceof Date ? at.getTime() : new Date(at).getTime()) - now) / 1000;
  const relative = new Intl.RelativeTimeFormat(tags[language], { numeric: "auto" });
  const words = {
    format: (n: number, unit: Intl.RelativeTimeFormatUnit) =>
      relative.format(n, unit).replace(/(\d)(?=\p{Script=Han})/u, "$1 "),
  };
  const size = Math.abs(seconds);
  if (size < 45) {
    return words.format(0, "second");
  }
  if (size < 45 * 60) {
    return words.format(Math.round(seconds / 60), "minute");
  }
  if (size < 22 * 3600) {
    return words.format(Math.round(seconds / 3600), "hour");
  }
  if (size < 26 * 86400) {
    return words.format(Math.round(seconds / 86400), "day");
  }
  if (size < 320 * 86400) {
    return words.format(Math.round(seconds / (30.44 * 86400)), "month");
  }
  return words.format(Math.round(seconds / (365.25 * 86400)), "year");
}

/** A length of time in seconds, to two units: 1 小时 5 分 / 1 h 5 min. */
export function formatDuration(seconds: number, language: Language): string {
  const units: [number, string, string][] = [
    [86400, "天", "d"],
    [3600, "小时", "h"],
    [60, "分", "min"],
    [1, "秒", "s"],
  ];
  let left = Math.max(0, Math.round(seconds));
  const words: string[] = [];
  for (const [size, zh, en] of units) {
    const n = Math.floor(left / size);
    left -= n * size;
    if (n > 0 && words.length < 2) {
      words.push(`${n} ${language === "zh" ? zh : en}`);
    } else if (words.length > 0) {
      break;
    }
  }
  return words.join(" ") || (language === "zh" ? "0 秒" : "0 s");
}

/** A size in bytes: 1.2 MB. */
export function formatBytes(bytes: number, language: Language): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let at = 0;
  let n = bytes;
  while (n >= 1000 && at < units.length - 1) {
    n /= 1000;
    at += 1;
  }
  return `${numberFormat(language, { maximumFractionDigits: at === 0 ? 0 : 1 }).format(n)} ${units[at]}`;
}

/** The name of a layer in the language; the same nouns everywhere. */
export function layerName(code: LayerCode, language: Language): string {
  return layerNames[language][code];
}

const layerNames: Record<Language, Record<LayerCode, string>> = {
  zh: { vip: "VIP", potential: "潜力", new: "新客", silent: "沉默", lost: "流失" },
  en: { vip: "VIP", potential: "Potential", new: "New", silent: "Silent", lost: "Lost" },
};
