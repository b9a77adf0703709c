// What the window knows. It shows what Rust computed, and asks again when it hears that something changed.

import { type MessageKey, t, texts } from "../shared/i18n.svelte";
import { useLook } from "../shared/look";
import { languageOf } from "../shared/format";
import { type Key, isBack } from "../shared/scan";
import {
  type Approval, type Approved, type Basket, type Fault, type Item, type LedgerCheck, type MoveKind, type Offer, type Paid, type Payment, type Person, type Preferences, type PrintQueue, type PrinterSetup, type Role, type ScanCommand, type Scanned,
  type Session, type Shop, type Sold, type Start, type SyncState, type Topic, commands, faultOf, needsApproval,
} from "./backend";
import { play, prepare } from "./sounds";

export type Screen = "sell" | "returns" | "orders" | "stock" | "history" | "shift" | "health" | "settings";

export type Dialog =
  | { kind: "help" | "customer" | "note" | "recall" | "park" | "clear" | "gift-card" | "quit" | "last" | "wipe" }
  | { kind: "void"; number: string }
  | { kind: "open-item"; scan: Scan | null }
  | { kind: "choose"; items: Item[]; quantityMilli: number | null }
  | { kind: "price"; item: Item; quantityMilli: number | null }
  | { kind: "weight"; item: Item; unitPriceMicros: number | null }
  | { kind: "quantity" | "line-price"; line: number }
  | { kind: "discount"; line: number | null };

/** A code as scanned, and how many of it. */
export type Scan = { code: string; quantityMilli: number | null };

/** A scan that came to nothing, why, and how many times. */
export type Missed = Scan & { why: Fault | "unknown" | "pin" | "counting" | "not_on_receipt"; times: number };

/** Takes a scan before the basket does; the answer is whether it did, or that it came to nothing there. */
export type Sink = (code: string, quantityMilli: number | null) => boolean | "missed" | Promise<boolean | "missed">;

/** Goods and how much of them, as typed. */
export type MovingRow = { item: Item; quantity: string };

export type Toast = { id: number; tone: "good" | "bad"; text: string };

const usual: Preferences = {
  language: languageOf(navigator.languages), theme: "system", sounds: true, lockAfterMinutes: 10, touchKeys: false,
  scanner: { prefix: "", suffix: "Enter", maxGapMs: 50, minLength: 4 }, keymap: {},
};

/** The sentence of a code that the store gave without figures; one that says nothing to a cashier is told to the office. */
export function why(code: string): string {
  try {
    if (texts.has(`error.${code}`)) return t(`error.${code}` as MessageKey);
  } catch {
    // The sentence has figures, which only the till's own refusals give.
  }
  return t("error.store.refused", { store_code: code });
}

/** The sentence of a fault in the person's language; the English message where the code is new, or lacks its figures. */
export function sentence(fault: Fault): string {
  try {
    return sentenceOf(fault);
  } catch (error) {
    console.warn("a fault has no figures for its sentence", error);
    return fault.message;
  }
}

function sentenceOf(fault: Fault): string {
  const key = `error.${fault.code}`;
  if (fault.values.store_code) return why(fault.values.store_code);
  const values: Record<string, string> = { ...fault.values };
  for (const [name, value] of Object.entries(fault.values)) {
    if (name.endsWith("_minor")) values[name.slice(0, -"_minor".length)] = texts.format.money(Number(value));
  }
  if (fault.values.role && texts.has(`role.${fault.values.role}`)) values.role = t(`role.${fault.values.role}` as MessageKey);
  if (fault.field) values.field = texts.has(`field.${fault.field}`) ? t(`field.${fault.field}` as MessageKey) : fault.field;
  return texts.has(key) ? t(key, values) : fault.message;
}

const alike = (a: Scan, b: Scan): boolean => a.code === b.code && a.quantityMilli === b.quantityMilli;

/** Whether reading it again or selling it under a name helps; else only whatever was in the way has to go. */
export const nameless = (why: Missed["why"]): boolean => why === "unknown" || (typeof why === "object" && (why.code.startsWith("barcode.") || why.code === "item.unknown"));

/** Why a scan came to nothing, in the person's language. */
export const whyMissed = (why: Missed["why"]): string => (typeof why === "string" ? t(`missed.${why}`) : sentence(why));

