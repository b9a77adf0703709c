import { fireEvent, render, screen, waitFor, within } from "@testing-library/svelte";
import { beforeEach, expect, it, vi } from "vitest";
import App from "../App.svelte";
import Quit from "../dialogs/Quit.svelte";
import Wipe from "../dialogs/Wipe.svelte";
import type { Found, Returnable, StockView } from "../bindings";
import { withKey } from "../keymap";
import Health from "../screens/Health.svelte";
import Papers from "../screens/health/Papers.svelte";
import Stock from "../screens/Stock.svelte";
import Browse from "../screens/sell/Browse.svelte";
import Printer from "../screens/settings/Printer.svelte";
import Shift from "../screens/Shift.svelte";
import { sentence, till, why } from "../till.svelte";
import { basket, fake, item, line, payment, preferences, printer, session, shop, sold } from "./fake";

beforeEach(() => {
  Object.assign(till, { screen: "sell", dialog: null, sold: null, payment: null, basket: null, missed: [], selected: null, asking: null, toasts: [], moving: { act: null, rows: [] }, nowMs: Date.now() });
});

/** Keys as a scanner sends them: one right after the other, then Enter. Answers whether Enter was left to the page. */
async function scan(target: Element, code: string): Promise<boolean> {
  for (const key of code) {
    await fireEvent.keyDown(target, { key });
    if (target instanceof HTMLInputElement) await fireEvent.input(target, { target: { value: target.value + key } });
  }
  return fireEvent.keyDown(target, { key: "Enter" });
}

async function selling(): Promise<HTMLInputElement> {
  render(App);
  return waitFor(() => screen.getByRole<HTMLInputElement>("textbox", { name: /search|scan/i }));
}

it("signs in by keys, and a wrong PIN says so and is forgotten", async () => {
  fake.session.mockResolvedValue({ ...session, person: null });
  fake.signIn.mockRejectedValueOnce({ code: "staff.wrong_pin", message: "wrong", field: null, values: {} }).mockResolvedValueOnce(session);
  render(App);
  await fireEvent.click(await screen.findByRole("radio", { name: /Asha/ }));
  for (const key of ["9", "9", "9", "9", "Enter"]) await fireEvent.keyDown(window, { key });
  await waitFor(() => expect(screen.getByRole("alert").textContent?.trim()).not.toBe(""));
  for (const key of ["2", "5", "8", "0", "Enter"]) await fireEvent.keyDown(window, { key });
  await waitFor(() => expect(fake.signIn).toHaveBeenLastCalledWith("asha", "2580"));
});

it("takes a scan while the search field has the focus, and its Enter presses nothing", async () => {
  fake.scan.mockResolvedValue({ kind: "added", basket: basket(line(1)), line: 1 });
  const field = await selling();
  field.focus();
  expect(await scan(field, "8904000210037")).toBe(false);
  await waitFor(() => expect(fake.scan).toHaveBeenCalledExactlyOnceWith("8904000210037", null));
  expect(fake.beginPayment).not.toHaveBeenCalled();
  expect(field.value).toBe("");
});

it("sells three of what is scanned after 3 *", async () => {
  fake.scan.mockResolvedValue({ kind: "added", basket: basket(line(1)), line: 1 });
  const field = await selling();
  await fireEvent.input(field, { target: { value: "3 * " } });
  await scan(field, "8904000210037");
  await waitFor(() => expect(fake.scan).toHaveBeenCalledExactlyOnceWith("8904000210037", 3000));
  await scan(field, "8904000210038");
  await waitFor(() => expect(fake.scan).toHaveBeenLastCalledWith("8904000210038", null));
});

it("keeps every code that came to nothing in sight on every screen, until it is put away or becomes an open item", async () => {
  const misread = { code: "barcode.check_digit", message: "misread", field: null, values: {} };
  fake.scan.mockResolvedValueOnce({ kind: "unknown", code: "4006381333931" }).mockRejectedValueOnce(misread)
    .mockResolvedValueOnce({ kind: "added", basket: basket(line(1)), line: 1 });
  fake.addOpenItem.mockResolvedValue({ kind: "added", basket: basket(line(1), line(2)), line: 2 });
  const field = await selling();
  for (const code of ["4006381333931", "4006381333932", "8904000210037"]) await scan(field, code);
  await waitFor(() => expect(fake.scan).toHaveBeenCalledTimes(3));
  till.go("settings");
  const alert = await screen.findByRole("alert");
  for (const code of ["4006381333931", "4006381333932"]) expect(alert.textContent).toContain(code);
  await fireEvent.click(screen.getByRole("button", { name: "Put 4006381333932 away" }));
  expect(alert.textContent).not.toContain("4006381333932");
  till.shop = { ...shop, taxClasses: [{ class: "gst-5", ratePpm: 50_000 }] };
  await fireEvent.click(screen.getByRole("button", { name: "Open item" }));
  await fireEvent.input(screen.getByLabelText("Price of one"), { target: { value: "10" } });
  await fireEvent.submit(screen.getByLabelText("Price of one").closest("form")!);
  await waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
  expect(fake.addOpenItem).toHaveBeenCalledExactlyOnceWith("4006381333931", 1000, "gst-5", 1000);
  expect(till.dialog).toBeNull();
});

it("counts how many of a code came to nothing, and scans them all again", async () => {
  const short = { code: "stock.not_available", message: "short", field: null, values: {} };
  const added = { kind: "added" as const, basket: basket(line(1)), line: 1 };
  fake.scan.mockRejectedValueOnce(short).mockRejectedValueOnce(short).mockRejectedValueOnce(short).mockResolvedValueOnce(added);
  const field = await selling();
  for (let no = 0; no < 3; no += 1) await scan(field, "1111111");
  await waitFor(() => expect(screen.getByRole("alert").textContent).toContain("1111111 × 3"));
  await scan(field, "1111111");
  await waitFor(() => expect(screen.getByRole("alert").textContent).toContain("1111111 × 2"));
  fake.scan.mockRejectedValueOnce(short).mockResolvedValue(added);
  await fireEvent.click(screen.getByRole("button", { name: "Try again" }));
  await waitFor(() => expect(fake.scan).toHaveBeenCalledTimes(6));
  await waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
});

it("sells as many under a name as were typed before a code that nothing has", async () => {
  fake.scan.mockImplementation(async (code) => ({ kind: "unknown", code }));
  const field = await selling();
  for (let no = 0; no < 2; no += 1) {
    await fireEvent.input(field, { target: { value: "3 * " } });
    await scan(field, "4006381333931");
  }
  await waitFor(() => expect(fake.scan).toHaveBeenCalledTimes(2));
  const alert = await screen.findByRole("alert");
  expect(alert.textContent).toContain("3 * 4006381333931 ·");
  await fireEvent.click(within(alert).getByRole("button", { name: "Open item" }));
  expect((await screen.findByLabelText<HTMLInputElement>("Quantity")).value).toBe("3");
});

