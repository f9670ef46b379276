import { describe, expect, it } from "vitest";
import type { StepName } from "../../src/workflows/contract.ts";
import { restoreSite, undoRestore } from "../../src/workflows/restore-site.ts";
import { fakeWorkflow, finish } from "../support/fake-workflow.ts";

const run = { site: { subscription: "s", resourceGroup: "g", name: "shop" }, run: "restore-1", epoch: 2 };
const whole = {
  checkArchive: () => ({ ok: true as const, checked: "checked", databases: 0, files: true }),
  swapIn: () => ({ ok: true as const, report: "swapped" }),
  restoreConfiguration: () => ({ ok: true as const, report: "configured" }),
  putBack: () => ({ ok: true as const, report: "put back" }),
  planRestore: () => ({ ok: true as const, plan: "plan", changes: 1 }),
  stageRestore: () => ({ ok: true as const, staged: "staged" }),
  restageRestore: () => ({ ok: true as const, staged: "staged again" }),
};
const failing = (step: StepName) => ({
  [step]: () => ({ ok: false as const, code: "Failed" as const, message: `${step} said no` }),
});

describe("a restore", () => {
  it("proves, plans and stages before it stops the site, and starts it at the end", () => {
    const { wf, calls, steps } = fakeWorkflow(whole);
    finish(restoreSite(wf, run));
    expect(steps()).toEqual([
      "checkArchive",
      "planRestore",
      "stageRestore",
      "stopSite",
      "restageRestore",
      "swapIn",
      "restoreConfiguration",
      "startSite",
      "closeRestore",
    ]);
    expect(calls.find((call) => call.step === "swapIn")?.input).toMatchObject({ staged: "staged again" });
    expect(calls.at(-1)?.input).toEqual({ ...run, reports: ["plan", "staged again", "swapped", "configured"] });
  });

  it.each(["checkArchive", "planRestore", "stageRestore"] as const)(
    "does not touch the site when %s says no",
    (step) => {
      const { wf, calls, steps } = fakeWorkflow({ ...whole, ...failing(step) });
      finish(restoreSite(wf, run));
      expect(steps()).not.toContain("stopSite");
      expect(calls.at(-1)?.input).toMatchObject({ ...run, failure: `${step} said no` });
    },
  );

  it("does not touch the site when there is nothing to change", () => {
    const { wf, steps } = fakeWorkflow({ ...whole, planRestore: () => ({ ok: true, plan: "plan", changes: 0 }) });
    finish(restoreSite(wf, run));
    expect(steps()).toEqual(["checkArchive", "planRestore", "closeRestore"]);
  });

  it.each(["swapIn", "restoreConfiguration"] as const)(
    "puts everything back and starts the site when %s says no",
    (step) => {
      const { wf, calls, steps } = fakeWorkflow({ ...whole, ...failing(step) });
      finish(restoreSite(wf, run));
      expect(steps().slice(-3)).toEqual(["putBack", "startSite", "closeRestore"]);
      expect(calls.at(-1)?.input).toMatchObject({ ...run, failure: `${step} said no` });
    },
  );

  it("tells both faults when what was replaced cannot be put back", () => {
    const { wf, calls, steps } = fakeWorkflow({
      ...whole,
      ...failing("swapIn"),
      putBack: () => {
        throw new Error("a folder stands in the way");
      },
    });
    finish(restoreSite(wf, run));
    expect(steps().slice(-3)).toEqual(["putBack", "startSite", "closeRestore"]);
    expect(calls.at(-1)?.input).toMatchObject({
      failure:
        "swapIn said no What was replaced could not be put back: The step putBack failed: a folder stands in the way",
    });
  });

  it("puts everything back also when the swap keeps throwing", () => {
    const { wf, calls, steps } = fakeWorkflow({
      ...whole,
      swapIn: () => {
        throw new Error("EIO");
      },
    });
    finish(restoreSite(wf, run));
    expect(steps().slice(-3)).toEqual(["putBack", "startSite", "closeRestore"]);
    expect(calls.at(-1)?.input).toMatchObject({ ...run, failure: "The step swapIn failed: EIO" });
  });

  it("leaves the swap alone once another run owns the site", () => {
    const lost = () => ({ ok: false as const, code: "RunLost" as const, message: "lost" });
    const { wf, steps } = fakeWorkflow({ ...whole, swapIn: lost });
    finish(restoreSite(wf, run));
    expect(steps().slice(-2)).toEqual(["swapIn", "closeRestore"]);
  });

  it("starts the site again when it could not be stopped", () => {
    const { wf, steps } = fakeWorkflow({ ...whole, ...failing("stopSite") });
    finish(restoreSite(wf, run));
    expect(steps().slice(-2)).toEqual(["startSite", "closeRestore"]);
    expect(steps()).not.toContain("swapIn");
  });

  it("tells of a site that stays down whatever else went wrong", () => {
    const { wf, calls } = fakeWorkflow({ ...whole, ...failing("swapIn"), ...failing("startSite") });
    finish(restoreSite(wf, run));
    const failure = "swapIn said no The site could not be started: startSite said no";
    expect(calls.at(-1)?.input).toMatchObject({ failure });
  });
});

describe("an undo", () => {
  it("stops, puts back, starts and closes", () => {
    const { wf, steps } = fakeWorkflow(whole);
    finish(undoRestore(wf, run));
    expect(steps()).toEqual(["stopSite", "putBack", "startSite", "closeRestore"]);
  });

  it("starts the site also when nothing could be put back, and tells why", () => {
    const { wf, calls } = fakeWorkflow(failing("putBack"));
    finish(undoRestore(wf, run));
    expect(calls.map((call) => call.step)).toEqual(["stopSite", "putBack", "startSite", "closeRestore"]);
    expect(calls.at(-1)?.input).toEqual({ ...run, reports: [], failure: "putBack said no" });
  });
});
