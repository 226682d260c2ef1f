import { defineConfig } from "vitest/config";

// Rings 1 to 3 (pure, contract, crash) come first, so that a slip in the core shows within seconds; scenarios with real
// processes, browsers and installations last. Two workers: the smallest machine that CI runs on has two cores.
const LATE = ["test/scenarios/**/*.test.ts", "test/e2e/**/*.test.ts"];

export default defineConfig({
  test: {
    testTimeout: 20_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: "parts",
          include: ["src/**/*.test.ts", "test/**/*.test.ts"],
          exclude: LATE,
          sequence: { groupOrder: 0 },
        },
      },
      { extends: true, test: { name: "whole", include: LATE, sequence: { groupOrder: 1 } } },
    ],
  },
});