class Till {
  start = $state<Start | null>(null);
  shop = $state<Shop | null>(null);
  people = $state<Person[]>([]);
  session = $state<Session | null>(null);
  basket = $state<Basket | null>(null);
  payment = $state<Payment | null>(null);
  sold = $state<Sold | null>(null);
  sync = $state<SyncState | null>(null);
  check = $state<LedgerCheck | null>(null);
  papers = $state<PrintQueue | null>(null);
  printer = $state<PrinterSetup | null>(null);
  preferences = $state<Preferences>(usual);
  screen = $state<Screen>("sell");
  /** Goods that are about to be moved or counted, as they are entered. */
  moving = $state<{ act: MoveKind | "count" | null; rows: MovingRow[] }>({ act: null, rows: [] });
  returnNumber = $state<string | null>(null);
  orderId = $state<string | null>(null);
  /** What was scanned and led to nothing. It stays in sight until a person puts it away, or the code is taken. */
  missed = $state<Missed[]>([]);
  /** Scans that are not taken yet. */
  waiting = $state<Scan[]>([]);
  /** Whether they wait for a person to answer or close a dialog. */
  held = $state(false);
  selected = $state<number | null>(null);
  toasts = $state<Toast[]>([]);
  said = $state("");
  asking = $state<{ role: Role; fault: Fault; answer: (approval: Approval | null) => void } | null>(null);
  stockTick = $state(0);
  catalogueTick = $state(0);
  ordersTick = $state(0);
  nowMs = $state(Date.now());
  /** Hears every key with its time, to set a scanner up. */
  keySeen: ((key: Key) => void) | null = null;
  private guard: (() => void) | null = null;
  private open = $state<Dialog | null>(null);
  private closed: (() => void)[] = [];
  private sinks: Sink[] = [];
  private taking = false;
  private toastId = 0;

  get dialog(): Dialog | null {
    return this.open;
  }

  set dialog(dialog: Dialog | null) {
    this.open = dialog;
    for (const wake of this.closed.splice(0)) wake();
  }

  /** Whether a dialog asks about goods that were scanned or chosen: the next goods come after its answer. */
  private get questioned(): boolean {
    return this.open !== null && ["choose", "price", "weight"].includes(this.open.kind);
  }

  get signedIn(): boolean {
    return this.session?.person != null && !this.session.locked;
  }

  async boot(): Promise<void> {
    this.start = await commands.start();
    if (this.start.kind === "damaged") return this.read();
    if (this.start.kind !== "ready") return this.readPreferences();
    [this.shop, this.people, this.session, this.preferences, this.sync, this.check, this.papers, this.printer] = await Promise.all([
      commands.shop(), commands.people(), commands.session(), commands.preferences(), commands.syncState(), commands.ledgerCheck(), commands.printQueue(), commands.printer(),
    ]);
    texts.useShop(this.shop);
    this.usePreferences(this.preferences);
    this.sold = this.session.done;
    await this.readBasket();
  }

  /** What can be read of a damaged ledger, to look at its documents and to name who restores. */
  private async read(): Promise<void> {
    this.session = null;
    await this.readPreferences();
    try {
      [this.shop, this.people] = await Promise.all([commands.shop(), commands.people()]);
      texts.useShop(this.shop);
    } catch (error) {
      console.warn("the damaged ledger cannot be read", error);
    }
  }

  /** What was chosen for this till. Where no ledger can be read, what the window goes by stays. */
  private async readPreferences(): Promise<void> {
    const kept = await commands.preferences().catch(() => null);
    if (kept) this.usePreferences(kept);
  }

  private get keeps(): boolean {
    return this.start?.kind === "ready" || this.start?.kind === "waiting_for_store";
  }

  private preferring: Promise<unknown> = Promise.resolve();

  /** Changes how this till likes to be used, at once; kept one after the other, once there is a ledger. */
  prefer(change: Partial<Preferences>): void {
    const wanted = { ...$state.snapshot(this.preferences), ...change };
    this.usePreferences(wanted);
    if (!this.keeps) return;
    this.preferring = this.preferring.then(async () => {
      const kept = await this.run(async () => { await commands.setPreferences(wanted); });
      if (!kept) await this.readPreferences();
    });
  }

  usePreferences(preferences: Preferences): void {
    this.preferences = preferences;
    useLook(preferences.language, preferences.theme);
  }