it("asks about one scan after the other, and the next ones wait in sight", async () => {
  const sizes = [{ ...item(1), options: "M" }, { ...item(2), options: "L" }];
  fake.scan.mockResolvedValueOnce({ kind: "choose", items: sizes, quantityMilli: null })
    .mockResolvedValueOnce({ kind: "needs_price", item: item(3), quantityMilli: 2000 })
    .mockResolvedValueOnce({ kind: "added", basket: basket(line(1), line(3), line(4)), line: 4 });
  fake.add.mockResolvedValueOnce({ kind: "added", basket: basket(line(1)), line: 1 }).mockResolvedValue({ kind: "added", basket: basket(line(1), line(3)), line: 3 });
  const field = await selling();
  await scan(field, "1111111");
  await screen.findByRole("dialog");
  for (const code of ["3333333", "4444444"]) await scan(field, code);
  await waitFor(() => expect(screen.getByTestId("waits").textContent).toContain("3333333, 4444444"));
  expect(fake.scan).toHaveBeenCalledTimes(1);
  await fireEvent.click(screen.getByText("L").closest("button")!);
  const price = await screen.findByTestId("amount");
  expect(fake.add).toHaveBeenLastCalledWith("SKU-2", null, null);
  expect((await screen.findByTestId("waits")).textContent).toContain("4444444");
  await fireEvent.input(price, { target: { value: "10" } });
  await fireEvent.submit(price.closest("form")!);
  await waitFor(() => expect(fake.scan).toHaveBeenCalledTimes(3));
  expect(fake.add).toHaveBeenLastCalledWith("SKU-3", 2000, 10_000_000);
  await waitFor(() => expect(screen.queryByTestId("waits")).toBeNull());
  expect(till.basket?.lines.length).toBe(3);
  expect(till.dialog).toBeNull();
});

it("lets a command wait like goods while goods are asked about, and only the code for back end the question", async () => {
  fake.scan.mockResolvedValueOnce({ kind: "needs_quantity", item: item(1), unitPriceMicros: null }).mockResolvedValue({ kind: "command", command: "cash" });
  fake.basket.mockResolvedValue(basket(line(1)));
  fake.beginPayment.mockResolvedValue(payment);
  fake.pay.mockResolvedValue({ kind: "sold", sold });
  const field = await selling();
  await scan(field, "1111111");
  await screen.findByRole("dialog");
  await scan(field, "DAYBOOK-CASH");
  expect((await screen.findByTestId("waits")).textContent).toContain("DAYBOOK-CASH");
  expect(fake.scan).toHaveBeenCalledTimes(1);
  await scan(field, "DAYBOOK-BACK");
  await waitFor(() => expect(fake.pay).toHaveBeenCalledTimes(1));
  expect(fake.scan.mock.calls.map(([code]) => code)).toEqual(["1111111", "DAYBOOK-CASH"]);
});

it("goes on with the next scan when one cannot even be told of", async () => {
  vi.stubGlobal("AudioContext", class { constructor() { throw new Error("no sound device"); } });
  const lost = { code: "stock.beyond_rights", message: "not enough of it", field: null, values: {} };
  fake.preferences.mockResolvedValue({ ...preferences, sounds: true });
  fake.scan.mockRejectedValueOnce(lost).mockResolvedValue({ kind: "added", basket: basket(line(1)), line: 1 });
  const field = await selling();
  for (const code of ["1111111", "2222222"]) await scan(field, code);
  await waitFor(() => expect(till.basket?.lines.length).toBe(1));
  await waitFor(() => expect(till.waiting).toEqual([]));
  expect(screen.getByRole("alert").textContent).toContain("not enough of it");
  vi.unstubAllGlobals();
});

it("gives a gift card no number of goods", async () => {
  fake.lookUp.mockImplementation(async (code) => (code === "1111111" ? { kind: "items", items: [item(1)], quantityMilli: null } : { kind: "unknown", code }));
  fake.scan.mockResolvedValue({ kind: "added", basket: basket(line(1)), line: 1 });
  await selling();
  till.dialog = { kind: "gift-card" };
  const number = await screen.findByLabelText<HTMLInputElement>("Number on the card, if it has one");
  for (const code of ["GIFT0001", "1111111"]) await scan(document.body, code);
  await waitFor(() => expect(fake.scan).toHaveBeenCalledExactlyOnceWith("1111111", null));
  expect(number.value).toBe("GIFT0001");
});

it("leaves a form as it is when something is scanned over it, and asks about that afterwards", async () => {
  fake.scan.mockResolvedValueOnce({ kind: "added", basket: basket(line(1)), line: 1 })
    .mockResolvedValueOnce({ kind: "needs_quantity", item: item(2), unitPriceMicros: null });
  await selling();
  till.dialog = { kind: "customer" };
  const name = await screen.findByTestId<HTMLInputElement>("customer");
  await fireEvent.input(name, { target: { value: "98450" } });
  await scan(name, "1111111");
  await scan(name, "2222222");
  await screen.findByTestId("waits");
  expect(till.basket?.lines.length).toBe(1);
  expect(name.value).toBe("98450");
  expect(till.dialog).toEqual({ kind: "customer" });
  await fireEvent.keyDown(window, { key: "Escape" });
  await waitFor(() => expect(till.dialog?.kind).toBe("weight"));
});

it("goes back from a payment that was not begun for goods, and keeps them in sight once it was", async () => {
  const open = { code: "payment.open", message: "open", field: null, values: {} };
  fake.basket.mockResolvedValue({ ...basket(line(1)), paying: true });
  fake.payment.mockResolvedValue(payment);
  fake.lookUp.mockResolvedValue({ kind: "items", items: [item(2)], quantityMilli: null });
  fake.scan.mockRejectedValueOnce(open).mockResolvedValueOnce({ kind: "added", basket: basket(line(1), line(2)), line: 2 }).mockRejectedValue(open);
  fake.leavePayment.mockResolvedValue(basket(line(1)));
  render(App);
  await screen.findByTestId("left");
  await scan(document.body, "2222222");
  await waitFor(() => expect(till.basket?.lines.length).toBe(2));
  expect(till.payment).toBeNull();
  expect(till.missed).toEqual([]);
  till.payment = { ...payment, tendered: [{ no: 1, type: "cash", amountMinor: 1000, reference: null, upi: null, balanceLeftMinor: null }] };
  await scan(document.body, "3333333");
  expect((await screen.findByRole("alert")).textContent).toContain("3333333");
  expect(fake.leavePayment).toHaveBeenCalledTimes(1);
  fake.scan.mockResolvedValue({ kind: "added", basket: basket(line(1), line(2), line(3)), line: 3 });
  till.payment = null;
  await fireEvent.click(screen.getByRole("button", { name: "Try again" }));
  await waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
  expect(till.basket?.lines.length).toBe(3);
});

it("takes no scan for a PIN, and asks nobody for one once the till is locked", async () => {
  fake.lock.mockResolvedValue({ ...session, locked: true });
  const refusal = { code: "approval.missing", message: "needs approval", field: null, values: { role: "manager" } };
  fake.people.mockResolvedValue([{ staff: "kavya", name: "Kavya", role: "manager" }]);
  render(App);
  await waitFor(() => expect(till.session).not.toBeNull());
  const act = vi.fn<(approval: unknown) => Promise<string>>().mockRejectedValue(refusal);
  const done = till.approved(act).catch((error: unknown) => error);
  const pin = await screen.findByTestId<HTMLInputElement>("approval-pin");
  expect(await scan(pin, "8904000210037")).toBe(false);
  expect(pin.value).toBe("");
  expect(act).toHaveBeenCalledTimes(1);
  expect(till.missed.map((one) => one.code)).toEqual(["8904000210037"]);
  till.session = await fake.lock();
  expect(await done).toEqual(refusal);
  expect(till.asking).toBeNull();
  await fireEvent.click(await screen.findByRole("radio", { name: /Kavya/ }));
  await scan(document.body, "8904000210038");
  expect(screen.getByRole("status", { name: /0 digits/ })).toBeTruthy();
  expect(fake.signIn).not.toHaveBeenCalled();
  expect(fake.scan).not.toHaveBeenCalled();
});

