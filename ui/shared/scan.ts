// A scanner types fast and ends with a key. What it typed is taken out of the field that had the focus, and its last key
// presses nothing.

export type ScanSettings = { prefix: string; suffix: string; maxGapMs: number; minLength: number };

export type Key = { key: string; atMs: number };

/** Tells scans from typing, key by key. Pure: the times come with the keys. */
export class ScanReader {
  private typed = "";
  private lastMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly settings: ScanSettings) {}

  /** How many characters of a burst have come so far. */
  get length(): number {
    return this.typed.length;
  }

  /** The code, when this key ended one. */
  take({ key, atMs }: Key): string | null {
    const { prefix, suffix, maxGapMs, minLength } = this.settings;
    const fast = atMs - this.lastMs <= maxGapMs;
    if (!fast) this.typed = "";
    this.lastMs = atMs;
    const ended = key === suffix || (suffix.length === 0 && (key === "Enter" || key === "Tab"));
    if (!ended && key.length === 1) {
      this.typed += key;
      if (suffix.length === 1 || suffix === "Enter" || suffix === "Tab" || suffix.length === 0) return null;
      return this.typed.endsWith(suffix) ? this.finish(this.typed.slice(0, -suffix.length), prefix, minLength) : null;
    }
    if (!ended) {
      if (key !== "Shift") this.typed = "";
      return null;
    }
    return fast ? this.finish(this.typed, prefix, minLength) : this.reset();
  }

  private finish(typed: string, prefix: string, minLength: number): string | null {
    this.reset();
    if (prefix && !typed.startsWith(prefix)) return null;
    const code = typed.slice(prefix.length);
    return code.length >= minLength ? code : null;
  }

  private reset(): null {
    this.typed = "";
    return null;
  }
}

/** What came in one go: the characters, the key that came last, and the longest pause between two. */
export type Burst = { text: string; last: string; largestGapMs: number };

/** Measures keys, as slowly as a person types, so that a scanner can be set up that is not told from one yet. */
export class BurstMeter {
  /** A pause after which something new begins. */
  static readonly PAUSE_MS = 1000;
  private burst: Burst = { text: "", last: "", largestGapMs: 0 };
  private lastMs = Number.NEGATIVE_INFINITY;

  take({ key, atMs }: Key): Burst {
    const gap = atMs - this.lastMs;
    this.lastMs = atMs;
    const { text, last, largestGapMs } = this.burst;
    if (gap > BurstMeter.PAUSE_MS || last === "Enter" || last === "Tab") {
      this.burst = { text: key.length === 1 ? key : "", last: key, largestGapMs: 0 };
    } else if (key !== "Shift") {
      this.burst = { text: key.length === 1 ? text + key : text, last: key, largestGapMs: Math.max(largestGapMs, Math.ceil(gap)) };
    }
    return this.burst;
  }
}

type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

function field(target: EventTarget | null): Field | null {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement ? target : null;
}

/** Whether a space is written there; elsewhere it presses or opens what has the focus. */
function written(target: EventTarget | null): boolean {
  return target instanceof HTMLTextAreaElement || (target instanceof HTMLInputElement && !["checkbox", "radio", "button", "submit"].includes(target.type));
}

/** What stands in a field before the keys of a scan come, to be put back after them; a quantity is used up by the scan. */
class Before {
  private readonly index: number;
  readonly text: string;

  constructor(private readonly into: Field) {
    this.index = into instanceof HTMLSelectElement ? into.selectedIndex : -1;
    this.text = into instanceof HTMLSelectElement ? "" : into.value;
  }

  restore(): void {
    const { into } = this;
    if (!(into instanceof HTMLSelectElement)) {
      into.value = quantityBefore(this.text) === null ? this.text : "";
      into.dispatchEvent(new Event("input", { bubbles: true }));
    } else if (into.selectedIndex !== this.index) {
      into.selectedIndex = this.index;
      for (const name of ["input", "change"]) into.dispatchEvent(new Event(name, { bubbles: true }));
    }
  }
}

/**
 * Listens to the whole window while `settings` answers some. `found` gets the code, and what stood in the field before the scan; `seen` gets
 * every key, whoever typed it.
 */
export function captureScans(target: Window, settings: () => ScanSettings | null, found: (code: string, before: string) => void, seen?: (key: Key) => void): () => void {
  let reader: ScanReader | null = null;
  let made = "";
  let before: Before | null = null;
  const listen = (event: KeyboardEvent) => {
    // GS, which ends a field of a GS1 code, is typed as Ctrl+].
    const separator = event.ctrlKey && !event.altKey && (event.key === "]" || event.key === "\u001d");
    if ((event.ctrlKey && !separator) || event.altKey || event.metaKey || event.isComposing) return;
    const wanted = settings();
    if (wanted === null) return;
    const now = JSON.stringify(wanted);
    if (reader === null || now !== made) {
      made = now;
      reader = new ScanReader(wanted);
    }
    const key = { key: separator ? "\u001d" : event.key, atMs: event.timeStamp };
    seen?.(key);
    const code = reader.take(key);
    if (code === null) {
      if (reader.length === 1) {
        // The first character of what may become a scan has not reached the field yet.
        const into = field(event.target);
        before = into && new Before(into);
      } else if (reader.length > 1 && event.key === " " && !written(event.target)) {
        event.preventDefault();
      }
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    before?.restore();
    const text = before?.text ?? "";
    before = null;
    found(code, text);
  };
  target.addEventListener("keydown", listen, true);
  return () => target.removeEventListener("keydown", listen, true);
}

/** The quantity of `3 * scan`, in thousandths: what was typed before the scan. */
export function quantityBefore(text: string): number | null {
  const match = /^\s*(\d{1,6})(?:[.,](\d{1,3}))?\s*[*x×]\s*$/.exec(text);
  if (!match) return null;
  return Number(match[1] + (match[2] ?? "").padEnd(3, "0"));
}

/** Whether it is a code of the card beside the scanner; the till knows which. */
export const isCommand = (code: string): boolean => /^\s*DAYBOOK-/i.test(code);

/** Whether it is the code that leads one step back. */
export const isBack = (code: string): boolean => /^\s*DAYBOOK-BACK\s*$/i.test(code);

/** Numbers that the shop gives to gift cards and store credit; the till checks the rest. */
export const balanceNumber = /^9[01]\d{14}$/;
