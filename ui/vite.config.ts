import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

export default defineConfig(({ mode }) => ({
  resolve: mode === "test" ? { conditions: ["browser"] } : undefined,
  plugins: [svelte()],
  clearScreen: false,
  server: { port: 1420, strictPort: true },
  build: { target: "safari16", outDir: "dist", emptyOutDir: true, assetsInlineLimit: 0, chunkSizeWarningLimit: 1500 },
  test: {
    environment: "jsdom", setupFiles: ["till/tests/setup.ts"], include: ["**/*.test.ts"], exclude: ["node_modules/**", "dist/**"], testTimeout: 60_000,
  },
}));
