import type { Reporter, TestModule } from "vitest/node";

/** Ends a run with one plain line that people and machines can read, after the reasons for skipped suites. */
// oxlint-disable-next-line import/no-default-export -- the runner loads reporters by their default export
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0 };
    const reasons = new Set<string>();
    for (const module of modules) {
      if (module.errors().length > 0) count.failed++;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "pending") continue;
        count[state]++;
        const reason = /\[skipped: ([^\]]+)\]/.exec(test.fullName)?.[1];
        if (state === "skipped" && reason) reasons.add(reason);
      }
    }
    for (const reason of reasons) console.log(`skipped: ${reason}`);
    console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
  }
}
