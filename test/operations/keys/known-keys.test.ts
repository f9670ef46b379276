import { beforeEach, describe, expect, it } from "vitest";
import { MemoryCatalog } from "../../support/memory-catalog.ts";
import { StoreFailure } from "../../../src/domain/store-failure.ts";
import { hashKey, isExpired, knownForMs, knownKeys } from "../../../src/operations/keys/known-keys.ts";
import { createKey, getKey, listKeys, revokeKey } from "../../../src/operations/keys/manage-keys.ts";
import type { Catalog } from "../../../src/ports/catalog.ts";
import { memoryInstallation } from "../../support/installation.ts";

const { call } = memoryInstallation();
const clock = { time: new Date("2026-11-21T12:00:00Z"), now: () => clock.time };
const fixed = [{ id: "admin", name: "admin", role: "admin", reach: "all", sha256: hashKey("fixed-secret") }] as const;
const later = (ms: number): void => void (clock.time = new Date(clock.time.getTime() + ms));

let catalog: MemoryCatalog;
let asked: string[];
let broken: boolean;
let warned: string[];

/** One process of the service: its own memory over the catalog that all share. */
const process = () => {
  const watched: Catalog = {
    get: (...key) => spoken(`get ${key[1]}`, () => catalog.get(...key)),
    list: (...range) => spoken("list", () => catalog.list(...range)),
    write: (...change) => spoken(`write ${change[1].map(({ kind }) => kind).join()}`, () => catalog.write(...change)),
    writeNews: (...row) => catalog.writeNews(...row),
    close: () => catalog.close(),
  };
  const keys = knownKeys({ catalog: watched, clock, fixed, warn: (message) => void warned.push(message) });
  const deps = { catalog: watched, clock, keys };
  return { keys, create: createKey(deps), revoke: revokeKey(deps), list: listKeys(deps), get: getKey(deps) };
};

const spoken = async <Result>(what: string, ask: () => Promise<Result>): Promise<Result> => {
  asked.push(what);
  if (broken) throw new StoreFailure("Unavailable", "The catalog is away.");
  return ask();
};

let one: ReturnType<typeof process>;
let other: ReturnType<typeof process>;

beforeEach(() => {
  [catalog, asked, broken, warned] = [new MemoryCatalog(), [], false, []];
  [one, other] = [process(), process()];
});

const made = async (id = "nightly", expires?: Date) => {
  const request = { id, role: "operator", reach: "all", ...(expires && { expires }) } as const;
  return (await one.create(call, request)).secret.reveal();
};
/** As one whom nobody knows: the keys are read. */
const remember = (keys: typeof one) => keys.keys.withSecret("unknown", { search: false });
const idOf = async (keys: typeof one, secret: string, search = true) =>
  (await keys.keys.withSecret(secret, { search }))?.id;