it("tries a scanner on the settings' screen and sells nothing", async () => {
  await selling();
  till.go("settings");
  const field = await screen.findByTestId("scanner-test");
  await scan(field, "8904000210037");
  const read = await screen.findByTestId("scanner-read");
  await waitFor(() => expect(read.textContent).toContain("Read as 8904000210037"));
  expect(read.textContent).toMatch(/13 characters, longest pause \d+ ms, last key Enter/);
  await scan(field, "DAYBOOK-CASH");
  await waitFor(() => expect(screen.getByTestId("scanner-read").textContent).toContain("Read as DAYBOOK-CASH"));
  expect(fake.scan).not.toHaveBeenCalled();
  fake.setPreferences.mockImplementation(async (wanted) => wanted);
  await fireEvent.change(screen.getByTestId("scanner-suffix"), { target: { value: "#" } });
  await waitFor(() => expect(till.preferences.scanner.suffix).toBe("#"));
  await fireEvent.focus(field);
  await scan(field, "4006381333931");
  await waitFor(() => expect(screen.getByTestId("scanner-read").textContent).toContain("Not read as a scan"));
});

it("takes what is found by words: the first by Enter, others by arrow keys, and of no earlier words", async () => {
  let answer: (items: ReturnType<typeof item>[]) => void = () => {};
  fake.search.mockResolvedValueOnce([item(1), item(2)]);
  fake.add.mockResolvedValue({ kind: "added", basket: basket(line(1)), line: 1 });
  const field = await selling();
  const search = field.closest("form")!;
  await fireEvent.input(field, { target: { value: "tea" } });
  await screen.findByText("Product 2");
  await fireEvent.submit(search);
  await waitFor(() => expect(fake.add).toHaveBeenLastCalledWith("SKU-1", null, null));
  fake.search.mockResolvedValueOnce([item(1), item(2)]);
  await fireEvent.input(field, { target: { value: "3 * tea" } });
  await screen.findByText("Product 2");
  await fireEvent.keyDown(field, { key: "ArrowDown" });
  fake.lookUp.mockResolvedValue({ kind: "items", items: [item(9)], quantityMilli: null });
  await fireEvent.submit(search);
  await waitFor(() => expect(fake.add).toHaveBeenLastCalledWith("SKU-2", 3000, null));
  fake.lookUp.mockResolvedValue({ kind: "unknown", code: "" });
  fake.search.mockResolvedValueOnce([item(5)]).mockImplementationOnce(() => new Promise((found) => { answer = found; }));
  await fireEvent.input(field, { target: { value: "soa" } });
  await screen.findByText("Product 5");
  await fireEvent.input(field, { target: { value: "soap" } });
  await fireEvent.submit(search);
  expect(fake.add).toHaveBeenCalledTimes(2);
  answer([item(6), item(7)]);
  await waitFor(() => expect(fake.add).toHaveBeenLastCalledWith("SKU-6", null, null));
  expect(fake.scan).not.toHaveBeenCalled();
});

it("takes words for a code when they are one, or when nothing is found", async () => {
  fake.scan.mockResolvedValue({ kind: "added", basket: basket(line(3)), line: 3 });
  fake.search.mockResolvedValue([item(1)]);
  fake.lookUp.mockResolvedValueOnce({ kind: "items", items: [item(2)], quantityMilli: null });
  const field = await selling();
  await fireEvent.input(field, { target: { value: "TEA" } });
  await screen.findByText("Product 1");
  await fireEvent.submit(field.closest("form")!);
  await waitFor(() => expect(fake.scan).toHaveBeenLastCalledWith("TEA", null));
  await fireEvent.input(field, { target: { value: "2 x 40112" } });
  await screen.findByText("Product 1");
  await fireEvent.submit(field.closest("form")!);
  await waitFor(() => expect(fake.scan).toHaveBeenLastCalledWith("40112", 2000));
  fake.search.mockResolvedValue([]);
  await fireEvent.input(field, { target: { value: "zzz" } });
  await screen.findByText(/Nothing found/);
  await fireEvent.submit(field.closest("form")!);
  await waitFor(() => expect(fake.scan).toHaveBeenLastCalledWith("zzz", null));
  expect(fake.add).not.toHaveBeenCalled();
});

it("leaves the category that was chosen while the first was being looked for", async () => {
  let answer: (items: []) => void = () => {};
  fake.categories.mockResolvedValue([{ name: "Soap", products: 1 }, { name: "Tea", products: 2 }]);
  fake.favourites.mockImplementation(() => new Promise((found) => { answer = found; }));
  render(Browse);
  await waitFor(() => expect(fake.favourites).toHaveBeenCalled());
  const tea = await screen.findByRole("button", { name: "Tea" });
  await fireEvent.click(tea);
  answer([]);
  await waitFor(() => expect(fake.products).toHaveBeenCalledWith("Tea", 0, 60));
  expect(tea.getAttribute("aria-pressed")).toBe("true");
});

it("asks which of several sizes also when three are wanted", async () => {
  fake.products.mockResolvedValue({ items: [{ ...item(1), variants: 2 }], total: 1 });
  fake.variants.mockResolvedValue([item(1), item(2)]);
  const field = await selling();
  await screen.findByText("Product 1");
  await fireEvent.input(field, { target: { value: "3 *" } });
  await fireEvent.click(screen.getByText("Product 1").closest("button")!);
  await waitFor(() => expect(till.dialog).toEqual({ kind: "choose", items: [item(1), item(2)], quantityMilli: 3000 }));
  expect(fake.add).not.toHaveBeenCalled();
});

it("says how the paper of a sale is, also when it heard of it before the sale", async () => {
  till.sold = null;
  fake.lastSale.mockResolvedValue({ ...sold, paper: "printed" });
  till.done({ ...sold, paper: "queued" });
  await waitFor(() => expect(till.sold?.paper).toBe("printed"));
});

const returnable: Returnable = {
  number: "T1/26-27/00001", kind: "tax_invoice", day: "2026-11-26", issuedAtMs: 1, cashier: "Asha", customer: null, payableMinor: 18_000, leftMinor: 18_000,
  lines: [
    { no: 1, sku: "SKU-1", name: "Product 1", options: null, uom: "each", byPiece: true, soldMilli: 2000, leftMilli: 2000, totalMinor: 12_000 },
    { no: 2, sku: "SKU-2", name: "Product 2", options: null, uom: "kg", byPiece: false, soldMilli: 750, leftMilli: 750, totalMinor: 6000 },
  ],
  tenders: [], mediaBack: ["card", "cash"], severalWays: false, voidable: true, corrections: [], act: "a",
};

/** What codes of one digit lead to: goods of that number; 9 is a receipt. */
async function lookUp(code: string): Promise<Found> {
  const no = Number(code[0]);
  return no === 9 ? { kind: "document", number: returnable.number } : { kind: "items", items: [item(no)], quantityMilli: null };
}

