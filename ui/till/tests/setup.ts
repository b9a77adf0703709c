// What jsdom lacks of a browser, and the till behind the window.

import { cleanup, configure } from "@testing-library/svelte";
import { afterEach, vi } from "vitest";
import { fake, forget } from "./fake";

class Size {
  constructor(private readonly hear: ResizeObserverCallback) {}
  observe(target: Element): void {
    this.hear([{ target, contentRect: target.getBoundingClientRect() } as ResizeObserverEntry], this as unknown as ResizeObserver);
  }
  unobserve(): void {}
  disconnect(): void {}
}
if (typeof window !== "undefined") {
  vi.stubGlobal("ResizeObserver", Size);
  window.matchMedia = ((query: string) => ({ matches: false, media: query, addEventListener() {}, removeEventListener() {} })) as unknown as typeof window.matchMedia;
  Element.prototype.scrollIntoView = () => {};
  // A window of a size: jsdom lays nothing out.
  Object.defineProperty(HTMLElement.prototype, "clientWidth", { configurable: true, get: () => 480 });
  Object.defineProperty(HTMLElement.prototype, "clientHeight", { configurable: true, get: () => 560 });
}

// A busy machine is slow, not wrong.
configure({ asyncUtilTimeout: 15_000 });

vi.mock("@tauri-apps/api/event", () => ({ listen: async () => () => {} }));
vi.mock("../bindings", () => ({ commands: fake }));

afterEach(() => {
  cleanup();
  forget();
});
