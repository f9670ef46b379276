import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { watchedKeys, type KeySource } from "../../src/adapters/secrets/key-source.ts";
import { keySealer } from "../../src/adapters/secrets/sealed.ts";
import type { SealingKeys } from "../../src/adapters/secrets/sealing-keys.ts";
import { vaultSealingKeys } from "../../src/adapters/secrets/vault-sealing-keys.ts";
import { Secret } from "../../src/domain/secret.ts";
import { startKeyVault, type FakeKeyVault, type VaultVersion } from "../support/fake-key-vault.ts";

const now = new Date("2026-11-21T12:00:00Z");
const seconds = (text: string): number => Date.parse(text) / 1000;

let folder: string;
let vault: FakeKeyVault;
let scopes: unknown[];
let made = 0;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lifeboat-vault-"));
  vault = await startKeyVault({ folder, secret: "sealing" });
  vault.token = "token-of-this-test";
  scopes = [];
});
afterEach(async () => {
  await vault.stop();
  await rm(folder, { recursive: true });
});

const version = (name: string, more: Partial<VaultVersion> = {}): VaultVersion => ({
  version: name,
  value: `${name}:${randomBytes(32).toString("base64")}`,
  created: seconds("2026-01-01T00:00:00Z") + made++ * 60,
  enabled: true,
  ...more,
});

const keysIn = (secret = "sealing"): (() => Promise<SealingKeys>) =>
  vaultSealingKeys({
    url: `${vault.url}/secrets/${secret}`,
    identity: async () => ({
      getToken: async (scope) => {
        scopes.push(scope);
        return { token: "token-of-this-test", expiresOnTimestamp: Date.now() + 3_600_000 };
      },
    }),
    now: () => now,
    // The fake's host is not one of Azure's, which is all that the SDK's verification is about.
    client: {
      tlsOptions: { ca: vault.ca },
      disableChallengeResourceVerification: true,
      retryOptions: { maxRetries: 0 },
    },
  });

const ids = ({ keys }: SealingKeys): readonly string[] => keys.map(({ id }) => id);

describe("sealing keys in Key Vault", () => {
  it("are the enabled versions of a secret, the newest first, over all pages; after logging in as the vault asks", async () => {
    vault.versions.push(version("one"), version("two"), version("three"), version("four", { enabled: false }));
    expect(ids(await keysIn()())).toEqual(["three", "two", "one"]);
    expect(scopes).toEqual([["https://vault.azure.net/.default"]]);
  });

  it("that are not valid yet open, and do not seal", async () => {
    vault.versions.push(version("now"), version("soon", { notBefore: seconds("2026-12-01T00:00:00Z") }));
    expect(ids(await keysIn()())).toEqual(["now", "soon"]);
  });

  it("are fetched once for each version, however often it is looked", async () => {
    vault.versions.push(version("one"), version("two"));
    const look = keysIn();
    await look();
    vault.versions.push(version("three"));
    vault.asked.length = 0;
    expect(ids(await look())).toEqual(["three", "two", "one"]);
    expect(vault.asked).toEqual([
      "GET /secrets/sealing/versions",
      "GET /secrets/sealing/versions",
      "GET /secrets/sealing/three",
    ]);
  });

  it("may be one key in two versions", async () => {
    const first = version("one");
    vault.versions.push(first, version("again", { value: first.value }));
    expect(ids(await keysIn()())).toEqual(["one"]);
  });

  it.each([
    [401, "Unauthorized", /refuses Lifeboat's identity.*Key Vault Secrets User/],
    [403, "Forbidden", /refuses Lifeboat's identity/],
    [500, "InternalError", /has trouble/],
  ])("that cannot be read (%d) say why and what to do, and nothing of a key", async (status, code, says) => {
    vault.versions.push(version("one"));
    vault.failure = { status, code };
    const looking = keysIn()();
    await expect(looking).rejects.toMatchObject({ kind: "Unavailable", message: expect.stringMatching(says) });
    await expect(looking).rejects.toThrow(`${vault.url}/secrets/sealing`);
  });

  it("that are not there say how to make one", async () => {
    await expect(keysIn("other")()).rejects.toThrow(
      /not there.*az keyvault secret set --vault-name localhost --name other/,
    );
    await expect(keysIn()()).rejects.toThrow(/no enabled version.*az keyvault secret set/);
  });

  it("that are none are named by place, not by content", async () => {
    vault.versions.push(version("one"), version("bad", { value: "bad:hunter2" }));
    const looking = keysIn()();
    await expect(looking).rejects.toThrow(/Sealing key 1 of https.*is not base64 of 32 bytes/);
    await expect(looking).rejects.not.toThrow(/hunter2/);
  });

  it("behind a login that fails say so, and not what the login holds", async () => {
    const unavailable = new Error("no managed identity here\nand more");
    unavailable.name = "CredentialUnavailableError";
    const look = vaultSealingKeys({
      url: `${vault.url}/secrets/sealing`,
      identity: async () => ({ getToken: () => Promise.reject(unavailable) }),
      now: () => now,
      client: { tlsOptions: { ca: vault.ca }, disableChallengeResourceVerification: true },
    });
    await expect(look()).rejects.toThrow(/identity could not log in \(no managed identity here\)/);
  });

  it("of a vault that is away say that it cannot be reached", async () => {
    const look = keysIn();
    await vault.stop();
    await expect(look()).rejects.toMatchObject({
      kind: "Unavailable",
      message: expect.stringMatching(/cannot be reached/),
    });
  });
});

describe("two instances that share a vault", () => {
  const problems: unknown[] = [];
  let clock: number;
  const source = (): KeySource =>
    watchedKeys(keysIn(), {
      freshForMs: 600_000,
      pauseMs: 30_000,
      now: () => clock,
      onProblem: (error) => void problems.push(error),
    });

  it("exchange the key without a pause: what one seals with a new version the other opens", async () => {
    clock = 0;
    vault.versions.push(version("old"));
    const [one, other] = [keySealer(source()), keySealer(source())];
    const before = await one.seal(new Secret("text"), "row");
    expect((await other.open(before, "row")).reveal()).toBe("text");
    vault.versions.push(version("new"));
    clock = 600_000;
    const after = await one.seal(new Secret("text"), "row");
    expect(after).toMatch(/^lb1\.new\./);
    // The other has not looked for ten minutes, nor is it due.
    expect((await other.open(after, "row")).reveal()).toBe("text");
    const again = await other.reseal(before, "row");
    expect(again).toMatch(/^lb1\.new\./);
    // The vault's owner takes the old version away.
    vault.versions.shift();
    clock = 1_200_000;
    expect((await one.open(again ?? "", "row")).reveal()).toBe("text");
    await expect(other.open(before, "row")).rejects.toThrow(/needs the key old, and .*secrets\/sealing has only new/);
  });

  it("go on with the keys they know while the vault is away", async () => {
    clock = 0;
    problems.length = 0;
    vault.versions.push(version("one"));
    const sealer = keySealer(source());
    const sealed = await sealer.seal(new Secret("text"), "row");
    vault.failure = { status: 503, code: "Busy" };
    clock = 600_000;
    expect((await sealer.open(sealed, "row")).reveal()).toBe("text");
    expect(problems).toHaveLength(1);
  });
});
