import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openSqliteCatalog } from "../../src/adapters/catalog/sqlite.ts";
import { openTableCatalog } from "../../src/adapters/catalog/table.ts";
import { parseSiteScope } from "../../src/domain/caller.ts";
import { Secret } from "../../src/domain/secret.ts";
import { knownForMs, knownKeys } from "../../src/operations/keys/known-keys.ts";
import { createKey, getKey, listKeys, revokeKey, type KeyRequest } from "../../src/operations/keys/manage-keys.ts";
import type { Catalog } from "../../src/ports/catalog.ts";
import { azuritePresent, startAzurite, type Azurite } from "../support/azurite.ts";
import { memoryInstallation } from "../support/installation.ts";
import { describeWith } from "../support/needs.ts";

const { call } = memoryInstallation();

/** Two memories over one catalog, as two processes have them: as far as keys go, they are one service. */
const behaveAsOne = (open: () => Promise<readonly [Catalog, Catalog]>): void => {
  let now: number;
  const clock = { now: () => new Date(now) };
  let catalogs: readonly Catalog[] = [];
  const warned: string[] = [];

  const process = (catalog: Catalog) => {
    const keys = knownKeys({ catalog, clock, fixed: [], warn: (message) => void warned.push(message) });
    const deps = { catalog, clock, keys };
    const idOf = async (secret: string) => (await keys.withSecret(secret, { search: true }))?.id;
    return { keys, idOf, create: createKey(deps), get: getKey(deps), list: listKeys(deps), revoke: revokeKey(deps) };
  };
  let one: ReturnType<typeof process>;
  let other: ReturnType<typeof process>;
  beforeEach(async () => {
    now = Date.parse("2026-11-21T12:00:00Z");
    warned.length = 0;
    const [first, second] = await open();
    catalogs = [first, second];
    [one, other] = [process(first), process(second)];
    for (const { id } of await one.list()) await one.revoke(call, id);
    one.keys.forget();
    other.keys.forget();
  });
  afterEach(async () => {
    for (const catalog of new Set(catalogs)) await catalog.close();
  });

  const scope = parseSiteScope("/subscriptions/s/resourceGroups/My Group/providers/Microsoft.Web/sites/shop");
  const request = (id: string): KeyRequest => ({ id, role: "operator", reach: scope === undefined ? [] : [scope] });

  it("a key made by one opens the other at once, with the same role and limits", async () => {
    expect(await other.idOf("unknown")).toBeUndefined();
    const { secret } = await one.create(call, request("nightly"));
    const found = await other.keys.withSecret(secret.reveal(), { search: true });
    expect(found).toMatchObject({ id: "nightly", role: "operator", reach: [scope] });
    expect(await other.get(call, "nightly")).toEqual(await one.get(call, "nightly"));
  });

  it("a key revoked by one stops working in the other within the documented time", async () => {
    const { secret } = await one.create(call, request("nightly"));
    expect(await other.idOf(secret.reveal())).toBe("nightly");
    await one.revoke(call, "nightly");
    expect(await one.idOf(secret.reveal())).toBeUndefined();
    now += knownForMs;
    expect(await other.idOf(secret.reveal())).toBeUndefined();
    expect(await other.revoke(call, "nightly")).toBe(false);
  });

  it("a name goes to one of two who want it at the same time", async () => {
    const names = Array.from({ length: 5 }, (_, index) => `key-${index}`);
    for (const id of names) {
      const answers = await Promise.allSettled([one.create(call, request(id)), other.create(call, request(id))]);
      expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      const [won] = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value.secret.reveal()] : []));
      expect(await one.idOf(won ?? "")).toBe(id);
      expect(await other.idOf(won ?? "")).toBe(id);
    }
    expect((await other.list()).map(({ id }) => id)).toEqual(names);
  });

  it("a use noted by both at once is noted, and brings back no key that is being revoked", async () => {
    for (let round = 0; round < 5; round++) {
      const id = `round-${round}`;
      const { secret } = await one.create(call, request(id));
      now += 3_600_000;
      const [mine, theirs] = await Promise.all(
        [one, other].map(({ keys }) => keys.withSecret(secret.reveal(), { search: true })),
      );
      if (mine === undefined || theirs === undefined) throw new Error("not known");
      await Promise.all([one.keys.noteUse(mine), other.keys.noteUse(theirs)]);
      expect((await one.get(call, id)).lastUsed).toBe(new Date(now).toISOString());
      now += 3_600_000;
      await Promise.all([one.keys.noteUse(mine), other.revoke(call, id)]);
      expect((await other.list()).map((key) => key.id)).not.toContain(id);
    }
    expect(warned).toEqual([]);
  });
};

// One process alone may open the file.
describe("keys in SQLite", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "lifeboat-keys-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  behaveAsOne(async () => {
    const catalog = await openSqliteCatalog(join(folder, "lifeboat.db"));
    return [catalog, catalog];
  });
});

describeWith("azurite", azuritePresent, "keys in Table Storage, seen by two processes", () => {
  let azurite: Azurite;
  beforeAll(async () => {
    azurite = await startAzurite({ tables: true });
  });
  afterAll(() => azurite.stop());
  const open = () => openTableCatalog({ connection: new Secret(azurite.connectionString), table: "keys" });
  behaveAsOne(async () => [await open(), await open()]);
});