  async readBasket(): Promise<void> {
    const basket = await commands.basket();
    this.basket = basket;
    this.payment = basket.paying ? await commands.payment() : null;
    if (this.selected !== null && !basket.lines.some((line) => line.no === this.selected)) this.selected = null;
  }

  /** What is not on paper; trouble with the printer is said once, when it begins. */
  private async readPapers(): Promise<void> {
    const [papers, printer] = await Promise.all([commands.printQueue(), commands.printer()]);
    const { trouble } = papers;
    if (trouble && trouble.code !== this.papers?.trouble?.code) this.toast("bad", sentence(trouble));
    [this.papers, this.printer] = [papers, printer];
    if (this.sold) {
      const last = await commands.lastSale();
      if (last && last.id === this.sold?.id) this.sold = { ...this.sold, paper: last.paper };
    }
  }

  async hear(topics: Topic[]): Promise<void> {
    if (this.start?.kind !== "ready") return this.boot();
    const has = (...some: Topic[]) => some.some((topic) => topics.includes(topic));
    if (has("sync", "journal")) this.sync = await commands.syncState();
    if (has("session", "shift", "parked")) {
      this.start = await commands.start();
      if (this.start.kind !== "ready") return this.boot();
      this.session = await commands.session();
      this.check = await commands.ledgerCheck();
    }
    if (has("catalogue")) {
      [this.shop, this.people] = await Promise.all([commands.shop(), commands.people()]);
      texts.useShop(this.shop);
      this.catalogueTick += 1;
    }
    if (has("stock", "catalogue", "documents")) this.stockTick += 1;
    if (has("orders")) this.ordersTick += 1;
    if (has("papers", "documents")) await this.readPapers();
  }

  toast(tone: Toast["tone"], text: string): void {
    const id = ++this.toastId;
    this.toasts = [...this.toasts.slice(-3), { id, tone, text }];
    setTimeout(() => this.drop(id), tone === "bad" ? 9000 : 4000);
  }

  drop(id: number): void {
    this.toasts = this.toasts.filter((toast) => toast.id !== id);
  }

  /** Somebody is here and will scan: a gesture has come before, without which no sound is allowed. */
  prepareSounds(): void {
    if (this.preferences.sounds) prepare();
  }

  sound(sound: Parameters<typeof play>[0]): void {
    if (this.preferences.sounds) play(sound);
  }

  fail(error: unknown): void {
    this.sound("error");
    this.toast("bad", sentence(faultOf(error)));
  }

  /** Runs an act; a refusal is shown, and the answer is whether it was done. */
  async run(act: () => Promise<void>): Promise<boolean> {
    try {
      await act();
      return true;
    } catch (error) {
      this.fail(error);
      return false;
    }
  }

  /** Runs an act that may need a second person: asks for their PIN in place, and tries again with it. */
  async approved<T>(act: Approved<T>): Promise<T> {
    let approval: Approval | null = null;
    for (;;) {
      try {
        return await act(approval);
      } catch (error) {
        const fault = faultOf(error);
        const again = needsApproval(fault) || (approval !== null && fault.code.startsWith("staff."));
        if (!again) throw error;
        const role = (fault.values.role as Role | undefined) ?? this.asking?.role ?? "manager";
        const given: Approval | null = await new Promise((answer) => {
          this.asking = { role, fault, answer };
        });
        this.asking = null;
        if (given === null) throw error;
        approval = given;
      }
    }
  }

  show(basket: Basket): void {
    this.basket = basket;
    this.payment = null;
    if (basket.lastLine !== null) this.selected = basket.lastLine;
    else if (this.selected !== null && !basket.lines.some((line) => line.no === this.selected)) this.selected = null;
  }

