// A till for tests: what the window asks of Rust is answered here, and remembered.

import { type Mock, vi } from "vitest";
import type { Basket, Item, Line, Payment, Preferences, PrinterSetup, Session, Shop, Sold, commands } from "../bindings";

type Commands = typeof commands;
export type Fake = { [Name in keyof Commands]: Mock<Commands[Name]> };

export const shop: Shop = {
  business: "Nandi", location: "mg-road", locationName: "MG Road", tillCode: "T1", currency: "INR", exponent: 2, offsetMin: 330, jurisdiction: "IN",
  taxInclusive: true, version: "0.1.0", training: false, upi: true, denominations: [{ faceMinor: 50_000, note: true }], taxClasses: [], states: [],
};
export const asha = { staff: "asha", name: "Asha", role: "cashier" as const };
export const session: Session = { person: asha, locked: false, shift: { day: "2026-11-26", openedAtMs: 1 }, parked: 0, basketLines: 0, done: null, clockInDoubt: false };
export const preferences: Preferences = {
  language: "en", theme: "light", sounds: false, lockAfterMinutes: 0, touchKeys: false,
  // Keys of a scan come one by one from a test, however busy the machine is; shared/scan.test.ts tests the gaps.
  scanner: { prefix: "", suffix: "Enter", maxGapMs: 60_000, minLength: 4 }, keymap: {},
};
export const item = (no: number): Item => ({
  sku: `SKU-${no}`, product: `P-${no}`, name: `Product ${no}`, options: null, category: "Tea", uom: "each", soldByWeight: false,
  unitPriceMicros: 60_000_000, mrpMinor: null, policy: "ring_fenced", availableMilli: 5000, variants: 1, favourite: false,
});
export const line = (no: number): Line => ({
  no, sku: `SKU-${no}`, name: `Product ${no}`, options: null, quantityMilli: 1000, uom: "each", soldByWeight: false, unitPriceMicros: 60_000_000,
  wasMicros: null, mrpMinor: null, grossMinor: 6000, discountMinor: 0, billDiscountMinor: 0, discount: null, discountReason: null, totalMinor: 6000,
  taxRatePpm: 50_000, openItem: false, priceGiven: false, giftCard: null, stock: { kind: "enough" },
});
export const basket = (...lines: Line[]): Basket => ({
  id: "b", lines, returns: [], exchangeOf: null, totals: { grossMinor: 6000 * lines.length, discountMinor: 0, taxMinor: 0, totalMinor: 6000 * lines.length },
  pieces: lines.length, billDiscount: null, billDiscountReason: null, customer: null, buyer: null, note: null, giftMessage: null, paying: false,
  lastLine: lines.at(-1)?.no ?? null,
});
export const payment: Payment = {
  totalMinor: 6000, tendered: [], leftMinor: 6000, cashLeftMinor: 6000, quickMinor: [6000, 10_000, 50_000], upi: null, asking: null,
  offered: ["cash", "card", "upi", "coupon", "gift_card", "store_credit"],
};
export const printer: PrinterSetup = {
  connection: { kind: "network", host: "192.168.1.50", port: 9100 }, paper: "mm80", drawer: "none", everySale: true, cutter: true, codes: true,
  western: false, answers: true, invoiceQueue: null,
};
export const sold: Sold = {
  id: "s", number: "T1/26-27/00001", kind: "tax_invoice", issuedAtMs: 1, totalMinor: 6000, payableMinor: 6000, roundingMinor: 0,
  tenders: [{ type: "cash", amountMinor: 6000, givenMinor: 10_000, changeMinor: 4000, reference: null }], changeMinor: 4000, backMinor: 0, beyond: [],
  diskLow: false, again: false, paper: "none",
};

const usual: Partial<{ [Name in keyof Commands]: () => unknown }> = {
  start: () => ({ kind: "ready" }), shop: () => shop, people: () => [asha], session: () => session, preferences: () => preferences,
  syncState: () => ({ code: "sync.online", online: true, unsent: 0, oldestUnsentAtMs: null, lastExchangeAtMs: 1 }), ledgerCheck: () => ({ kind: "never" }),
  printQueue: () => ({ jobs: [], trouble: null }), printer: () => ({ connection: { kind: "none" } }), systemPrinters: () => [], basket: () => basket(),
  categories: () => [{ name: "Tea", products: 100_000 }], favourites: () => [], search: () => [], lookUp: () => ({ kind: "unknown", code: "" }),
  products: () => ({ items: [], total: 0 }), unsent: () => 0, lastSale: () => null, leaveSale: () => null,
};

/** Every command; one that a test does not answer fails as a refusal would. */
export const fake = new Proxy({} as Fake, {
  get(all, name: string) {
    const known = all[name as keyof Fake];
    if (known) return known;
    const answer = usual[name as keyof Commands];
    const made = vi.fn(async () => {
      if (answer) return answer();
      throw { code: "test.unanswered", message: `${name} is not answered in this test`, field: null, values: {} };
    });
    (all as Record<string, unknown>)[name] = made;
    return made;
  },
});

export function forget(): void {
  for (const name of Object.keys(fake)) Reflect.deleteProperty(fake, name);
}
