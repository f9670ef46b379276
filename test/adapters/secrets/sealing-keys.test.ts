import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  configuredSealingKeys,
  fileSealingKeys,
  fileSealingKeysAgain,
  givenFileSealingKeys,
} from "../../../src/adapters/secrets/sealing-keys.ts";
import { Secret } from "../../../src/domain/secret.ts";

const base64 = randomBytes(32).toString("base64");
const other = randomBytes(32).toString("base64");
const idsOf = (text: string): readonly string[] =>
  configuredSealingKeys(new Secret(text), "SETTING").keys.map(({ id }) => id);

describe("sealing keys from configuration", () => {
  it("keep their order, with spaces and empty entries left out", () => {
    expect(idsOf(` b-2:${base64} ,,\n a1:${other}\r\n`)).toEqual(["b-2", "a1"]);
  });

  it("without an id have one that follows from the key", () => {
    expect(idsOf(base64)).toEqual(idsOf(base64));
    expect(idsOf(base64)).not.toEqual(idsOf(other));
    expect(idsOf(base64)[0]).toMatch(/^[0-9a-f]{8}$/);
  });

  it.each([
    ["", "SETTING holds no sealing key"],
    ["one:", "Sealing key 1 of SETTING is not base64 of 32 bytes"],
    [`one:${base64},two:${base64.slice(0, 40)}`, "Sealing key 2 of SETTING is not base64 of 32 bytes"],
    [`one:${base64.slice(0, -1)}!`, "Sealing key 1 of SETTING is not base64 of 32 bytes"],
    [`o.e:${base64}`, "Sealing key 1 of SETTING has an id that is not"],
    [`:${base64}`, "Sealing key 1 of SETTING has an id that is not"],
    [`one:${base64},one:${other}`, "two sealing keys with the id one"],
  ])("that are wrong are named by place, not by content (%#)", (text, message) => {
    expect(() => idsOf(text)).toThrow(message);
    expect(() => idsOf(text)).not.toThrow(base64.slice(0, 20));
  });
});

describe("the key file", () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "lifeboat-keys-"));
    path = join(folder, "sealing-keys");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("is made on first use, for its owner alone, and stays", async () => {
    const made = await fileSealingKeys(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["sealing-keys"]);
    const again = await fileSealingKeys(path);
    expect(again.keys[0]?.key.reveal()).toBe(made.keys[0]?.key.reveal());
  });

  it("is the same for all who make it at once", async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => fileSealingKeys(path)));
    expect(new Set(all.map(({ keys }) => keys[0]?.key.reveal())).size).toBe(1);
    expect(readdirSync(folder)).toEqual(["sealing-keys"]);
  });

  it("takes another key in a line before the old one", async () => {
    await fileSealingKeys(path);
    const old = readFileSync(path, "utf8");
    writeFileSync(path, `new:${base64}\n${old}`);
    expect((await fileSealingKeys(path)).keys.map(({ id }) => id)).toEqual(["new", old.split(":")[0]]);
  });

  it("that others could read is closed to them", async () => {
    await fileSealingKeys(path);
    chmodSync(path, 0o644);
    await fileSealingKeys(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it("is read again as it is by then, is closed again, and is not made anew when it is gone", async () => {
    const made = await fileSealingKeys(path);
    writeFileSync(path, `new:${base64}\n${readFileSync(path, "utf8")}`, { mode: 0o644 });
    chmodSync(path, 0o644);
    expect((await fileSealingKeysAgain(path)).keys.map(({ id }) => id)).toEqual(["new", made.keys[0]?.id]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    rmSync(path);
    await expect(fileSealingKeysAgain(path)).rejects.toThrow(`${path} is not there any more. Put it back`);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("that others look after is read as it is, whatever its mode", async () => {
    writeFileSync(path, `b:${other}\na:${base64}\n`, { mode: 0o444 });
    expect((await givenFileSealingKeys(path)).keys.map(({ id }) => id)).toEqual(["b", "a"]);
    expect(statSync(path).mode & 0o777).toBe(0o444);
    await expect(givenFileSealingKeys(join(folder, "missing"))).rejects.toThrow("ENOENT");
  });

  it("that is damaged is named, and not replaced", async () => {
    writeFileSync(path, "id:short\n");
    await expect(fileSealingKeys(path)).rejects.toThrow(`Sealing key 1 of ${path} is not base64 of 32 bytes`);
    expect(readFileSync(path, "utf8")).toBe("id:short\n");
  });

  it("in a folder that is missing is not made", async () => {
    await expect(fileSealingKeys(join(folder, "missing", "sealing-keys"))).rejects.toThrow("ENOENT");
  });
});
