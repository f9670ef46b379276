import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { adminKeyFile, ensureAdminKey, readAdminKey } from "../../../src/adapters/callers/admin-key.ts";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "lifeboat-key-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("the admin key", () => {
  it("is made once, in one line, for its owner only", async () => {
    expect(readAdminKey(folder)).toBeUndefined();
    expect(await ensureAdminKey(folder)).toBe(true);
    const text = readFileSync(adminKeyFile(folder), "utf8");
    expect(await ensureAdminKey(folder)).toBe(false);
    expect(readFileSync(adminKeyFile(folder), "utf8")).toBe(text);
    expect(text.trim().split("\n")).toHaveLength(1);
    expect(statSync(adminKeyFile(folder)).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["admin-key"]);
  });

  it("shows in nothing that is printed of it", async () => {
    await ensureAdminKey(folder);
    const { secret } = JSON.parse(readFileSync(adminKeyFile(folder), "utf8")) as { readonly secret: string };
    const key = readAdminKey(folder);
    expect(key?.secret.reveal()).toBe(secret);
    expect(inspect(key, { showHidden: true }) + JSON.stringify(key)).not.toContain(secret);
  });

  it("is refused, not replaced, when its file holds something else", async () => {
    writeFileSync(adminKeyFile(folder), "planted");
    const refused = expect(ensureAdminKey(folder)).rejects;
    await refused.toThrow(/admin-key does not hold/);
    await refused.not.toThrow(/planted/);
  });
});
