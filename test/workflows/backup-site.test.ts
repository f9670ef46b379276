import { describe, expect, it } from "vitest";
import { backupSite } from "../../src/workflows/backup-site.ts";
import { fakeWorkflow, finish } from "../support/fake-workflow.ts";

const site = { subscription: "s", resourceGroup: "g", name: "shop" };
const run = { site, run: "backup-1", epoch: 3, backup: 1 };
const plan = { ok: true as const, plan: "plan", shards: 3, copies: 1, atATime: 2 };
const index = (input: { readonly shard: number }) => ({ ok: true as const, index: `shard ${input.shard}` });
const copied = (input: { readonly part: number }) => ({ ok: true as const, copied: `copy ${input.part}` });

const whole = {
  planArchive: () => plan,
  copyUnchanged: copied,
  packShard: index,
  sealArchive: () => ({ ok: true as const, seal: "seal" }),
  describeBackup: () => ({ ok: true as const, summary: "summary" }),
};

describe("a backup", () => {
  it("opens, plans, copies, packs, seals, reads back, describes, closes and tidies up, in this order", () => {
    const { wf, calls, steps } = fakeWorkflow(whole);
    finish(backupSite(wf, run));
    expect(steps()).toEqual([
      "openBackup",
      "planArchive",
      "copyUnchanged",
      "packShard",
      "packShard",
      "packShard",
      "sealArchive",
      "readBack",
      "describeBackup",
      "closeBackup",
      "afterBackup",
    ]);
    expect(calls.find((call) => call.step === "sealArchive")?.input).toMatchObject({
      copied: ["copy 0"],
      indexes: ["shard 0", "shard 1", "shard 2"],
    });
    expect(calls.at(-2)?.input).toEqual({ ...run, summary: "summary" });
  });

  it("packs everything from the site when the archive it copies from has gone", () => {
    const gone = { ok: false as const, code: "SourceGone" as const, message: "gone" };
    const { wf, calls } = fakeWorkflow({
      ...whole,
      planArchive: (input) => ({ ...plan, copies: input.fromScratch ? 0 : 1 }),
      copyUnchanged: () => gone,
    });
    finish(backupSite(wf, run));
    expect(calls.filter((call) => call.step === "planArchive").map((call) => call.input)).toEqual([
      { ...run, fromScratch: false },
      { ...run, fromScratch: true },
    ]);
    expect(calls.at(-2)?.input).toEqual({ ...run, summary: "summary" });
  });

  it.each(["openBackup", "planArchive", "packShard", "sealArchive", "readBack", "describeBackup"] as const)(
    "closes with the reason when %s says it cannot be done",
    (step) => {
      const no = () => ({ ok: false as const, code: "Failed" as const, message: `${step} said no` });
      const { wf, calls } = fakeWorkflow({ ...whole, [step]: no });
      finish(backupSite(wf, run));
      expect(calls.at(-2)).toEqual({ step: "closeBackup", input: { ...run, failure: `${step} said no` } });
    },
  );

  it("closes with the reason when a step keeps throwing", () => {
    const { wf, calls } = fakeWorkflow({
      ...whole,
      packShard: () => {
        throw new Error("EIO");
      },
    });
    finish(backupSite(wf, run));
    expect(calls.at(-2)).toEqual({ step: "closeBackup", input: { ...run, failure: "The step packShard failed: EIO" } });
  });

  it("stays as it was closed when tidying up keeps throwing", () => {
    const { wf, calls } = fakeWorkflow({
      ...whole,
      afterBackup: () => {
        throw new Error("EIO");
      },
    });
    finish(backupSite(wf, run));
    expect(calls.map(({ step }) => step).slice(-2)).toEqual(["closeBackup", "afterBackup"]);
  });
});
