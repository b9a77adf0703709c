import { describe, expect, it } from "vitest";
import { editable, formats, languageOf, parseDecimal } from "./format";

describe("figures as people type them", () => {
  it("are read exactly or refused", () => {
    expect(parseDecimal("499.5", 2)).toBe(49950);
    expect(parseDecimal("0.250", 3)).toBe(250);
    expect(parseDecimal("-3", 3)).toBe(-3000);
    expect(parseDecimal("१२.५", 2)).toBe(1250);
    expect(parseDecimal("١٢٫٥", 2)).toBe(1250);
    for (const text of ["", ".5", "1.005", "1e3", "--1", "abc", "1 2"]) expect(parseDecimal(text, 2)).toBeNull();
  });

  it("come back as they were typed", () => {
    for (const [value, digits, text] of [[49950, 2, "499.5"], [1000, 3, "1"], [250, 3, "0.25"], [-5, 2, "-0.05"], [0, 2, "0"]] as const) {
      expect(editable(value, digits)).toBe(text);
      expect(parseDecimal(text, digits)).toBe(value);
    }
  });
});

describe("figures as people read them", () => {
  it("follow the language and the currency", () => {
    const english = formats("en", "INR", 2, 330);
    expect(english.money(12345678)).toBe("₹1,23,456.78");
    expect(english.quantity(1500, "kg")).toBe("1.5 kg");
    expect(formats("hi", "INR", 2, 330).quantity(1500, "kg")).toBe("1.5 कि॰ग्रा॰");
    expect(english.quantity(2000)).toBe("2");
    expect(english.percent(125000)).toBe("12.5%");
    expect(english.dateTime(Date.UTC(2026, 10, 26, 20, 19)), "of the shop, not of the machine").toMatch(/27.*1:49/);
    expect(formats("en", "JPY", 0, 540).money(500)).toContain("500");
    expect(formats("ar", "INR", 2, 330).money(100)).toContain("1.00");
  });
});

it("the language is the first that a person wants and we speak", () => {
  expect(languageOf(["fr-FR", "ar-EG", "en"])).toBe("ar");
  expect(languageOf(["hi"])).toBe("hi");
  expect(languageOf(["C"])).toBe("en");
});
