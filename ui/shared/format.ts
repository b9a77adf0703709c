// Figures as people read and type them. Everything is computed in Rust; here digits are only placed.

import type { Uom } from "../till/bindings";

export type Language = "en" | "hi" | "ar";

export const languages: Record<Language, string> = { en: "English", hi: "हिन्दी", ar: "العربية" };

/** The first language that a person wants and we speak; else English. `wanted` holds tags as `ar-EG`. */
export function languageOf(wanted: readonly string[]): Language {
  const spoken = wanted.map((tag) => tag.split("-")[0]).find((tag) => tag !== undefined && tag in languages);
  return (spoken as Language | undefined) ?? "en";
}

const locales: Record<Language, string> = { en: "en-IN", hi: "hi-IN-u-nu-latn", ar: "ar-u-nu-latn" };

export type Formats = {
  money(minor: number): string;
  unitPrice(micros: number): string;
  quantity(milli: number, uom?: Uom): string;
  percent(ppm: number): string;
  number(value: number): string;
  time(atMs: number): string;
  dateTime(atMs: number): string;
  day(day: string): string;
  age(atMs: number, nowMs: number): string;
};

const units: Record<Uom, string | null> = { each: null, kg: "kilogram", litre: "liter", metre: "meter", gallon: "gallon" };

/** Times are those of the shop, `offsetMin` minutes from UTC, whatever the machine is set to. */
export function formats(language: Language, currency: string, exponent: number, offsetMin: number): Formats {
  const local = (atMs: number) => atMs + offsetMin * 60_000;
  const locale = locales[language];
  const money = new Intl.NumberFormat(locale, { style: "currency", currency, minimumFractionDigits: exponent, maximumFractionDigits: exponent });
  const price = new Intl.NumberFormat(locale, { style: "currency", currency, minimumFractionDigits: exponent, maximumFractionDigits: 6 });
  const quantity = new Intl.NumberFormat(locale, { maximumFractionDigits: 3 });
  const measured = (unit: string) => new Intl.NumberFormat(locale, { maximumFractionDigits: 3, style: "unit", unit, unitDisplay: "short" });
  const quantities = Object.fromEntries(Object.entries(units).map(([uom, unit]) => [uom, unit === null ? quantity : measured(unit)])) as Record<Uom, Intl.NumberFormat>;
  const percent = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 4 });
  const time = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", timeZone: "UTC" });
  const dateTime = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });
  const day = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone: "UTC" });
  const ago = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  return {
    money: (minor) => money.format(minor / 10 ** exponent),
    unitPrice: (micros) => price.format(micros / 1e6),
    quantity: (milli, uom = "each") => quantities[uom].format(milli / 1000),
    percent: (ppm) => percent.format(ppm / 1e6),
    number: (value) => quantity.format(value),
    time: (atMs) => time.format(local(atMs)),
    dateTime: (atMs) => dateTime.format(local(atMs)),
    day: (text) => day.format(Date.parse(`${text}T00:00:00Z`)),
    age: (atMs, nowMs) => {
      const minutes = Math.round((atMs - nowMs) / 60_000);
      if (minutes > -60) return ago.format(minutes, "minute");
      if (minutes > -48 * 60) return ago.format(Math.round(minutes / 60), "hour");
      return ago.format(Math.round(minutes / 1440), "day");
    },
  };
}

/** Digits of any script as 0–9, and the decimal signs that people type as a point. */
function plain(text: string): string {
  return text
    .trim()
    .replace(/[\u0966-\u096f]/g, (digit) => String(digit.charCodeAt(0) - 0x0966))
    .replace(/[\u0660-\u0669]/g, (digit) => String(digit.charCodeAt(0) - 0x0660))
    .replace(/[\u066b,]/g, ".");
}

/** A decimal as an integer of its last digit; null where it is none. "12.5" with 2 digits is 1250. */
export function parseDecimal(text: string, digits: number): number | null {
  const match = /^(-?)(\d{1,12})(?:\.(\d*))?$/.exec(plain(text));
  if (!match) return null;
  const part = match[3] ?? "";
  if (part.length > digits) return null;
  return Number(`${match[1]}${match[2]}${part.padEnd(digits, "0")}`);
}

export const parseQuantity = (text: string): number | null => parseDecimal(text, 3);

/** An integer of the last digit as a text that can be edited. */
export function editable(value: number, digits: number): string {
  const sign = value < 0 ? "-" : "";
  const all = String(Math.abs(value)).padStart(digits + 1, "0");
  const part = all.slice(all.length - digits).replace(/0+$/, "");
  return sign + all.slice(0, all.length - digits) + (digits > 0 && part ? `.${part}` : "");
}

/** The number of a gift card or store credit as people read it: in groups of four. */
export const grouped = (number: string): string => number.match(/.{1,4}/g)?.join(" ") ?? number;