it("looks an item up that is scanned among the stock, and moves all that is scanned after an act was chosen", async () => {
  const of = (no: number): StockView => ({
    item: item(no), onHandMilli: 5000, levelMilli: 5000, known: true, reservedMilli: 0, allottedMilli: 0, leasedMilli: 0, ownUnsentMilli: 0, asOfMs: 1, elsewhere: [],
  });
  fake.session.mockResolvedValue({ ...session, shift: null });
  fake.lookUp.mockImplementation(lookUp);
  fake.stockOf.mockImplementation(async (sku) => of(Number(sku.slice(4))));
  fake.movements.mockResolvedValue([]);
  fake.lowStock.mockResolvedValue([]);
  fake.locations.mockResolvedValue([]);
  fake.moveStock.mockResolvedValue(null);
  render(App);
  await waitFor(() => expect(till.session).not.toBeNull());
  till.go("stock");
  await screen.findByTestId("stock-search");
  await scan(document.body, "1111111");
  await screen.findByTestId("on-hand");
  expect(screen.queryByTestId("moving")).toBeNull();
  await fireEvent.click(screen.getByTestId("act-receive"));
  const first = await screen.findByTestId<HTMLInputElement>("stock-quantity");
  await fireEvent.input(first, { target: { value: "4" } });
  for (const code of ["2222222", "1111111", "2222222"]) await scan(document.body, code);
  await waitFor(() => expect(screen.getAllByTestId<HTMLInputElement>("stock-quantity").map((field) => field.value)).toEqual(["5", "2"]));
  // What was gathered stays when the till is looked at otherwise meanwhile.
  till.go("history");
  till.go("stock");
  await fireEvent.submit(await screen.findByTestId("moving"));
  await waitFor(() => expect(fake.moveStock).toHaveBeenCalledTimes(1));
  const goods = [{ sku: "SKU-1", quantityMilli: 5000 }, { sku: "SKU-2", quantityMilli: 2000 }];
  expect(fake.moveStock).toHaveBeenCalledWith({ kind: "receive", goods, reason: null, otherLocation: null, transfer: null }, null);
  await waitFor(() => expect(screen.queryByTestId("moving")).toBeNull());
  expect(fake.scan).not.toHaveBeenCalled();
});

it("shows all that a code among the stock may mean, whatever was looked for before", async () => {
  fake.search.mockResolvedValue([item(3)]);
  fake.lowStock.mockResolvedValue([]);
  fake.lookUp.mockResolvedValue({ kind: "items", items: [item(1), item(2)], quantityMilli: null });
  await selling();
  till.go("stock");
  const words = await screen.findByTestId<HTMLInputElement>("stock-search");
  await fireEvent.input(words, { target: { value: "tea" } });
  await screen.findByRole("button", { name: /Product 3/ });
  await scan(document.body, "1111111");
  await screen.findByRole("button", { name: /Product 1/ });
  await new Promise((wait) => setTimeout(wait, 20));
  expect(screen.getByRole("button", { name: /Product 2/ })).toBeTruthy();
  expect(words.value).toBe("");
});

it("gives back the way it was paid, with the slip of each part, and no amount of what is refused", async () => {
  fake.returnable.mockResolvedValue({ ...returnable, severalWays: true, mediaBack: ["cash", "store_credit"] });
  fake.previewReturn.mockResolvedValue({
    lines: [], totalMinor: 12_000, backMinor: 12_000, tenders: [{ type: "card", amountMinor: 5000 }, { type: "cash", amountMinor: 7000 }],
  });
  fake.refund.mockResolvedValue(sold);
  await selling();
  till.returnNumber = returnable.number;
  till.go("returns");
  await fireEvent.click(await screen.findByRole("checkbox", { name: "Product 1" }));
  await fireEvent.click(screen.getByRole("button", { name: "Not wanted" }));
  expect((await screen.findByTestId("refund-parts")).textContent).toMatch(/Card.*50.*Cash.*70/);
  await fireEvent.input(screen.getByTestId("refund-reference-card"), { target: { value: "SLIP9" } });
  fake.previewReturn.mockRejectedValueOnce({ code: "refund.tender", message: "", field: null, values: {} });
  const select = screen.getByTestId<HTMLSelectElement>("refund-tender");
  select.selectedIndex = 1;
  await fireEvent.change(select);
  await waitFor(() => expect(screen.getByTestId("preview").textContent).toBe(""));
  expect(screen.getByRole<HTMLButtonElement>("button", { name: "Refund" }).disabled).toBe(true);
  select.selectedIndex = 0;
  await fireEvent.change(select);
  await waitFor(() => expect(screen.getByTestId("preview").textContent).toContain("120"));
  await fireEvent.click(screen.getByRole("button", { name: "Refund" }));
  await waitFor(() => expect(fake.refund).toHaveBeenCalledTimes(1));
  expect(fake.refund.mock.calls[0]?.[0]).toMatchObject({ tender: null, references: [{ type: "card", reference: "SLIP9" }] });
});

it("ticks what is scanned of a receipt that is taken back, up to what is left, and notes the slip of a card", async () => {
  fake.lookUp.mockImplementation(lookUp);
  fake.returnable.mockResolvedValue(returnable);
  fake.previewReturn.mockResolvedValue({ lines: [], totalMinor: 12_000, backMinor: 12_000, tenders: [{ type: "card", amountMinor: 12_000 }] });
  fake.refund.mockResolvedValue(sold);
  await selling();
  till.returnNumber = returnable.number;
  till.go("returns");
  await screen.findByRole("checkbox", { name: "Product 1" });
  for (const code of ["1111111", "2222222", "1111111", "1111112"]) await scan(document.body, code);
  expect((await screen.findByRole("alert")).textContent).toContain("1111112");
  await fireEvent.click(screen.getByRole("button", { name: "Not wanted" }));
  await fireEvent.input(screen.getByTestId("refund-reference-card"), { target: { value: "SLIP9" } });
  await waitFor(() => expect(screen.getByTestId("preview").textContent).toContain("120"));
  await fireEvent.click(screen.getByRole("button", { name: "Refund" }));
  await waitFor(() => expect(fake.refund).toHaveBeenCalledTimes(1));
  expect(fake.refund.mock.calls[0]?.[0]).toMatchObject({
    lines: [{ line: 1, quantityMilli: 2000, restock: true }, { line: 2, quantityMilli: 750, restock: true }], tender: "card", references: [{ type: "card", reference: "SLIP9" }],
  });
  expect(fake.scan).not.toHaveBeenCalled();
});

it("asks before a whole sale is voided, and why", async () => {
  fake.returnable.mockResolvedValue(returnable);
  fake.voidSale.mockResolvedValue(sold);
  await selling();
  till.returnNumber = returnable.number;
  till.go("returns");
  await fireEvent.click(await screen.findByRole("button", { name: "Void the whole sale" }));
  const go = await screen.findByRole<HTMLButtonElement>("button", { name: "Void" });
  expect(go.disabled).toBe(true);
  await fireEvent.click(screen.getByRole("button", { name: "Mistake" }));
  expect(fake.voidSale).not.toHaveBeenCalled();
  await fireEvent.click(go);
  await waitFor(() => expect(fake.voidSale).toHaveBeenCalledExactlyOnceWith(returnable.number, "Mistake", null));
  await waitFor(() => expect(till.screen).toBe("sell"));
});