describe("a key", () => {
  it("is known by its secret, which is kept nowhere", async () => {
    const secret = await made();
    expect(await idOf(one, secret)).toBe("nightly");
    expect(JSON.stringify(await catalog.list("callers"))).not.toContain(secret.slice("lb_nightly_".length));
  });

  it.each([
    "",
    "nightly",
    "lb_nightly_",
    "lb_nightly_AAAA",
    `lb_nightly_${"A".repeat(43)}`,
    `lb_nobody_${"A".repeat(43)}`,
  ])("is not opened by %j", async (secret) => {
    await made();
    expect(await idOf(one, secret)).toBeUndefined();
  });

  it("is not opened by its own hash, nor by a secret of another case", async () => {
    const secret = await made();
    expect(await idOf(one, hashKey(secret))).toBeUndefined();
    expect(
      await idOf(one, secret.toLowerCase() === secret ? secret.toUpperCase() : secret.toLowerCase()),
    ).toBeUndefined();
  });

  it("made in one process is known in another at once", async () => {
    await remember(other);
    expect(await idOf(other, await made())).toBe("nightly");
  });

  it("is not looked for in the catalog when that is not wished", async () => {
    await remember(other);
    const secret = await made();
    asked.length = 0;
    expect(await idOf(other, secret, false)).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it("that is revoked opens nothing more: here at once, elsewhere before long", async () => {
    const secret = await made();
    expect(await idOf(other, secret)).toBe("nightly");
    expect(await one.revoke(call, "nightly")).toBe(true);
    expect(await idOf(one, secret)).toBeUndefined();
    later(knownForMs);
    expect(await idOf(other, secret)).toBeUndefined();
  });

  it("may be revoked twice, and its name be given again to another secret", async () => {
    const old = await made();
    await one.revoke(call, "nightly");
    expect(await one.revoke(call, "nightly")).toBe(false);
    const secret = await made();
    expect(await idOf(one, secret)).toBe("nightly");
    expect(await idOf(one, old)).toBeUndefined();
  });

  it("is found by what is kept of it, here and elsewhere at once, and not when it was made anew", async () => {
    await remember(other);
    const find = async (keys: typeof one, sha256: string) =>
      (await keys.keys.withFingerprint({ id: "nightly", sha256 }, { search: true }))?.id;
    const old = hashKey(await made());
    expect([await find(one, old), await find(other, old)]).toEqual(["nightly", "nightly"]);
    await one.revoke(call, "nightly");
    const anew = hashKey(await made());
    later(knownForMs);
    expect([await find(one, old), await find(other, old), await find(other, anew)]).toEqual([
      undefined,
      undefined,
      "nightly",
    ]);
    expect(
      (await one.keys.withFingerprint({ id: "admin", sha256: hashKey("fixed-secret") }, { search: false }))?.id,
    ).toBe("admin");
  });

  it("is not made twice, also not by two processes at once", async () => {
    const request = { id: "twin", role: "reader", reach: "all" } as const;
    const answers = await Promise.allSettled([one.create(call, request), other.create(call, request)]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    await expect(one.create(call, request)).rejects.toThrow(/a key twin already/);
  });

  it.each([
    "",
    "Nightly",
    "admin",
    "bootstrap",
    "lifeboat",
    "a b",
    "-a",
    "a_b",
    "ä",
    "a/b",
    "a".repeat(61),
    "..",
    "a\r\nb",
  ])("is not named %j", async (id) => {
    await expect(made(id)).rejects.toThrow(/key's name/);
    await expect(one.get(call, id)).rejects.toThrow(/There is no key/);
    expect(await one.revoke(call, id)).toBe(false);
  });

  it("does not begin its life expired", async () => {
    await expect(made("late", clock.now())).rejects.toThrow(/has passed/);
  });

  it("expires to the millisecond, and is still listed then", async () => {
    const secret = await made("brief", new Date(clock.time.getTime() + 5_000));
    const isOver = async () => {
      const found = await one.keys.withSecret(secret, { search: true });
      return found && isExpired(found, clock.now());
    };
    later(4_999);
    expect(await isOver()).toBe(false);
    later(1);
    expect(await isOver()).toBe(true);
    expect((await one.list()).map(({ id }) => id)).toEqual(["brief"]);
  });
});

describe("the keys in memory", () => {
  it("cost one read in ten seconds, whoever asks with whatever", async () => {
    const secret = await made();
    asked.length = 0;
    for (let request = 0; request < 100; request++) {
      await Promise.all([idOf(other, secret), idOf(other, "wrong"), remember(other)]);
      later(90);
    }
    expect(asked).toEqual(["list"]);
  });

  it("are read again when the clock was set back", async () => {
    await remember(one);
    const secret = await made();
    await remember(other);
    await one.revoke(call, "nightly");
    later(-3_600_000);
    expect(await idOf(other, secret, false)).toBeUndefined();
  });

  it("of the configuration work without the catalog; others are then undecided, not refused", async () => {
    broken = true;
    expect(await idOf(one, "fixed-secret")).toBe("admin");
    await expect(idOf(one, "any other")).rejects.toThrow(/away/);
    broken = false;
    expect(await idOf(one, "any other")).toBeUndefined();
  });
});

describe("the last use", () => {
  const use = async (keys: typeof one, secret: string) => {
    const found = await keys.keys.withSecret(secret, { search: true });
    if (found !== undefined) await keys.keys.noteUse(found);
  };

  it("is written at most once an hour, by all processes together", async () => {
    const secret = await made();
    later(3_600_000);
    const firstUse = clock.time.toISOString();
    asked.length = 0;
    for (let request = 0; request < 20; request++) {
      await use(one, secret);
      await use(other, secret);
      later(knownForMs);
    }
    expect(asked.filter((what) => what.startsWith("write"))).toHaveLength(1);
    expect((await one.list())[0]?.lastUsed).toBe(firstUse);
  });

  it("of a key that was revoked meanwhile does not bring it back", async () => {
    const secret = await made();
    await remember(other);
    const found = await other.keys.withSecret(secret, { search: false });
    later(3_600_000 - 1);
    await remember(other);
    later(1);
    await one.revoke(call, "nightly");
    if (found !== undefined) await other.keys.noteUse(found);
    expect(await one.list()).toEqual([]);
  });

  it("that cannot be written is told and harms nobody", async () => {
    const secret = await made();
    later(3_600_000);
    const found = await one.keys.withSecret(secret, { search: true });
    broken = true;
    later(knownForMs);
    if (found !== undefined) await one.keys.noteUse(found);
    expect(warned).toEqual([expect.stringContaining("nightly")]);
  });

  it("of the configuration's keys is not written", async () => {
    await use(one, "fixed-secret");
    expect(asked.filter((what) => what.startsWith("write"))).toEqual([]);
  });
});
