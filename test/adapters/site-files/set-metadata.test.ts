import { chmodSync, chownSync, lstatSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { accountNames, type AccountNames } from "../../../src/adapters/site-files/account-names.ts";
import { metadataSetter, ownerNote, setIdNote } from "../../../src/adapters/site-files/set-metadata.ts";
import { describeWith } from "../../support/needs.ts";
import { temporaryFolder } from "../../support/file-tree.ts";

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());
const at = (name: string): string => `${folder.path}/${name}`;
const file = (name: string): string => {
  writeFileSync(at(name), "");
  return at(name);
};

const mtimeNs = 1_600_000_000_000_000_000n;
const nobodyKnown: AccountNames = {
  user: () => undefined,
  group: () => undefined,
  uid: () => undefined,
  gid: () => undefined,
};

describe.skipIf(process.platform === "win32")("setting metadata", () => {
  it("sets mode and time of files and folders", () => {
    mkdirSync(at("folder"));
    for (const path of [file("file"), at("folder")]) {
      expect(metadataSetter(nobodyKnown)(path, { mode: 0o1751, mtimeNs })).toEqual([]);
      expect(statSync(path).mode & 0o7777).toBe(0o1751);
      expect(statSync(path, { bigint: true }).mtimeNs).toBe(mtimeNs);
    }
  });

  it.each([
    0n,
    -1n,
    -1_000n,
    -1_000_000_000n,
    -4_500_000_000n,
    -4_999_999_999n,
    -5_000_000_001n,
    -1_234_567_890_123_456_789n,
    1n,
    1_700_000_000_123_456_789n,
  ])("sets a time of %d ns since 1970 to the microsecond", (time) => {
    symlinkSync("nowhere", at("link"));
    for (const path of [file("file"), at("link")]) {
      metadataSetter(nobodyKnown)(path, { mode: 0o644, mtimeNs: time });
      const difference = lstatSync(path, { bigint: true }).mtimeNs - time;
      expect(difference < 1_000n && difference > -1_000n, String(difference)).toBe(true);
    }
  });

  it("sets a link's own time, and nothing of where it leads", () => {
    const target = file("target");
    chmodSync(target, 0o600);
    const before = statSync(target, { bigint: true });
    symlinkSync("target", at("link"));
    expect(metadataSetter(nobodyKnown)(at("link"), { mode: 0o777, mtimeNs })).toEqual([]);
    expect(lstatSync(at("link"), { bigint: true }).mtimeNs).toBe(mtimeNs);
    expect(statSync(target, { bigint: true })).toEqual(before);
  });

  it("changes a file that it may not read", () => {
    const path = file("shut");
    chmodSync(path, 0);
    expect(metadataSetter(nobodyKnown)(path, { mode: 0o640, mtimeNs })).toEqual([]);
    expect(statSync(path).mode & 0o7777).toBe(0o640);
  });

  it("knows the users of this machine", () => {
    const names = accountNames();
    expect(names.user(0)).toBe("root");
    expect(names.uid("root")).toBe(0);
    expect(names.uid("no such user")).toBeUndefined();
  });
});

describeWith("root", process.getuid?.() === 0, "setting owners", () => {
  const owned = { mtimeNs, mode: 0o6755, uid: 12_345, gid: 23_456 };

  it("sets them by id, with the bits that change the user", () => {
    const path = file("file");
    expect(metadataSetter(nobodyKnown)(path, owned)).toEqual([]);
    expect(statSync(path)).toMatchObject({ uid: 12_345, gid: 23_456 });
    expect(statSync(path).mode & 0o7777).toBe(0o6755);
  });

  it("sets them by name where this machine knows the name", () => {
    const set = metadataSetter({ ...nobodyKnown, uid: (name) => (name === "shop" ? 33 : undefined) });
    set(file("known"), { ...owned, owner: "shop", group: "shop" });
    set(file("unknown"), { ...owned, owner: "gone" });
    expect(statSync(at("known"))).toMatchObject({ uid: 33, gid: 23_456 });
    expect(statSync(at("unknown")).uid).toBe(12_345);
  });

  it("sets a link's own owner", () => {
    const target = file("target");
    symlinkSync("target", at("link"));
    metadataSetter(nobodyKnown)(at("link"), owned);
    expect(lstatSync(at("link")).uid).toBe(12_345);
    expect(statSync(target).uid).toBe(0);
  });

  it("says when it may not, and gives nobody another's rights", () => {
    const path = file("file");
    chownSync(path, 65_534, 65_534);
    chmodSync(folder.path, 0o755);
    process.setegid?.(65_534);
    process.seteuid?.(65_534);
    const notes = (() => {
      try {
        return metadataSetter(nobodyKnown)(path, owned);
      } finally {
        process.seteuid?.(0);
        process.setegid?.(0);
      }
    })();
    expect(notes).toEqual([ownerNote, setIdNote]);
    expect(statSync(path).uid).toBe(65_534);
    expect(statSync(path).mode & 0o7777).toBe(0o755);
  });
});
