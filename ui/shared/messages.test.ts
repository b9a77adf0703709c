import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { IntlMessageFormat } from "intl-messageformat";
import { expect, it } from "vitest";
import ar from "./messages/ar.json";
import en from "./messages/en.json";
import hi from "./messages/hi.json";

const names = (text: string) => [...new Set([...text.matchAll(/\{(\w+)\s*[,}]/g)].map((match) => match[1]))].filter((name) => !/^\d/.test(name ?? "")).sort();

it("all three languages say the same things with the same figures", () => {
  for (const other of [hi, ar] as Record<string, string>[]) {
    expect(Object.keys(other).sort()).toEqual(Object.keys(en).sort());
    for (const [key, text] of Object.entries(en)) expect(names(other[key] ?? ""), key).toEqual(names(text));
  }
});

it("every message is well-formed in its language", () => {
  for (const [language, catalogue] of [["en", en], ["hi", hi], ["ar", ar]] as const) {
    for (const [key, text] of Object.entries(catalogue)) {
      const values = Object.fromEntries(names(text).map((name) => [name, 3]));
      expect(() => new IntlMessageFormat(text, language).format(values), `${language} ${key}`).not.toThrow();
    }
  }
});

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return name === "node_modules" || name === "dist" ? [] : sources(path);
    return /\.(svelte|ts)$/.test(name) && !/\.test\.ts$/.test(name) ? [path] : [];
  });
}

it("no text is written into a screen, and no message is missing", () => {
  for (const path of sources("till")) {
    const source = readFileSync(path, "utf8");
    for (const match of source.matchAll(/\bt\("([^"]+)"/g)) expect(en, `${path}: ${match[1]}`).toHaveProperty([match[1] as string]);
  }
});

it("amounts are never added up in the window", () => {
  for (const path of [...sources("till"), ...sources("shared")]) {
    if (path.endsWith("bindings.ts")) continue;
    const sums = readFileSync(path, "utf8").match(/\w+Minor\s*[-+*/]\s*\w|\w\s*[-+*/]\s*\w+Minor\b/g) ?? [];
    expect(sums, path).toEqual([]);
  }
});