it("shows the receipt that is scanned in the history, and the documents of whichever customer is meant", async () => {
  const asked = { name: "Rao", phone: null, taxId: null };
  fake.lookUp.mockImplementation(lookUp);
  fake.history.mockResolvedValue([]);
  fake.findCustomers.mockResolvedValue([{ id: "c1", ...asked }, { id: "c2", ...asked, name: "Rao Traders" }]);
  await selling();
  till.go("history");
  const name = await screen.findByPlaceholderText("Phone or name");
  await scan(document.body, "9999999");
  await waitFor(() => expect(fake.document).toHaveBeenCalledExactlyOnceWith(returnable.number));
  expect(till.screen).toBe("history");
  await fireEvent.input(name, { target: { value: "rao" } });
  await fireEvent.click(await screen.findByRole("button", { name: /Rao Traders/ }));
  await waitFor(() => expect(fake.history.mock.lastCall?.[0].customer).toBe("c2"));
});

it("takes nothing of what was entered into a practice and out of it, and shows who signs in no sale of another", async () => {
  fake.enterTraining.mockResolvedValue(null);
  fake.leaveTraining.mockResolvedValue(null);
  await selling();
  const enter = () => {
    till.moving = { act: "receive", rows: [{ item: item(1), quantity: "4" }] };
    till.missed = [{ code: "4006381333931", quantityMilli: null, why: "unknown", times: 1 }];
    [till.selected, till.orderId] = [1, "o"];
  };
  const entered = () => [till.moving.act, till.missed.length, till.selected, till.orderId];
  till.go("settings");
  enter();
  fake.shop.mockResolvedValue({ ...shop, training: true });
  await fireEvent.click(await screen.findByRole("button", { name: "Practise" }));
  const leave = await screen.findByRole("button", { name: "End the practice" });
  expect(entered()).toEqual([null, 0, null, null]);
  enter();
  fake.shop.mockResolvedValue(shop);
  await fireEvent.click(leave);
  await waitFor(() => expect(till.shop?.training).toBe(false));
  expect(entered()).toEqual([null, 0, null, null]);
  till.sold = sold;
  till.go("settings");
  fake.signOut.mockResolvedValue({ ...session, person: null });
  await fireEvent.click(await screen.findByRole("button", { name: "Sign out" }));
  await screen.findByRole("radio", { name: /Asha/ });
  expect(till.sold).toBeNull();
});

it("leads nobody away from a drawer that is half counted", async () => {
  fake.countForm.mockResolvedValue({ tenders: [], denominations: shop.denominations });
  await selling();
  till.go("shift");
  await fireEvent.click(await screen.findByRole("button", { name: "Count and close" }));
  await scan(document.body, "1111111");
  await scan(document.body, "DAYBOOK-BACK");
  await waitFor(() => expect(till.missed.map((one) => one.code)).toEqual(["1111111", "DAYBOOK-BACK"]));
  expect([till.screen, fake.scan.mock.calls.length]).toEqual(["shift", 0]);
});

it("pays once, however often Enter is pressed", async () => {
  let answer: (paid: { kind: "sold"; sold: typeof sold }) => void = () => {};
  fake.basket.mockResolvedValue({ ...basket(line(1)), paying: true });
  fake.payment.mockResolvedValue(payment);
  fake.pay.mockImplementation(() => new Promise((done) => { answer = done; }));
  render(App);
  const due = await screen.findByTestId("left");
  const form = due.closest(".pay")!.querySelector("form")!;
  await fireEvent.submit(form);
  await fireEvent.submit(form);
  expect(fake.pay).toHaveBeenCalledTimes(1);
  fake.basket.mockResolvedValue(basket());
  answer({ kind: "sold", sold });
  expect((await screen.findByTestId("change")).textContent).toContain("40");
});

it("shows only what is in sight of a hundred thousand products, and arrow keys reach the rest", async () => {
  const all = 100_000;
  fake.products.mockImplementation(async (_category, offset, limit) => ({
    items: Array.from({ length: Math.min(limit, all - offset) }, (_, no) => item(offset + no)), total: all,
  }));
  const { container } = render(Browse);
  await screen.findByText("Product 0");
  expect(container.querySelectorAll("[data-index]").length).toBeLessThan(60);
  const grid = screen.getByRole("group", { name: "Tea" });
  grid.scrollTop = 140 * 20_000;
  await fireEvent.scroll(grid);
  await screen.findByText("Product 60000");
  expect(container.querySelectorAll("[data-index]").length).toBeLessThan(80);
  const tile = container.querySelector<HTMLElement>("[data-index='60000'] button")!;
  tile.focus();
  await fireEvent.keyDown(tile, { key: "ArrowDown" });
  await waitFor(() => expect(document.activeElement?.textContent).toContain("Product 60003"));
});

it("gives an action another key, and whoever had it the old one", async () => {
  expect(withKey("pay", "F2", {})).toEqual({ pay: "F2", search: "F10" });
  expect(withKey("pay", "F10", { pay: "F2", search: "F10" })).toEqual({});
  fake.setPreferences.mockImplementation(async (wanted) => wanted);
  render(App);
  await waitFor(() => expect(till.session).not.toBeNull());
  till.go("settings");
  await fireEvent.click(await screen.findByTestId("key-pay"));
  await fireEvent.keyDown(window, { key: "a" });
  expect(fake.setPreferences).not.toHaveBeenCalled();
  await fireEvent.keyDown(window, { key: "F2" });
  await waitFor(() => expect(fake.setPreferences).toHaveBeenCalledTimes(1));
  expect(fake.setPreferences.mock.calls[0]?.[0].keymap).toEqual({ pay: "F2", search: "F10" });
  expect(fake.beginPayment).not.toHaveBeenCalled();
});

it("lets a till go that is offline only with all of it sealed", async () => {
  fake.unsent.mockResolvedValue(3);
  fake.sealedExport.mockResolvedValue("/data/sealed/x.db.age");
  fake.quit.mockResolvedValue(null);
  till.sync = { code: "sync.offline", online: false, unsent: 3, oldestUnsentAtMs: 1, lastExchangeAtMs: 1 };
  render(Quit);
  const [first, second] = await waitFor(() => {
    const fields = document.querySelectorAll<HTMLInputElement>("input[type=password]");
    expect(fields.length).toBe(2);
    return [...fields] as [HTMLInputElement, HTMLInputElement];
  });
  const seal = screen.getByRole<HTMLButtonElement>("button", { name: /seal/i });
  await fireEvent.input(first, { target: { value: "correct horse" } });
  await fireEvent.input(second, { target: { value: "correct hors" } });
  expect(seal.disabled).toBe(true);
  await fireEvent.input(second, { target: { value: "correct horse" } });
  expect(seal.disabled).toBe(false);
  await fireEvent.click(seal);
  await screen.findByText("/data/sealed/x.db.age");
  await fireEvent.click(screen.getByRole("button", { name: "Close Daybook" }));
  expect(fake.quit).toHaveBeenCalledTimes(1);
});

it("asks before it closes also while nobody is signed in, and types no PIN meanwhile", async () => {
  fake.session.mockResolvedValue({ ...session, person: null });
  render(App);
  await fireEvent.click(await screen.findByRole("radio", { name: /Asha/ }));
  till.dialog = { kind: "quit" };
  await screen.findByRole("dialog");
  await fireEvent.keyDown(window, { key: "7" });
  await fireEvent.keyDown(window, { key: "Escape" });
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(screen.getByRole("status", { name: /0 digits/ })).toBeTruthy();
});

