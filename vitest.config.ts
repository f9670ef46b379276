import { defineConfig } from "vitest/config";

/** Kinds of test, one folder each (docs/architecture.md). `unit` needs nothing but Node and ends in seconds. */
const slow = ["contract", "host", "e2e", "compat", "interop"] as const;
const all = "test/**/*.test.ts";

export default defineConfig({
  test: {
    globalSetup: "test/support/build.ts",
    reporters: ["default", "./test/support/summary-reporter.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: { name: "unit", include: [all], exclude: slow.map((kind) => `test/${kind}/**`), testTimeout: 20_000 },
      },
      ...slow.map((kind) => ({
        extends: true as const,
        test: {
          name: kind,
          include: [`test/${kind}/**/*.test.ts`],
          testTimeout: 300_000,
          hookTimeout: 120_000,
          ...(kind === "host" && { globalSetup: "test/host/setup.ts" }),
        },
      })),
    ],
  },
});
