import { lstatSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { restoredOwners } from "../../../src/adapters/site-files/restored-owners.ts";
import { ownerNote, setIdNote } from "../../../src/adapters/site-files/set-metadata.ts";
import { pathFromText } from "../../../src/domain/byte-path.ts";
import type { ListedEntry } from "../../../src/domain/listing.ts";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "lifeboat-owners-"))));
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const { username, uid } = userInfo();
const stranger = { uid: 54_321, gid: 54_322 };

const as = (euid: number, groups: readonly number[]): void => {
  vi.spyOn(process, "geteuid").mockReturnValue(euid);
  vi.spyOn(process, "getegid").mockReturnValue(groups[0] ?? 0);
  vi.spyOn(process, "getgroups").mockReturnValue([...groups]);
};

describe("whom restored content belongs to", () => {
  it("is whom the archive names, by name where this machine knows it, else by id", () => {
    as(0, [0]);
    const { ownerOf } = restoredOwners(undefined);
    expect(ownerOf(stranger)).toEqual(stranger);
    expect(ownerOf({ ...stranger, owner: username, group: "no such group" })).toEqual({ uid, gid: stranger.gid });
  });

  it("is whom the site's file names, whatever the archive says", () => {
    as(0, [0]);
    expect(restoredOwners("1234:5678").ownerOf({ ...stranger, owner: username })).toEqual({ uid: 1234, gid: 5678 });
    expect(restoredOwners(username).ownerOf(stranger)).toEqual({ uid, gid: stranger.gid });
  });

  it("is the service itself where it may not give files away, but for groups of its own", () => {
    as(1000, [1000, 2000]);
    const { ownerOf } = restoredOwners(undefined);
    expect(ownerOf(stranger)).toBeUndefined();
    expect(ownerOf({ uid: 1000, gid: 2000 })).toEqual({ uid: 1000, gid: 2000 });
    expect(ownerOf({ uid: 1000, gid: 3000 })).toBeUndefined();
  });

  it("gets no set-user-ID bit of a file that stays with the service", () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    as(1000, [1000]);
    const entry: ListedEntry = {
      path: pathFromText("file"),
      kind: "file",
      sizeBytes: 0,
      mode: 0o4755,
      ...stranger,
      mtimeNs: 1_700_000_000_000_000_000n,
    };
    expect(restoredOwners(undefined).setMetadata(file, entry)).toEqual([ownerNote, setIdNote]);
    expect(lstatSync(file)).toMatchObject({ mode: 0o100755, mtimeMs: 1_700_000_000_000 });
  });
});