it("lets a damaged ledger be read, sealed and replaced by a backup with a manager's PIN, and warns before it ends", async () => {
  const fault = { code: "ledger.damaged", message: "damaged", field: null, values: { where: "movement" } };
  fake.start.mockResolvedValue({ kind: "damaged", fault });
  fake.people.mockResolvedValue([{ staff: "kavya", name: "Kavya", role: "manager" }]);
  fake.backups.mockResolvedValue([{ file: "b.db", lastAtMs: 1, lastNumber: "T1/26-27/00007" }]);
  fake.history.mockResolvedValue([]);
  fake.restoreBackup.mockRejectedValueOnce({ code: "approval.missing", message: "", field: null, values: { role: "manager" } }).mockImplementationOnce(async () => {
    fake.start.mockResolvedValue({ kind: "ready" });
    return { kind: "ready" };
  });
  fake.quit.mockResolvedValue(null);
  render(App);
  await screen.findByText("T1/26-27/00007");
  await fireEvent.click(screen.getByRole("button", { name: "Look at the sales" }));
  await waitFor(() => expect(fake.history).toHaveBeenCalled());
  await fireEvent.click(screen.getByRole("button", { name: "Back" }));
  till.dialog = { kind: "quit" };
  await fireEvent.click(await screen.findByRole("button", { name: "Close all the same" }));
  await waitFor(() => expect(fake.quit).toHaveBeenLastCalledWith(true));
  till.dialog = null;
  await fireEvent.click(await screen.findByRole("button", { name: "Restore the newest that holds" }));
  await fireEvent.input(await screen.findByTestId("approval-pin"), { target: { value: "2580" } });
  await fireEvent.click(screen.getByRole("button", { name: "Approve" }));
  await waitFor(() => expect(fake.restoreBackup).toHaveBeenLastCalledWith({ staff: "kavya", pin: "2580" }));
  await waitFor(() => expect(till.start?.kind).toBe("ready"));
});

it("takes a till out of service only when all is sent or sealed, by its code, with a manager's PIN", async () => {
  till.shop = shop;
  till.session = { ...session, shift: null };
  till.dialog = { kind: "wipe" };
  till.sold = sold;
  fake.wayOut.mockResolvedValueOnce({ unsent: 2, sealed: null }).mockResolvedValue({ unsent: 2, sealed: "/data/sealed/x.db.age" });
  fake.sealedExport.mockResolvedValue("/data/sealed/x.db.age");
  const refusal = { code: "approval.missing", message: "needs approval", field: null, values: { role: "manager" } };
  fake.wipe.mockRejectedValueOnce(refusal).mockResolvedValue({ kind: "enrol", sealed: "/data/sealed" });
  fake.start.mockResolvedValue({ kind: "enrol", sealed: "/data/sealed" });
  render(Wipe);
  expect((await screen.findByTestId("wipe-unsent")).textContent).toContain("2 entries");
  expect(screen.queryByRole("button", { name: "Remove everything" })).toBeNull();
  const [passphrase, again] = [screen.getByLabelText(/Passphrase/), screen.getByLabelText("Once more")];
  for (const field of [passphrase, again]) await fireEvent.input(field, { target: { value: "correct horse battery" } });
  await fireEvent.click(screen.getByRole("button", { name: "Seal into a file" }));
  await screen.findByText("/data/sealed/x.db.age");
  const remove = screen.getByRole<HTMLButtonElement>("button", { name: "Remove everything" });
  const code = screen.getByTestId("wipe-code");
  await fireEvent.input(code, { target: { value: "T2" } });
  expect(remove.disabled).toBe(true);
  await fireEvent.input(code, { target: { value: "t1" } });
  expect(remove.disabled).toBe(false);
  await fireEvent.submit(code.closest("form")!);
  await waitFor(() => expect(till.asking).not.toBeNull());
  till.asking!.answer({ staff: "kavya", pin: "2580" });
  await waitFor(() => expect(till.start).toEqual({ kind: "enrol", sealed: "/data/sealed" }));
  expect(fake.wipe).toHaveBeenLastCalledWith("t1", { staff: "kavya", pin: "2580" });
  expect([till.dialog, till.sold, till.session]).toEqual([null, null, null]);
});

it("asks a person about a print that was cut off", async () => {
  const job = { id: 7, what: "receipt" as const, name: "T1/26-27/00001", copyNo: 0, state: "maybe" as const, tries: 1, problem: null, atMs: 1 };
  till.papers = { jobs: [job], trouble: null };
  fake.retryPrint.mockResolvedValue({ jobs: [], trouble: null });
  render(Papers);
  expect(screen.getByText(/is it complete/i)).toBeTruthy();
  await fireEvent.click(screen.getByRole("button", { name: "Print" }));
  expect(fake.retryPrint).toHaveBeenCalledExactlyOnceWith(7);
  await screen.findByText("Everything is on paper.");
});

it("tells a refusal in the person's language and asks for a second person's PIN in place", async () => {
  fake.basket.mockResolvedValue(basket(line(1)));
  const refusal = { code: "approval.missing", message: "needs approval", field: null, values: { role: "manager" } };
  const act = vi.fn<(approval: unknown) => Promise<string>>().mockRejectedValueOnce(refusal).mockResolvedValueOnce("done");
  render(App);
  await waitFor(() => expect(till.session).not.toBeNull());
  const done = till.approved(act);
  await waitFor(() => expect(till.asking).not.toBeNull());
  till.asking!.answer({ staff: "kavya", pin: "2580" });
  expect(await done).toBe("done");
  expect(act).toHaveBeenLastCalledWith({ staff: "kavya", pin: "2580" });
});

it("says what the store refused, and what was typed wrong, in a cashier's words", () => {
  const refused = (code: string) => sentence({ code: "store.refused", message: "", field: null, values: { store_code: code } });
  expect(refused("sync.code_unknown")).toMatch(/does not know this code/);
  expect(refused("sync.wrong_till")).toMatch(/office.*sync\.wrong_till/);
  expect(why("order.not_possible")).toMatch(/gone too far/);
  expect(why("refund.exceeds_paid")).toMatch(/office/);
  expect(sentence({ code: "input.invalid", message: "", field: "tax_id", values: {} })).toBe("Check this: GSTIN / tax number.");
});

it("hands the separator of a GS1 code on, which scanners type as Ctrl+]", async () => {
  fake.scan.mockResolvedValue({ kind: "unknown", code: "" });
  const field = await selling();
  const typed = async (code: string) => { for (const key of code) await fireEvent.keyDown(field, { key }); };
  await typed("010890400021003710LOT");
  await fireEvent.keyDown(field, { key: "]", ctrlKey: true });
  await typed("21S9");
  await fireEvent.keyDown(field, { key: "Enter" });
  await waitFor(() => expect(fake.scan).toHaveBeenCalledExactlyOnceWith("010890400021003710LOT\u001d21S9", null));
});

