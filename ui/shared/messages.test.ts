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

function sources(folder: string, kind = /(?<!\.test)\.(svelte|ts)$/): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return ["node_modules", "dist", "tests", "cli"].includes(name) ? [] : sources(path, kind);
    return kind.test(name) ? [path] : [];
  });
}

/** What only the command line, the store's people and its imports meet: never a window of the till. */
const elsewhere = ["domain/src/basket/import.rs", "domain/src/figures.rs", "domain/src/lease/grant.rs", "domain/src/staff/pin.rs", "domain/src/stock/applied.rs"];
const neverShown = /^(amount\.(not_a_number|too_precise)|catalogue\.field|gs1\..*|gtin\..*|lease\..*|till\.ready)$/;
/** The store's answers to a code of the office: the person at the till can mend these. */
const enrolling = ["sync.code_unknown", "sync.code_used", "sync.too_many_tries"];

/** Codes that Rust may give the window, and the fields that it may find fault with, read from its sources. */
function rust(): { codes: Set<string>; fields: Set<string> } {
  const [codes, fields] = [new Set<string>(enrolling), new Set<string>()];
  const literals = (text: string) => [...text.matchAll(/["']([a-z][a-z0-9]*\.[a-z0-9_]+)["']/g)].map((match) => match[1] as string);
  for (const crate of ["domain", "print", "till", "src-tauri", "store"]) {
    for (const path of sources(`../${crate}/src`, /\.rs$/)) {
      if (elsewhere.some((other) => path.endsWith(other))) continue;
      const source = readFileSync(path, "utf8").split("#[cfg(test)]", 1)[0] as string;
      if (crate !== "store") {
        for (const [, body] of source.matchAll(/fn code\(&?self\)[^{]*\{(.*?)\n {4}\}/gs)) literals(body as string).forEach((code) => codes.add(code));
      }
      const given = crate === "store" ? /Outcome::refused\(\s*("[a-z0-9_.]+")/g : /(?:refused|PrintFault::\w+|fault)\(\s*("[a-z0-9_.]+")|(?:code:|problem =) (["'][a-z0-9_.]+["'])/g;
      for (const [, code, stated] of source.matchAll(given)) literals(`${code ?? stated}`).forEach((one) => codes.add(one));
      if (crate === "till") for (const [, field] of source.matchAll(/\b(?:bad|text|named)\(\s*"([a-z_.]+)"/g)) fields.add(field as string);
    }
  }
  return { codes: new Set([...codes].filter((code) => !neverShown.test(code))), fields };
}

it("every code and field that the till finds fault with has its words, and no words are for nothing", () => {
  const { codes, fields } = rust();
  const said = (prefix: string) => Object.keys(en).filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length)).sort();
  expect(said("error.")).toEqual([...codes].sort());
  expect(said("field.")).toEqual([...fields].sort());
});

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
