import { defineConfig } from "vitest/config";

// Rings 1–3 (pure, contract, crash) start first; scenarios with real processes last, so that a slip in the core shows
// within seconds. Two workers, as the smallest machine that CI runs on has two cores.
export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    reporters: ["default"],
  },
});
