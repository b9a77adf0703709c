// How a window looks and reads, and what it keeps from the browser in it.

import { texts } from "./i18n.svelte";
import type { Language } from "./format";

export function useLook(language: string, theme: "light" | "dark" | "system"): void {
  texts.language = language as Language;
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = theme === "system" ? (dark ? "dark" : "light") : theme;
  document.documentElement.lang = texts.language;
  document.documentElement.dir = texts.direction;
}

/** Keeps a key from loading the window anew. */
export function keepLoaded(event: KeyboardEvent): void {
  if (event.key === "F5" || (event.ctrlKey && event.key.toLowerCase() === "r")) event.preventDefault();
}
