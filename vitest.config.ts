import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** Kinds of test, one folder each (docs/architecture.md). `unit` needs nothing but Node and ends in seconds. */
const slow = ["contract", "host", "e2e", "compat", "interop"] as const;
const all = "test/**/*.test.ts";

/** The kind `long`: suites that need nothing but Node either, but seconds each: very many cases, real threads, large files. */
const long = [
  "test/adapters/site-files/exact-times.test.ts",
  "test/adapters/site-files/local-exchange.test.ts",
  // Loads modules twice, which would be the others' too.
  "test/adapters/sites/late-settings.test.ts",
  "test/archive/selection/copy-out-tar-gz.test.ts",
  "test/archive/selection/copy-out-zip.test.ts",
  "test/archive/reuse/copy-shard.test.ts",
  "test/archive/directory/directory-columns.test.ts",
  "test/archive/flipped-bits.test.ts",
  "test/archive/hostile-archives.test.ts",
  "test/archive/hostile-threads.test.ts",
  "test/archive/read/extract-own-large.test.ts",
  "test/archive/threads/make-folder.test.ts",
  "test/archive/pack/pack-determinism.test.ts",
  "test/archive/pack/pack-local.test.ts",
  "test/archive/pack/pack-round-trip.test.ts",
  "test/archive/pack/pack-shard.test.ts",
  "test/archive/listing/plan.test.ts",
  "test/archive/reuse/reuse-local.test.ts",
  "test/archive/reuse/reuse-property.test.ts",
  "test/archive/round-trip.test.ts",
  "test/devhost/durable/orchestration-matrix.test.ts",
  "test/manifest/escaped-text.test.ts",
  "test/manifest/manifest.test.ts",
  "test/operations/sweeps/due-costs.test.ts",
  "test/operations/sweeps/two-years.test.ts",
  "test/operations/alarms/alarm-storm.test.ts",
  "test/steps/backup/backup-twice.test.ts",
  "test/steps/backup/backup.test.ts",
  "test/steps/backup/changing-site.test.ts",
  "test/steps/backup/database-files.test.ts",
  "test/steps/restore/cancel-restore.test.ts",
  "test/steps/restore/restore-archives.test.ts",
  "test/steps/restore/restore-crash.test.ts",
  "test/steps/restore/restore-large-tree.test.ts",
  "test/steps/restore/restore.test.ts",
  "test/steps/restore/taken-over.test.ts",
];

export default defineConfig({
  test: {
    globalSetup: ["test/support/build.ts", "test/support/temporary-files.ts"],
    reporters: ["default", "./test/support/summary-reporter.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // What is waited for comes on a slow machine too; the second that is the default does not last there.
    expect: { poll: { timeout: 15_000 } },
    // Three files at a time also on two cores: most of them wait for other processes.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: [all],
          exclude: [...slow.map((kind) => `test/${kind}/**`), ...long],
          testTimeout: 20_000,
          // A process for each of so many small files would cost more than what is in them. Modules are therefore loaded
          // once for several files: what a test changes it puts back, and only test files register hooks.
          isolate: false,
        },
      },
      { extends: true, test: { name: "long", include: long, testTimeout: 120_000 } },
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
