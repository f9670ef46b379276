import { describe, expect, it } from "vitest";
import { ArchiveInvalid } from "../../../src/archive/archive-invalid.ts";
import type { CommitId } from "../../../src/archive/directory/commit-id.ts";
import { openArchive } from "../../../src/archive/read/open-archive.ts";
import { verifyEntries } from "../../../src/archive/read/verify-archive.ts";
import { verifyArchive, type VerifyReport } from "../../support/verify-archive.ts";
import { lifeboatZip, type Content } from "../../support/lifeboat-zip.ts";
import { rawZip } from "../../support/raw-zip.ts";
import { memorySource } from "../../support/memory-source.ts";
import { inlineRunner } from "../../support/inline-runners.ts";

const verify = async (zip: Buffer, inflate: boolean, commitId?: CommitId): Promise<VerifyReport> => {
  const archive = await openArchive(memorySource("test.zip", zip));
  return verifyArchive(archive, { inflate, commitId, runner: inlineRunner });
};

/** Codes of what is found, also when it is found on opening. */
const findings = async (zip: Buffer, inflate: boolean): Promise<readonly string[]> => {
  try {
    return (await verify(zip, inflate)).faults.map(({ code }) => code);
  } catch (error) {
    if (error instanceof ArchiveInvalid) return [error.code];
    throw error;
  }
};

const small: readonly Content[] = [
  { name: "fs/" },
  { name: "fs/a.txt", content: "text that is worth deflating, text that is worth deflating" },
  { name: "fs/link", content: "../a.txt", link: true },
  { name: "fs/none" },
  { name: "fs/ü", content: "short", entry: { mode: 0o4755, ctimeNs: 1n, inode: 5n } },
];
const flipped = (zip: Buffer, bit: number): Buffer => {
  const copy = Buffer.from(zip);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
};

describe("verify", () => {
  it.each([false, true])("finds nothing in an archive as it was written (inflating: %s)", async (inflate) => {
    const zip = lifeboatZip(small);
    const archive = await openArchive(memorySource("test.zip", zip));
    const report = await verify(zip, inflate, archive.commitId);
    expect(report).toEqual({ ok: true, isOurs: true, entries: 5, faultCount: 0, faults: [] });
    expect((await verify(lifeboatZip([]), inflate)).ok).toBe(true);
  });

  it("finds flipped bits of large entries, which are read in pieces", async () => {
    const noise = Buffer.alloc(5 * 2 ** 20, Buffer.from(Array.from({ length: 997 }, (_, i) => (i * i) >> 3)));
    const zip = lifeboatZip([
      { name: "stored", content: noise, entry: {} },
      { name: "big", content: Buffer.alloc(9 * 2 ** 20, "deflated well ") },
    ]);
    const step = Math.floor((zip.length * 8) / 20);
    for (let bit = 3; bit < zip.length * 8; bit += step)
      for (const inflate of [false, true]) expect(await findings(flipped(zip, bit), inflate)).not.toEqual([]);
    expect((await verify(zip, true)).ok).toBe(true);
  });

  it("names the entry and goes on to the others", async () => {
    const zip = lifeboatZip(small);
    const at = zip.indexOf("short");
    zip[at] = 0x53;
    const withoutInflating = await verify(zip, false);
    expect(withoutInflating.faults.map(({ code, entry }) => [code, entry])).toEqual([["StoredCrcMismatch", "fs/Ã¼"]]);
    expect((await verify(zip, true)).faultCount).toBe(1);
  });

  it("tells another commit id from the one expected", async () => {
    const report = await verify(lifeboatZip(small), false, "0-0" as CommitId);
    expect(report.faults.map(({ code }) => code)).toEqual(["CommitIdMismatch"]);
  });

  it("finds bytes that belong to nothing, before, between and behind the entries", async () => {
    const zip = lifeboatZip(small);
    expect(await findings(Buffer.concat([Buffer.from("#!"), zip]), false)).toContain("UnexplainedBytes");
    expect(await findings(Buffer.concat([zip, Buffer.alloc(3)]), false)).toEqual(["NotCanonical"]);
  });

  it("finds contents that are not what was hashed, when it inflates", async () => {
    const wrong = [{ name: "f", content: "as packed", entry: { hash: new Uint8Array(32) } }];
    expect(await findings(lifeboatZip(wrong), false)).toEqual([]);
    expect(await findings(lifeboatZip(wrong), true)).toEqual(["HashMismatch"]);
  });

  it("inflates archives of other tools, as nothing else tells whether they are whole", async () => {
    const zip = rawZip([
      { name: "a", content: "fine", descriptor: "signed" },
      { name: "b", content: "spoilt", method: 0 },
    ]);
    const report = await verify(zip, false);
    expect(report).toMatchObject({ ok: true, isOurs: false, entries: 2 });
    zip[zip.indexOf("spoilt")] = 0;
    expect(await findings(zip, false)).toEqual(["CrcMismatch"]);
  });

  it("tells each fault of another tool's archive once, in whichever parts it is read", async () => {
    const links = ["a", "b"].map((name) => ({ name, content: "\0", mode: 0o120777 }));
    const archive = await openArchive(memorySource("test.zip", rawZip(links)));
    const codes: string[] = [];
    for (const place of archive.byOffset) {
      const options = { isOurs: false, inflate: true, runner: inlineRunner };
      const { faults } = await verifyEntries(archive, Uint32Array.of(place), options);
      codes.push(...faults.map(({ code, entry }) => `${entry} ${code}`));
    }
    expect(codes).toEqual(["a BadRecord", "b BadRecord"]);
  });

  it("stops when asked", async () => {
    const archive = await openArchive(memorySource("test.zip", lifeboatZip(small)));
    const signal = AbortSignal.abort(new Error("enough"));
    for (const inflate of [false, true])
      await expect(verifyArchive(archive, { inflate, runner: inlineRunner, signal })).rejects.toThrow("enough");
  });
});
