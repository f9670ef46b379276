import { lutimesSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { setExactTimes } from "../../../src/adapters/site-files/exact-times.ts";
import { describeWith, hasCommand } from "../../support/needs.ts";
import { readTree, temporaryFolder } from "../../support/file-tree.ts";

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => {
  vi.unstubAllEnvs();
  folder.remove();
});
const at = (name: string): string => `${folder.path}/${name}`;
const timesFound = (): readonly bigint[] => [...readTree(folder.path).values()].map((node) => node.mtimeNs);

describeWith("perl on Linux", process.platform === "linux" && hasCommand("perl"), "exact times", () => {
  it.each([1_700_000_000_123_456_789n, 1n, -1n, -5_000_000_001n, 999_999_999n])(
    "are set to the nanosecond on files, folders and links (%s)",
    async (mtimeNs) => {
      mkdirSync(at("folder"));
      writeFileSync(at("folder/new\nline"), "");
      symlinkSync("nowhere", Buffer.from(at("folder/link-\xff"), "latin1"));
      const files = ["folder/new\nline", "folder/link-\xff", "folder"].map(at);
      expect(await setExactTimes(files.map((file) => ({ file, mtimeNs })))).toBe(0);
      expect(timesFound()).toEqual([mtimeNs, mtimeNs, mtimeNs]);
    },
  );

  it("are set for many files, and those that are missing are counted", async () => {
    const names = Array.from({ length: 3_000 }, (_, n) => `file-${String(n).padStart(4, "0")}`);
    for (const name of names) writeFileSync(at(name), "");
    const wanted = names.map((name, n) => ({ file: at(name), mtimeNs: 1_700_000_000_000_000_001n + BigInt(n) }));
    expect(await setExactTimes([...wanted, { file: at("gone"), mtimeNs: 1n }])).toBe(1);
    expect(timesFound()).toEqual(wanted.map(({ mtimeNs }) => mtimeNs));
  });
});

describe("without Perl", () => {
  it("leaves whole seconds to what Node has set, and says how many others stay inexact", async () => {
    vi.stubEnv("PATH", folder.path);
    writeFileSync(at("file"), "");
    lutimesSync(at("file"), 1_700_000_000, 1_700_000_000);
    expect(await setExactTimes([{ file: at("file"), mtimeNs: 1_700_000_000_000_000_000n }])).toBe(0);
    const inexact = Array.from({ length: 20_000 }, () => ({ file: at("file"), mtimeNs: 1_600_000_000_000_000_001n }));
    expect(await setExactTimes(inexact)).toBe(20_000);
    expect(timesFound()).toEqual([1_700_000_000_000_000_000n]);
  });
});
