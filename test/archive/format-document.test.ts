import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { sliceBytes } from "../../src/archive/content/content-hash.ts";
import { CentralEncoder } from "../../src/archive/records/central-encoder.ts";
import type { DirectoryEntry, OwnerNames } from "../../src/archive/records/directory-entry.ts";
import { privateFieldId, privateFieldVersion, privateFlag } from "../../src/archive/records/extra-fields.ts";
import { writeManifest } from "../../src/manifest/write-manifest.ts";
import { fullManifest } from "../manifest/example.ts";
import { packedEntry } from "../support/lifeboat-zip.ts";

const document = readFileSync("docs/format.md", "utf8");
const section = (title: string): string => document.split(/^#+ /m).find((part) => part.startsWith(`${title}\n`)) ?? "";

/** The cells of the rows of a section's tables, by the title of their first column. */
const rows = (title: string, firstColumn: string): readonly (readonly string[])[] => {
  const tables = section(title).split("\n\n");
  const table = tables.find((text) => new RegExp(`^\\| ${firstColumn} `).test(text)) ?? "";
  return table
    .split("\n")
    .slice(2)
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
};

const nothing: DirectoryEntry = {
  ...packedEntry({ name: "n" }).entry,
  uid: undefined,
  gid: undefined,
  mtimeNs: 0n,
  hash: undefined,
};
const noNames: OwnerNames = { users: new Map(), groups: new Map() };
const owned = { uid: 1, gid: 2 };

/** Flags and length (id and length excluded) of the private field in a record. */
const privateField = (change: Partial<DirectoryEntry>, owners = noNames): readonly [number, number] => {
  const record = new CentralEncoder(owners).encode({ ...nothing, ...change });
  const at = record.lastIndexOf(Buffer.of(privateFieldId & 0xff, privateFieldId >> 8));
  const length = record.readUInt16LE(at + 2);
  expect(at + 4 + length).toBe(record.length);
  return [record.readUInt16LE(at + 5), length];
};

/** A field with nothing but what one flag stands for. */
const withFlag: Readonly<Record<keyof typeof privateFlag, () => readonly [number, number]>> = {
  changedWhileRead: () => privateField({ changedWhileRead: true }),
  mayHaveChanged: () => privateField({ mayHaveChanged: true }),
  hash: () => privateField({ hash: new Uint8Array(32) }),
  storedCrc: () => privateField({ storedCrc: 1 }),
  wideMtime: () => privateField({ mtimeNs: 2n ** 62n }),
  nanoseconds: () => privateField({ mtimeNs: 5n }),
  ctimeIsMtime: () => privateField({ ctimeNs: 0n }),
  ctime: () => privateField({ ctimeNs: 1n }),
  inode: () => privateField({ inode: 1n }),
  wideInode: () => privateField({ inode: 2n ** 40n }),
  user: () => privateField(owned, { users: new Map([[1, ""]]), groups: new Map() }),
  group: () => privateField(owned, { users: new Map(), groups: new Map([[2, ""]]) }),
};

describe("docs/format.md", () => {
  it("has the private field's flags, all of them, with their values", () => {
    const documented = rows("The private field", "flag").map(([name = "", value]) => [
      name.replaceAll("`", ""),
      Number(value),
    ]);
    expect(Object.fromEntries(documented)).toEqual(privateFlag);
  });

  it("has the private field's parts with their lengths", () => {
    const parts = rows("The private field", "what").map(([, bytes = "", when = ""]) => [
      when.replaceAll("`", ""),
      Number.parseInt(bytes, 10),
    ]);
    const lengths = new Map(parts.map(([when, bytes]) => [when, Number(bytes)]));
    const [, least] = privateField({});
    expect(least).toBe((lengths.get("always: 1") ?? 0) + (lengths.get("always") ?? 0));
    for (const [name, field] of Object.entries(withFlag)) {
      const value = Object.entries(privateFlag).find(([known]) => known === name)?.[1];
      expect([name, ...field()]).toEqual([name, value, least + (lengths.get(name) ?? 0)]);
    }
  });

  it("has its id, its version and the length of a slice", () => {
    expect(section("The private field")).toContain(`Id \`0x${privateFieldId.toString(16)}\``);
    expect(section("The private field")).toMatch(
      new RegExp(`\\| version +\\| 1 +\\| always: ${privateFieldVersion} +\\|`),
    );
    expect(section("Content hash")).toContain(`(${sliceBytes.toLocaleString("en")} bytes)`);
  });

  it("shows a manifest exactly as it is written", () => {
    expect(/^```xml\n([\s\S]*?)^```/m.exec(document)?.[1]).toBe(writeManifest(fullManifest).toString("utf8"));
  });
});