it("takes a transfer in by the number that sending it away showed", async () => {
  const number = "0192a000-0000-7000-8000-0000000000f1";
  fake.locations.mockResolvedValue([{ location: "depot", name: "Depot", warehouse: true }]);
  fake.lowStock.mockResolvedValue([]);
  fake.search.mockResolvedValue([item(1)]);
  fake.movements.mockResolvedValue([]);
  fake.stockOf.mockResolvedValue({ item: item(1), onHandMilli: 5000, levelMilli: 5000, known: true, reservedMilli: 0, allottedMilli: 0, leasedMilli: 0, ownUnsentMilli: 0, asOfMs: 1, elsewhere: [] });
  fake.moveStock.mockResolvedValueOnce(number).mockResolvedValue(null);
  render(Stock);
  await fireEvent.input(screen.getByTestId("stock-search"), { target: { value: "product" } });
  await fireEvent.click(await screen.findByRole("button", { name: /Product 1/ }));
  await fireEvent.click(await screen.findByRole("button", { name: "Send away" }));
  await fireEvent.input(screen.getByTestId("stock-quantity"), { target: { value: "2" } });
  await fireEvent.submit(screen.getByTestId("stock-quantity").closest("form")!);
  await waitFor(() => expect(screen.getByTestId("begun").textContent).toBe(number));
  await fireEvent.click(screen.getByRole("button", { name: "Take in a transfer" }));
  await fireEvent.input(screen.getByTestId("stock-quantity"), { target: { value: "2" } });
  await fireEvent.input(screen.getByTestId("transfer"), { target: { value: ` ${number.toUpperCase()} ` } });
  expect((screen.getByTestId("transfer") as HTMLInputElement).validity.valid).toBe(true);
  await fireEvent.submit(screen.getByTestId("transfer").closest("form")!);
  await waitFor(() => expect(fake.moveStock).toHaveBeenLastCalledWith({ kind: "transfer_in", goods: [{ sku: "SKU-1", quantityMilli: 2000 }], reason: null, otherLocation: "depot", transfer: number }, null));
});

it("asks the store for a gift card, waits for its answer, and goes on with what is left", async () => {
  fake.basket.mockResolvedValue({ ...basket(line(1)), paying: true });
  fake.payment.mockResolvedValue(payment);
  const asking = { type: "gift_card" as const, number: "9012345678901238", amountMinor: 6000 };
  fake.payFromBalance.mockResolvedValue({ kind: "more", payment: { ...payment, asking } });
  let answered = false;
  const taken = { no: 1, type: "gift_card" as const, amountMinor: 5000, reference: asking.number, upi: null, balanceLeftMinor: 0 };
  fake.settleBalance.mockImplementation(async () => ({
    kind: "more", payment: answered ? { ...payment, leftMinor: 1000, cashLeftMinor: 1000, tendered: [taken] } : { ...payment, asking },
  }));
  render(App);
  const field = await screen.findByTestId("left");
  await scan(field, asking.number);
  expect((await screen.findByTestId("asking")).textContent).toContain("9012 3456 7890 1238");
  expect(fake.payFromBalance).toHaveBeenCalledWith(asking.number, null, null);
  expect(fake.scan).not.toHaveBeenCalled();
  answered = true;
  await waitFor(() => expect(screen.queryByTestId("asking")).toBeNull());
  expect(screen.getByTestId("left").textContent).toContain("10");
});

it("keeps a card in sight that is scanned while another payment is under way, and takes no command for a card", async () => {
  fake.basket.mockResolvedValue({ ...basket(line(1)), paying: true });
  fake.payment.mockResolvedValue(payment);
  fake.pay.mockReturnValue(new Promise(() => {}));
  fake.scan.mockResolvedValueOnce({ kind: "command", command: "pay" }).mockRejectedValue({ code: "payment.open", message: "open", field: null, values: {} });
  fake.beginPayment.mockResolvedValue(payment);
  render(App);
  await screen.findByTestId("left");
  await fireEvent.click(screen.getByRole("button", { name: "Gift card or credit" }));
  await scan(document.body, "DAYBOOK-PAY");
  await waitFor(() => expect(fake.scan).toHaveBeenCalledTimes(1));
  await fireEvent.click(screen.getByRole("button", { name: "Cash" }));
  await fireEvent.submit(screen.getByTestId("left").closest(".pay")!.querySelector("form")!);
  await scan(document.body, "9012345678901238");
  expect((await screen.findByRole("alert")).textContent).toContain("9012345678901238");
  expect(fake.payFromBalance).not.toHaveBeenCalled();
});

it("lets the payment go on as it was when the store knows no such card", async () => {
  fake.basket.mockResolvedValue({ ...basket(line(1)), paying: true });
  fake.payment.mockResolvedValue(payment);
  fake.payFromBalance.mockResolvedValue({ kind: "more", payment: { ...payment, asking: { type: "gift_card", number: "GIFT0001", amountMinor: 6000 } } });
  fake.settleBalance.mockRejectedValue({ code: "balance.unknown", message: "", field: null, values: {} });
  render(App);
  await screen.findByTestId("left");
  await fireEvent.click(screen.getByRole("button", { name: "Gift card or credit" }));
  await fireEvent.input(screen.getByTestId("balance-number"), { target: { value: "gift-0001" } });
  await fireEvent.submit(screen.getByTestId("balance-number").closest("form")!);
  await screen.findByText("The store knows no gift card or credit of this number.");
  await waitFor(() => expect(screen.queryByTestId("asking")).toBeNull());
  expect(fake.payFromBalance).toHaveBeenCalledWith("gift-0001", null, null);
});

it("takes cash exactly when the code for it is scanned, and gives a card's number to nobody else", async () => {
  fake.basket.mockResolvedValue(basket(line(1)));
  fake.scan.mockResolvedValue({ kind: "command", command: "cash" });
  fake.beginPayment.mockResolvedValue(payment);
  fake.pay.mockImplementation(async () => {
    fake.basket.mockResolvedValue(basket());
    return { kind: "sold", sold };
  });
  const field = await selling();
  await scan(field, "DAYBOOK-CASH");
  await screen.findByTestId("change");
  expect(fake.beginPayment).toHaveBeenCalledTimes(1);
  expect(fake.pay).toHaveBeenCalledWith({ type: "cash", amountMinor: null, givenMinor: null, reference: null }, null);
  expect(fake.payFromBalance).not.toHaveBeenCalled();
});

/** An answer that the test gives when it wants. */
function later<T>(): { answer: Promise<T>; give: (value: T) => void } {
  let give: (value: T) => void = () => {};
  return { answer: new Promise<T>((done) => { give = done; }), give };
}

it("shows the printer before the system has listed its own, so that nothing moves under a finger", async () => {
  till.printer = printer;
  fake.systemPrinters.mockReturnValue(later<string[]>().answer);
  render(Printer);
  expect(screen.getByRole("button", { name: "Print a test page" })).toBeTruthy();
});

it("keeps printer settings in the order in which they were made, and tests with the last of them", async () => {
  till.printer = printer;
  const first = later<typeof printer>();
  fake.setPrinter.mockReturnValueOnce(first.answer).mockImplementation(async (wanted) => wanted);
  fake.testPrinter.mockResolvedValue(null);
  render(Printer);
  await fireEvent.click(screen.getByRole("button", { name: "58 mm" }));
  await fireEvent.click(screen.getByRole("button", { name: "Pin 2" }));
  await fireEvent.click(screen.getByRole("button", { name: "Print a test page" }));
  await new Promise((wait) => setTimeout(wait, 20));
  expect(fake.setPrinter).toHaveBeenCalledTimes(1);
  expect(fake.testPrinter).not.toHaveBeenCalled();
  first.give({ ...printer, paper: "mm58" });
  await waitFor(() => expect(fake.testPrinter).toHaveBeenCalledTimes(1));
  expect(fake.setPrinter).toHaveBeenLastCalledWith({ ...printer, paper: "mm58", drawer: "pin2" });
  expect(screen.getByRole("button", { name: "Pin 2" }).getAttribute("aria-pressed")).toBe("true");
});

