import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BurstMeter, ScanReader, captureScans, quantityBefore } from "./scan";

const settings = { prefix: "", suffix: "Enter", maxGapMs: 35, minLength: 4 };

/** Feeds keys so many milliseconds apart. */
function typed(reader: ScanReader, text: string[], gapMs: number, from = 1000): string | null {
  let code: string | null = null;
  text.forEach((key, no) => {
    code = reader.take({ key, atMs: from + no * gapMs });
  });
  return code;
}

describe("a scanner is told from a person", () => {
  it("by its speed", () => {
    const keys = [..."8904000210037", "Enter"];
    expect(typed(new ScanReader(settings), keys, 5)).toBe("8904000210037");
    expect(typed(new ScanReader(settings), keys, 120)).toBeNull();
  });

  it("and a slow Enter after fast keys is a person's", () => {
    const reader = new ScanReader(settings);
    typed(reader, [..."12345"], 5);
    expect(reader.take({ key: "Enter", atMs: 9000 })).toBeNull();
  });

  it("with a prefix that is no part of the code", () => {
    const reader = new ScanReader({ ...settings, prefix: "]C1" });
    expect(typed(reader, [..."]C1ABCD", "Enter"], 5)).toBe("ABCD");
    expect(typed(reader, [..."ABCDE", "Enter"], 5, 90_000)).toBeNull();
  });

  it("shifted letters included, short bursts not", () => {
    expect(typed(new ScanReader(settings), ["Shift", "A", "1", "-", "Shift", "B", "Enter"], 5)).toBe("A1-B");
    expect(typed(new ScanReader(settings), ["1", "2", "Enter"], 5)).toBeNull();
  });

  it("one scan after the other", () => {
    const reader = new ScanReader(settings);
    expect(typed(reader, [..."1111", "Enter"], 5)).toBe("1111");
    expect(typed(reader, [..."2222", "Enter"], 5, 1026)).toBe("2222");
  });
});

describe("a scan into a field", () => {
  let stop = () => {};
  const found = vi.fn();
  beforeEach(() => {
    document.body.innerHTML = '<form><input id="field" /><button>Pay</button></form>';
    found.mockReset();
    stop = captureScans(window, () => settings, found);
  });
  afterEach(() => stop());

  it("is taken out again, and its Enter presses nothing", () => {
    const field = document.querySelector<HTMLInputElement>("#field");
    if (!field) throw new Error("no field");
    const submit = vi.fn((event: Event) => event.preventDefault());
    document.querySelector("form")?.addEventListener("submit", submit);
    field.value = "3*";
    let prevented = false;
    const scan = () => {
      for (const key of [..."890400", "Enter"]) {
        const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
        Object.defineProperty(event, "timeStamp", { value: 5000 });
        field.dispatchEvent(event);
        if (key.length === 1) field.value += key;
        else prevented = event.defaultPrevented;
      }
    };
    scan();
    expect(found).toHaveBeenLastCalledWith("890400", "3*");
    expect(field.value, "the quantity is of one scan").toBe("");
    field.value = "tea";
    scan();
    expect(found).toHaveBeenLastCalledWith("890400", "tea");
    expect(field.value).toBe("tea");
    expect(prevented).toBe(true);
    expect(submit).not.toHaveBeenCalled();
  });
});

describe("what has the focus while a scanner types", () => {
  let stop = () => {};
  const found = vi.fn();
  beforeEach(() => {
    document.body.innerHTML = '<select id="list"><option>Card</option><option>7 days</option></select><button id="key">Pay</button>';
    found.mockReset();
    stop = captureScans(window, () => settings, found);
  });
  afterEach(() => stop());

  function press(target: HTMLElement, keys: string[], pressed: (event: KeyboardEvent) => void = () => {}): void {
    for (const key of keys) {
      const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
      Object.defineProperty(event, "timeStamp", { value: 5000 });
      target.dispatchEvent(event);
      pressed(event);
    }
  }

  it("stays as it was: a list goes back to its choice, and says so", () => {
    const list = document.querySelector<HTMLSelectElement>("#list")!;
    const changed = vi.fn();
    list.addEventListener("change", changed);
    // The engine looks the first character up in the list.
    press(list, [..."7890", "Enter"], () => { if (found.mock.calls.length === 0) list.selectedIndex = 1; });
    expect(found).toHaveBeenCalledExactlyOnceWith("7890", "");
    expect(list.selectedIndex).toBe(0);
    expect(changed).toHaveBeenCalledTimes(1);
  });

  it("is not pressed by a space within a code, but by a person's", () => {
    const key = document.querySelector<HTMLElement>("#key")!;
    const kept: string[] = [];
    press(key, [..."AB 12", "Enter"], (event) => { if (event.defaultPrevented) kept.push(event.key); });
    expect(kept).toEqual([" ", "Enter"]);
    expect(found).toHaveBeenCalledExactlyOnceWith("AB 12", "");
    let prevented = true;
    press(key, [" "], (event) => { prevented = event.defaultPrevented; });
    expect(prevented).toBe(false);
  });
});

it("a scanner that is set up is measured, however slow it is", () => {
  const meter = new BurstMeter();
  let at = 0;
  const came = [..."]C1AB", "Enter"].map((key, no) => meter.take({ key, atMs: (at += no === 3 ? 90.5 : 40) })).at(-1);
  expect(came).toEqual({ text: "]C1AB", last: "Enter", largestGapMs: 91 });
  expect(meter.take({ key: "9", atMs: at + 10 })).toEqual({ text: "9", last: "9", largestGapMs: 0 });
});

it("a quantity before a scan is read in thousandths", () => {
  expect(quantityBefore("3*")).toBe(3000);
  expect(quantityBefore(" 1.25 x ")).toBe(1250);
  for (const text of ["3", "tea *", "*", ""]) expect(quantityBefore(text)).toBeNull();
});
