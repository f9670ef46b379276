import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { unchangingKeys } from "../../../src/adapters/secrets/key-source.ts";
import { keySealer } from "../../../src/adapters/secrets/sealed.ts";
import { configuredSealingKeys } from "../../../src/adapters/secrets/sealing-keys.ts";
import { routes } from "../../../src/api/routes.ts";
import { recoveryContext } from "../../../src/domain/recovery-context.ts";
import type { Channel } from "../../../src/domain/alarm.ts";
import { Secret } from "../../../src/domain/secret.ts";
import type { Installation } from "../../../src/operations/installation.ts";
import { readSiteAlarms, writeSiteAlarms } from "../../../src/operations/alarms/alarm-channels.ts";
import { credentialOf } from "../../../src/operations/containers/credentials.ts";
import { keepDatabases } from "../../../src/operations/databases/database-wishes.ts";
import { resealSecrets } from "../../../src/operations/sweeps/reseal-secrets.ts";
import { insertBackup } from "../../../src/operations/rows/backup-rows.ts";
import { keepConfigurationBefore } from "../../../src/operations/rows/configuration-before-rows.ts";
import {
  backupKey,
  credentialsPartition,
  loadedDatabaseKey,
  operationKey,
  sitePartition,
} from "../../../src/operations/rows/keys.ts";
import { insertLoadedDatabase } from "../../../src/operations/rows/loaded-database-rows.ts";
import { insertOperation } from "../../../src/operations/rows/operation-rows.ts";
import { configurationBeforeContext } from "../../../src/operations/rows/sealed-fields.ts";
import type { SiteHost } from "../../../src/ports/site-host.ts";
import { apiOver, shopPath } from "../../support/api.ts";
import { memoryInstallation, shop } from "../../support/installation.ts";
import { keptBackup } from "../../support/kept-backup.ts";

const [old, newest] = ["old", "new"].map((id) => `${id}:${randomBytes(32).toString("base64")}`);
const sealerOf = (...keys: readonly (string | undefined)[]) =>
  keySealer(unchangingKeys(configuredSealingKeys(new Secret(keys.join(",")), "LIFEBOAT_SEALING_KEYS")));

const container = "https://acct.blob.core.windows.net/backups";
const sas = (signature: string): string => `${container}?sr=c&sp=rwdl&se=2027-01-01&sig=${signature}`;

let given: ReturnType<typeof memoryInstallation>;
const withKeys = (...keys: readonly (string | undefined)[]): Installation => ({
  ...given.deps,
  sealer: sealerOf(...keys),
});
const apiWith = (deps: Installation) => {
  // Safe: nothing else is asked of a host before a run begins.
  const host = { content: async () => "present" } as Partial<SiteHost> as SiteHost;
  return apiOver(routes({ ...deps, hosts: { host: async () => host } }), given.call);
};

const orders = { type: "PostgreSql", name: "orders" } as const;
const ordersFor = (deps: Installation, key: string) => {
  const connectionString = new Secret("postgres://u:planted@db/orders");
  return keepDatabases(deps, key, { wishes: [{ ...orders, connectionString }], before: new Map() });
};

/** Everything that is ever sealed in the catalog, with the old key. */
beforeEach(async () => {
  given = memoryInstallation();
  const deps = withKeys(old);
  const ask = apiWith(deps);
  const database = { databaseType: "PostgreSql", name: "orders", connectionString: "postgres://u:planted@db/orders" };
  await ask("PUT", `${shopPath}/config/backup`, {
    body: { properties: { storageAccountUrl: sas("planted"), databases: [database] } },
  });
  await deps.catalog.write(sitePartition(shop), [
    insertBackup({ ...keptBackup({ destination: container }), ...(await ordersFor(deps, backupKey(1))) }),
    insertLoadedDatabase({
      run: "r1",
      place: 0,
      reference: orders,
      databaseSecrets: (await ordersFor(deps, loadedDatabaseKey("r1", 0))).databaseSecrets ?? "",
      token: "t",
      replaces: true,
      scratches: [],
      state: "loading",
    }),
    insertOperation({
      id: "o1",
      kind: "restore",
      run: "r1",
      status: "InProgress",
      created: "2026-11-21T12:00:00Z",
      ...(await ordersFor(deps, operationKey("o1"))),
      recoveryKey: await deps.sealer.seal(new Secret("recovery"), recoveryContext("o1")),
    }),
    insertOperation({ id: "o2", kind: "undo", run: "r2", status: "Succeeded", created: "2026-11-21T12:00:00Z" }),
  ]);
  const alarms = {
    webhook: { url: new Secret("https://hook.example.org/t"), form: "slack", secret: new Secret("signs") },
    heartbeat: new Secret("https://beat.example.org/t"),
  } as const;
  await writeSiteAlarms(deps, shop, { alarms, version: undefined });
  const sealed = await deps.sealer.seal(new Secret("settings"), configurationBeforeContext("r1"));
  await keepConfigurationBefore(deps.catalog, shop, { run: "r1", sealed });
});