it("has every row of its health in place before the till has answered", () => {
  fake.health.mockReturnValue(later<never>().answer);
  render(Health);
  expect(screen.getByText("Requests without an answer")).toBeTruthy();
  expect(screen.getByText("Data folder")).toBeTruthy();
});

it("opens a shift with the float that was counted, however fast the finger is", async () => {
  till.shop = shop;
  till.session = { ...session, shift: null };
  const sum = later<number>();
  fake.zReports.mockResolvedValue([]);
  fake.sumPieces.mockReturnValue(sum.answer);
  fake.openShift.mockResolvedValue(session);
  render(Shift);
  await fireEvent.input(screen.getByRole("textbox", { name: /500/ }), { target: { value: "1" } });
  const open = screen.getByRole<HTMLButtonElement>("button", { name: "Open" });
  expect(open.disabled).toBe(true);
  sum.give(50_000);
  await waitFor(() => expect(open.disabled).toBe(false));
  await fireEvent.click(open);
  expect(fake.openShift).toHaveBeenCalledExactlyOnceWith(50_000, [{ faceMinor: 50_000, pieces: 1 }], null);
});

it("begins a shift where the float is counted, not on what opens it", async () => {
  fake.session.mockResolvedValue({ ...session, shift: null });
  fake.zReports.mockResolvedValue([]);
  render(App);
  await waitFor(() => expect(till.session).not.toBeNull());
  till.go("shift");
  await waitFor(() => expect(document.activeElement).toBe(screen.getByRole("textbox", { name: /500/ })));
});

it("keeps the focus where the next thing is typed, whatever goes from the page", async () => {
  fake.basket.mockResolvedValue(basket(line(1)));
  fake.beginPayment.mockResolvedValue(payment);
  fake.pay.mockImplementation(async () => {
    fake.basket.mockResolvedValue(basket());
    return { kind: "sold", sold };
  });
  const field = await selling();
  field.focus();
  await fireEvent.keyDown(window, { key: "F9" });
  await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId("return-number")));
  await fireEvent.keyDown(window, { key: "F10" });
  const due = await screen.findByTestId("left");
  await fireEvent.submit(due.closest(".pay")!.querySelector("form")!);
  await screen.findByTestId("change");
  await waitFor(() => expect(document.activeElement).toBe(screen.getByRole("button", { name: "Next customer" })));
  await fireEvent.keyDown(window, { key: "F2" });
  await waitFor(() => expect(document.activeElement).toBe(screen.getByRole("textbox", { name: /search|scan/i })));
  expect(screen.queryByTestId("change")).toBeNull();
});

it("shows keys on the screen to a finger only, and types with them as a keyboard does", async () => {
  fake.zReports.mockResolvedValue([]);
  fake.session.mockResolvedValue(session);
  const typed = vi.fn(() => true);
  document.execCommand = typed;
  render(App);
  await waitFor(() => expect(till.session).not.toBeNull());
  till.go("shift");
  const field = await screen.findByTestId("cash-amount");
  await fireEvent.pointerDown(field, { pointerType: "mouse" });
  await fireEvent.click(field);
  expect(screen.queryByRole("group", { name: "Number pad" })).toBeNull();
  await fireEvent.pointerDown(field, { pointerType: "touch" });
  expect(screen.queryByRole("group", { name: "Number pad" }), "nothing moves under a finger").toBeNull();
  await fireEvent.pointerUp(field, { pointerType: "touch" });
  await fireEvent.click(field);
  await screen.findByRole("group", { name: "Number pad" });
  await fireEvent.click(screen.getByRole("button", { name: "7" }));
  expect(typed).toHaveBeenLastCalledWith("insertText", false, "7");
  const reason = screen.getByTestId("reason");
  await fireEvent.pointerDown(reason, { pointerType: "touch" });
  await fireEvent.click(reason);
  await fireEvent.click(await screen.findByRole("button", { name: "q" }));
  expect(typed).toHaveBeenLastCalledWith("insertText", false, "q");
  await fireEvent.click(screen.getByRole("button", { name: "Done" }));
  await waitFor(() => expect(screen.queryByRole("group", { name: "Keys on the screen" })).toBeNull());
});

it("joins a store in the language that was chosen before there was a till, and keeps it", async () => {
  fake.start.mockResolvedValue({ kind: "enrol", sealed: null });
  fake.preferences.mockRejectedValue({ code: "till.not_enrolled", message: "", field: null, values: {} });
  fake.enrol.mockImplementation(async () => {
    fake.start.mockResolvedValue({ kind: "ready" });
    fake.preferences.mockResolvedValue(preferences);
    return { kind: "ready" };
  });
  fake.setPreferences.mockImplementation(async (wanted) => wanted);
  render(App);
  await fireEvent.click(await screen.findByRole("button", { name: "हिन्दी" }));
  expect(document.documentElement.lang).toBe("hi");
  expect(fake.setPreferences).not.toHaveBeenCalled();
  await fireEvent.submit(document.querySelector(".enrol form")!);
  await waitFor(() => expect(fake.setPreferences).toHaveBeenCalledExactlyOnceWith({ ...preferences, language: "hi" }));
  expect(document.documentElement.lang).toBe("hi");
  till.prefer({ language: "en" });
});

it("changes one preference after the other and forgets none of them", async () => {
  fake.setPreferences.mockImplementation(async (wanted) => wanted);
  render(App);
  await waitFor(() => expect(till.session).not.toBeNull());
  till.prefer({ keymap: { pay: "F2" } });
  till.go("settings");
  await fireEvent.click(await screen.findByRole("button", { name: "Dark" }));
  await waitFor(() => expect(fake.setPreferences).toHaveBeenCalledTimes(2));
  expect(fake.setPreferences.mock.lastCall?.[0]).toEqual({ ...preferences, keymap: { pay: "F2" }, theme: "dark" });
});

it("says how old the stock is that it sells by, and tests the printer where it says how the till is", async () => {
  till.printer = printer;
  fake.printer.mockResolvedValue(printer);
  fake.health.mockReturnValue(later<never>().answer);
  fake.testPrinter.mockResolvedValue(null);
  fake.syncState.mockResolvedValue({ code: "sync.offline", online: false, unsent: 2, oldestUnsentAtMs: Date.now() - 120_000, lastExchangeAtMs: Date.now() - 180_000 });
  render(App);
  const chip = await screen.findByRole("button", { name: /Offline/ });
  expect(chip.textContent).toContain("Stock as of 3 minutes ago");
  await fireEvent.click(chip);
  expect((await screen.findByText("Catalogue and stock of the store")).parentElement?.textContent).toContain("as of 3 minutes ago");
  await fireEvent.click(screen.getByRole("button", { name: "Print a test page" }));
  expect(fake.testPrinter).toHaveBeenCalledTimes(1);
  await fireEvent.click(screen.getByRole("button", { name: "Set up and test printer and scanner" }));
  expect(till.screen).toBe("settings");
});
