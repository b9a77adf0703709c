// Texts in the person's language. A message is ICU; a missing one is a bug that a test finds.

import { IntlMessageFormat } from "intl-messageformat";
import ar from "./messages/ar.json";
import en from "./messages/en.json";
import hi from "./messages/hi.json";
import { type Formats, type Language, formats } from "./format";

export type MessageKey = keyof typeof en;
export type Values = Record<string, string | number>;

const catalogues: Record<Language, Record<string, string>> = { en, hi, ar };

class Texts {
  language = $state<Language>("en");
  currency = $state("INR");
  exponent = $state(2);
  offsetMin = $state(0);
  readonly format: Formats = $derived(formats(this.language, this.currency, this.exponent, this.offsetMin));
  private cache = new Map<string, IntlMessageFormat>();

  /** Takes over how the shop counts money and time. */
  useShop(shop: { currency: string; exponent: number; offsetMin: number }): void {
    this.currency = shop.currency;
    this.exponent = shop.exponent;
    this.offsetMin = shop.offsetMin;
  }

  get direction(): "ltr" | "rtl" {
    return this.language === "ar" ? "rtl" : "ltr";
  }

  has(key: string): key is MessageKey {
    return key in en;
  }

  say(key: MessageKey, values?: Values): string {
    const name = `${this.language}/${key}`;
    let message = this.cache.get(name);
    if (!message) {
      const text = catalogues[this.language][key] ?? en[key];
      message = new IntlMessageFormat(text, this.language === "en" ? "en-IN" : this.language);
      this.cache.set(name, message);
    }
    return String(message.format(values));
  }
}

export const texts = new Texts();

/** The text of a key. */
export const t = (key: MessageKey, values?: Values): string => texts.say(key, values);