const everything = async (): Promise<string> =>
  JSON.stringify([
    await given.deps.catalog.list(credentialsPartition),
    await given.deps.catalog.list("schedules"),
    await given.deps.catalog.list(sitePartition(shop)),
  ]);

describe("exchanging the sealing key", () => {
  it("seals all that there is with the newest key; then the old one is not needed any more", async () => {
    expect((await everything()).match(/lb1\.old\./g)).toHaveLength(10);
    const both = withKeys(newest, old);
    expect(await resealSecrets(both)(given.call)).toEqual({ resealed: 10, unreadable: new Map() });
    expect(await everything()).not.toContain("lb1.old.");
    const alone = withKeys(newest);
    expect((await (await readSiteAlarms(alone, shop))?.webhook())?.secret?.reveal()).toBe("signs");
    expect((await credentialOf(alone, container))?.reveal()).toContain("sig=planted");
    expect(await resealSecrets(alone)(given.call)).toEqual({ resealed: 0, unreadable: new Map() });
  });

  it("leaves what somebody changes at the same time to its next turn, on two instances at once", async () => {
    const [one, other] = [withKeys(newest, old), withKeys(newest, old)];
    const both = await Promise.all([resealSecrets(one)(given.call), resealSecrets(other)(given.call)]);
    expect(both.reduce((sum, { resealed }) => sum + resealed, 0)).toBe(10);
    expect(await everything()).not.toContain("lb1.old.");
  });

  it("is told of every place that seals: a new one belongs into rows/sealed-fields.ts, and into this list", () => {
    const places = readdirSync("src", { recursive: true, encoding: "utf8" })
      .filter((file) => /^(operations|steps|api|workflows)\b.*\.ts$/.test(file))
      .filter((file) => /\bsealer\.seal\(/.test(readFileSync(join("src", file), "utf8")))
      .map((file) => file.replaceAll("\\", "/"))
      .toSorted();
    expect(places).toEqual([
      // A token for the caller, kept nowhere, valid for an hour.
      "api/callers/access-tokens.ts",
      "operations/alarms/alarm-channels.ts",
      "operations/containers/credentials.ts",
      "operations/databases/database-wishes.ts",
      "operations/restores/restore-site.ts",
      "steps/restore/restore-configuration.ts",
    ]);
  });

  it("without the old key changes nothing, and says which is missing", async () => {
    const before = await everything();
    const { resealed, unreadable } = await resealSecrets(withKeys(newest))(given.call);
    expect({ resealed, unreadable: [...unreadable] }).toEqual({ resealed: 0, unreadable: [["old", 10]] });
    expect(await everything()).toBe(before);
  });
});

describe("a sealing key that is lost", () => {
  const says =
    /needs the key old, and LIFEBOAT_SEALING_KEYS has only new\. Put that key back.*or enter the secret again/;

  it("is named, with the next move, to whoever asks for the secret", async () => {
    const ask = apiWith(withKeys(newest));
    for (const path of ["config/backup/list", "backups/1/list"]) {
      const answer = await ask("POST", `${shopPath}/${path}`, { body: {} });
      expect(answer.status).toBe(409);
      expect(answer.json()["error"]).toMatchObject({ code: "SecretUnreadable", message: expect.stringMatching(says) });
    }
  });

  it("costs nothing else: what needs no secret answers as before", async () => {
    const ask = apiWith(withKeys(newest));
    for (const [method, path] of [
      ["GET", "config/backup"],
      ["GET", "backups"],
      ["GET", "backups/1"],
      ["GET", "operations/o1"],
      ["GET", "config/alarms"],
    ] as const)
      expect((await ask(method, `${shopPath}/${path}`)).status, path).toBe(200);
    for (const path of ["config/backup/list", "backups/1/list"])
      expect((await ask("POST", `${shopPath}/${path}`, { as: "operator", body: {} })).status, path).toBe(200);
    const kept = await ask("PUT", `${shopPath}/config/backup`, { body: { properties: { backupName: "other" } } });
    expect(kept.status, "what was asked for is done, and the secret is not shown").toBe(200);
    expect(kept.json()["properties"]).toMatchObject({ backupName: "other", storageAccountUrl: "" });
  });

  it("is made good by entering the databases' connection strings again, and by nothing less", async () => {
    const database = { databaseType: "PostgreSql", name: "orders" };
    const string = "Host=db.example.org;Database=orders;Username=u;Password=planted";
    const put = (key: string | undefined, databases: readonly object[]) =>
      apiWith(withKeys(key))("PUT", `${shopPath}/config/backup`, { body: { properties: { databases } } });
    expect((await put(old, [{ ...database, connectionString: string }])).status).toBe(200);
    expect((await put(newest, [{ ...database, connectionString: "" }])).status, "what is blank stays").toBe(409);
    expect((await put(newest, [{ ...database, connectionString: string }])).status).toBe(200);
    const { resealed } = await resealSecrets(withKeys(newest))(given.call);
    expect(resealed).toBe(0);
    expect(await everything()).toContain("lb1.new.");
  });

  it("silences no alarm: only the site's own sealed channels wait for it", async () => {
    const deps = withKeys(newest);
    const sent: string[] = [];
    const installation = { channels: { mail: { kind: "mail", to: ["ops@example.org"] } as const }, missedIntervals: 2 };
    const told = {
      ...deps,
      policy: { ...deps.policy, alarms: installation },
      notifier: { ...deps.notifier, send: async ({ kind }: Channel) => void sent.push(kind) },
    };
    const answer = await apiWith(told)("POST", `${shopPath}/config/alarms/test`, { body: {} });
    expect(sent).toEqual(["mail"]);
    expect(answer.json()["value"]).toMatchObject([
      { channel: "installation mail", sent: true },
      { channel: "webhook", sent: false, problem: expect.stringMatching(says) },
      { channel: "heartbeat", sent: false, problem: expect.stringMatching(says) },
    ]);
  });

  it("is made good by entering the alarms' addresses again", async () => {
    const ask = apiWith(withKeys(newest));
    const blank = { properties: { webhook: { url: "" } } };
    expect((await ask("PUT", `${shopPath}/config/alarms`, { body: blank })).status, "what is blank stays").toBe(409);
    const again = {
      properties: { webhook: { url: "https://hook.example.org/t" }, heartbeatUrl: "https://b.example/" },
    };
    const put = await ask("PUT", `${shopPath}/config/alarms`, { body: again });
    expect(put.json()["properties"]).toMatchObject({ webhook: { form: "slack", isSigned: false }, heartbeatUrl: "" });
  });

  it("is made good by entering the secret again, even one that ends earlier", async () => {
    const deps = withKeys(newest);
    const ask = apiWith(deps);
    const storageAccountUrl = sas("fresh").replace("2027", "2026-12");
    const renewed = await ask("POST", `${shopPath}/backups/1/list`, { body: { properties: { storageAccountUrl } } });
    expect(renewed.status).toBe(200);
    expect((await credentialOf(deps, container))?.reveal()).toContain("sig=fresh");
  });

  it("is made good by putting the key back behind the newest", async () => {
    const ask = apiWith(withKeys(newest, old));
    const answer = await ask("POST", `${shopPath}/config/backup/list`, { body: {} });
    expect(answer.text).toContain("sig=planted");
  });
});