  /** What came of a scan or a choice. */
  took(scanned: Scanned): void {
    switch (scanned.kind) {
      case "added": {
        this.sold = null;
        if (this.questioned) this.dialog = null;
        this.show(scanned.basket);
        this.screen = "sell";
        this.sound("ok");
        const line = scanned.basket.lines.find((one) => one.no === scanned.line);
        if (line) this.said = `${line.name}, ${texts.format.quantity(line.quantityMilli, line.uom)}, ${texts.format.money(line.totalMinor)}`;
        break;
      }
      case "choose":
        this.dialog = { kind: "choose", items: scanned.items, quantityMilli: scanned.quantityMilli };
        break;
      case "needs_price":
        this.dialog = { kind: "price", item: scanned.item, quantityMilli: scanned.quantityMilli };
        break;
      case "needs_quantity":
        this.dialog = { kind: "weight", item: scanned.item, unitPriceMicros: scanned.unitPriceMicros };
        break;
      case "document":
        this.returnNumber = scanned.number;
        this.screen = "returns";
        break;
      case "order":
        this.orderId = scanned.order;
        this.screen = "orders";
        break;
    }
  }

  /** Gives scans to a screen or dialog as long as it is shown: the latest is asked first. */
  takeScans(sink: Sink): () => void {
    this.sinks.push(sink);
    return () => {
      this.sinks = this.sinks.filter((one) => one !== sink);
    };
  }

  /** Is told of each scan while a PIN is typed: its digits are none of it. */
  guardPin(guard: () => void): () => void {
    this.guard = guard;
    return () => {
      if (this.guard === guard) this.guard = null;
    };
  }

  /** Scans are taken one after the other, none is dropped. */
  scan(code: string, quantityMilli: number | null): void {
    const scan = { code, quantityMilli };
    if (!this.signedIn || this.asking) {
      this.guard?.();
      this.miss(scan, "pin");
      return;
    }
    if (this.held && isBack(code)) {
      // It answers what the others wait for.
      void this.run(() => this.obey("back"));
      return;
    }
    this.waiting.push(scan);
    if (this.held) this.tellWaiting();
    void this.takeWaiting();
  }

  private async takeWaiting(): Promise<void> {
    if (this.taking) return;
    this.taking = true;
    for (let scan = this.waiting[0]; scan; scan = this.waiting[0]) {
      try {
        if (!isBack(scan.code)) await this.hold(() => !this.questioned);
        await this.take(scan);
      } catch (error) {
        // One that cannot even be told of keeps no other waiting.
        console.error("a scan was not taken", error);
      } finally {
        this.waiting.shift();
      }
    }
    this.taking = false;
  }

  /** Waits for a person to come to an end with the dialog that is shown. */
  private async hold(free: () => boolean): Promise<void> {
    while (!free()) {
      if (!this.held) this.tellWaiting();
      this.held = true;
      await new Promise<void>((wake) => this.closed.push(wake));
    }
    this.held = false;
  }

  private tellWaiting(): void {
    this.sound("waits");
    this.said = t("scan.waits", { count: this.waiting.length });
  }

  private async take(scan: Scan): Promise<void> {
    const { code, quantityMilli } = scan;
    try {
      for (const sink of this.sinks.toReversed()) {
        const answer = await sink(code, quantityMilli);
        if (answer === true) this.makeGood(scan);
        if (answer) return;
      }
      const scanned = await this.scanned(scan);
      if (scanned.kind === "unknown") {
        this.miss(scan, "unknown");
        return;
      }
      this.makeGood(scan);
      if (scanned.kind === "command") {
        await this.run(() => this.obey(scanned.command));
      } else {
        // Goods go into the basket beneath a dialog; what needs the place of the dialog waits for it.
        if (scanned.kind !== "added") await this.hold(() => this.dialog === null);
        this.took(scanned);
      }
    } catch (error) {
      this.miss(scan, faultOf(error));
    }
  }

  /** A scan of goods goes back from a payment of which nothing was taken or asked for. */
  private async scanned({ code, quantityMilli }: Scan): Promise<Scanned> {
    try {
      return await commands.scan(code, quantityMilli);
    } catch (error) {
      const begun = this.payment === null || this.payment.tendered.length > 0 || this.payment.asking !== null || this.payment.upi !== null;
      if (faultOf(error).code !== "payment.open" || begun || (await commands.lookUp(code)).kind !== "items") throw error;
      this.show(await commands.leavePayment());
      return commands.scan(code, quantityMilli);
    }
  }

  /** Keeps what was scanned in sight. Who scans a code again that nothing has tries it once more; all else is one more of it. */
  miss(scan: Scan, why: Missed["why"]): "missed" {
    const before = this.missed.find((one) => alike(one, scan))?.times ?? 0;
    this.putAway(scan);
    this.missed.push({ ...scan, why, times: nameless(why) ? 1 : before + 1 });
    this.said = `${scan.code}: ${whyMissed(why)}`;
    this.sound(why === "unknown" ? "unknown" : "error");
    return "missed";
  }

