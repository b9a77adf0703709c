// What the keys on the screen type, row by row.

import type { Language } from "./format";

export type Level = "plain" | "shifted";

/** Letters of a language; a key is one character, also where it joins the one before. */
const letters: Record<Language, Record<Level, string[]>> = {
  en: { plain: ["qwertyuiop", "asdfghjkl'", "zxcvbnm&"], shifted: ["QWERTYUIOP", "ASDFGHJKL\"", "ZXCVBNM+"] },
  hi: { plain: ["ौैाीूबहगदजडृ", "ोे्िुपरकतचट़", "ंमनवलसयशषळ"], shifted: ["औऐआईऊभङघधझढऋ", "ओएअइउफणखथछठञ", "ँः।₹"] },
  ar: { plain: ["ضصثقفغعهخحجد", "شسيبلاتنمكطذ", "ئءؤرىةوزظأ"], shifted: ["ًٌٍَُِّْ", "آإأٱـ", "؟،؛"] },
};

/** How a person names the letters of a language. */
export const lettersOf: Record<Language, string> = { en: "ABC", hi: "अआइ", ar: "ابت" };

export const numberKeys = ["7", "8", "9", "-", "⌫", "4", "5", "6", "00", ".", "1", "2", "3", "0"] as const;

export const digits = [..."1234567890"];

export const signs = [..."-./:@"];

/** The three rows of letters. */
export const rowsOf = (language: Language, level: Level): string[][] => letters[language][level].map((row) => [...row]);