  /** One of those that came to nothing was taken after all. */
  private makeGood(scan: Scan): void {
    const row = this.missed.find((one) => alike(one, scan));
    if (row && row.times > 1) row.times -= 1;
    else this.putAway(scan);
  }

  putAway(scan: Scan): void {
    this.missed = this.missed.filter((one) => !alike(one, scan));
  }

  /** Scans all of a row again. */
  again({ code, quantityMilli, times }: Missed): void {
    this.putAway({ code, quantityMilli });
    for (let no = 0; no < times; no += 1) this.scan(code, quantityMilli);
  }

  /** What a code of the card beside the scanner asks for. */
  private async obey(command: ScanCommand): Promise<void> {
    switch (command) {
      case "pay": return this.beginPayment();
      case "cash":
      case "card": {
        if (!this.payment) await this.beginPayment();
        if (!this.payment) return;
        const offer: Offer = { type: command, amountMinor: null, givenMinor: null, reference: null };
        return this.paid(await this.approved((approval) => commands.pay(offer, approval)));
      }
      case "undo": {
        const tender = this.payment?.tendered.at(-1);
        const line = this.basket?.lines.at(-1);
        if (tender) this.payment = await commands.removeTender(tender.no);
        else if (line && !this.payment) this.show(await commands.removeLine(line.no));
        return;
      }
      case "back":
        if (this.dialog) this.dialog = null;
        else if (this.payment) this.show(await commands.leavePayment());
        else [this.sold, this.screen] = [null, "sell"];
    }
  }

  /** What came of a tender. */
  paid(paid: Paid): void {
    if (paid.kind === "sold") this.done(paid.sold);
    else this.payment = paid.payment;
  }

  async choose(item: Item, quantityMilli: number | null = null, unitPriceMicros: number | null = null): Promise<boolean> {
    return this.run(async () => this.took(await commands.add(item.sku, quantityMilli, unitPriceMicros)));
  }

  /** A product of the grid: one variant goes into the basket, several are chosen from. */
  async pick(item: Item, quantityMilli: number | null): Promise<void> {
    if (item.variants > 1) {
      await this.run(async () => {
        this.dialog = { kind: "choose", items: await commands.variants(item.product), quantityMilli };
      });
    } else {
      await this.choose(item, quantityMilli);
    }
  }

  done(sold: Sold): void {
    this.sold = sold;
    this.payment = null;
    this.dialog = null;
    this.selected = null;
    this.sound("done");
    this.said = t("pay.done", { number: sold.number, change: texts.format.money(sold.changeMinor) });
    // What was said about its paper meanwhile was said of no sale that was shown.
    void this.run(async () => { await Promise.all([this.readBasket(), this.readPapers()]); });
  }

  /** What was sold last is put away for good. */
  leaveSale(): void {
    if (this.sold === null) return;
    this.sold = null;
    void this.run(async () => { await commands.leaveSale(); });
  }

  /** The till belongs to no shop any more: nothing that was shown of it stays. */
  async leaveShop(): Promise<void> {
    Object.assign(this, { shop: null, people: [], session: null, basket: null, payment: null, sync: null, check: null, papers: null, printer: null, toasts: [], said: "" });
    await this.beginAnew();
  }

  /** Another ledger is open: nothing that was entered into the one before is of it. */
  async beginAnew(): Promise<void> {
    Object.assign(this, { sold: null, returnNumber: null, orderId: null, missed: [], moving: { act: null, rows: [] }, selected: null });
    this.go("sell");
    await this.boot();
  }

  /** Whoever comes next sees nothing of the last sale. */
  async signOut(): Promise<void> {
    this.session = await commands.signOut();
    this.sold = null;
  }

  go(screen: Screen): void {
    this.dialog = null;
    this.screen = screen;
  }

  async beginPayment(): Promise<void> {
    if (!this.basket || (this.basket.lines.length === 0 && this.basket.returns.length === 0)) return;
    this.dialog = null;
    this.screen = "sell";
    await this.run(async () => {
      this.payment = await commands.beginPayment();
    });
  }
}

export const till = new Till();
