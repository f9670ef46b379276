import { describe, expect, it } from "vitest";
import { refuse } from "../../../src/domain/errors.ts";
import type { Backup } from "../../../src/domain/backup.ts";
import { Secret } from "../../../src/domain/secret.ts";
import { localSiteHost } from "../../../src/adapters/site-files/local-site-host.ts";
import { checkInstallation } from "../../../src/operations/checks/check-installation.ts";
import { noteSweep } from "../../../src/operations/checks/health.ts";
import type { Installation } from "../../../src/operations/installation.ts";
import { deliverAlarms } from "../../../src/operations/alarms/deliver-alarms.ts";
import { markSite } from "../../../src/operations/rows/mark-rows.ts";
import { watchSites } from "../../../src/operations/alarms/watch-sites.ts";
import { memoryInstallation, shop } from "../../support/installation.ts";
import { putObject } from "../../support/put-object.ts";
import { alarmWorld, endedBackup } from "../alarms/alarm-world.ts";
import { StoreFailure } from "../../../src/domain/store-failure.ts";
import { pathFromText } from "../../../src/domain/byte-path.ts";
import { insertBackup } from "../../../src/operations/rows/backup-rows.ts";
import { insertOperation } from "../../../src/operations/rows/operation-rows.ts";
import { sitePartition } from "../../../src/operations/rows/keys.ts";
import type { SiteConfiguration, SiteHost } from "../../../src/ports/site-host.ts";

/** A site in a directory; nothing of it is read but whether it is there, and its settings. */
const hostIn = (directory: string, connectionStrings: SiteConfiguration["connectionStrings"] = {}): SiteHost => {
  const configuration = { appSettings: {}, connectionStrings };
  const settings = { read: async () => configuration, write: async () => undefined };
  return localSiteHost({ roots: [{ at: pathFromText(""), directory }], settings });
};

const well = async (change: Partial<Installation> = {}) => {
  const { deps } = memoryInstallation();
  await noteSweep(deps);
  const hosts = { host: async () => hostIn("docs") };
  const found = await checkInstallation({ ...deps, hosts, ...change });
  return { found, worse: found.filter(({ state }) => state !== "ok") };
};

describe("checking the installation", () => {
  it("finds nothing but that nobody is told of failures, where all is well", async () => {
    const { found, worse } = await well();
    expect(worse.map(({ name }) => name)).toEqual(["alarms"]);
    expect(found.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["catalog", "work storage", "sites", "recovery key"]),
    );
  });

  it("warns of a disk that is nearly full, and of a tool that is not there only mentions it", async () => {
    const machine: Installation["machine"] = {
      rooms: async () => [
        { folder: "/full", freeBytes: 2 ** 29, totalBytes: 2 ** 40 },
        { folder: "/free", freeBytes: 2 ** 39, totalBytes: 2 ** 40 },
      ],
      roomOf: async () => undefined,
      catalogRoom: async () => undefined,
      keepReserve: async () => undefined,
      giveUpReserve: async () => false,
      databaseTools: () => [{ engine: "PostgreSQL", name: "pg_dump", path: undefined }],
    };
    const { found, worse } = await well({ machine });
    expect(worse.filter(({ name }) => name === "disk")).toMatchObject([
      { state: "warning", message: expect.stringContaining("/full") },
    ]);
    expect(found.find(({ name }) => name === "pg_dump")).toMatchObject({
      state: "ok",
      advice: expect.stringContaining("PostgreSQL"),
    });
  });

  it.each([
    ["by room alone", new StoreFailure("Full", "The disk is full."), /^Lifeboat goes on by itself/],
    ["by looking at the store", new StoreFailure("Unavailable", "It is damaged."), /start Lifeboat again/],
  ])("says how a catalog that cannot be written is mended: %s", async (_, failure, told) => {
    const { deps } = memoryInstallation();
    deps.catalog.write = () => Promise.reject(failure);
    const { worse } = await well({ catalog: deps.catalog });
    expect(worse.find(({ name }) => name === "catalog")).toMatchObject({
      state: "problem",
      advice: expect.stringMatching(told),
    });
  });

  it("warns of alarms that nobody takes", async () => {
    const { deps, call, receivers, pass, clock } = alarmWorld();
    receivers.broken = true;
    await markSite(deps.catalog, shop, endedBackup(1, "Failed", clock.time));
    await watchSites(deps)(call);
    const alarms = async () => (await checkInstallation(deps)).find(({ name }) => name === "alarms");
    expect(await alarms()).toMatchObject({ state: "ok" });
    for (let round = 0; round < 2; round++) {
      pass(5);
      await deliverAlarms(deps)(call);
    }
    expect(await alarms()).toMatchObject({
      state: "warning",
      message: expect.stringContaining("1 were tried in vain"),
    });
  });

  it("names work storage that does not answer, and a sweep that came to an end, as problems", async () => {
    const scratch = () => Promise.reject(new Error("the account is gone."));
    const { worse } = await well({ scratch });
    expect(worse).toContainEqual(
      expect.objectContaining({ name: "work storage", state: "problem", message: "the account is gone." }),
    );
    const { deps, clock } = memoryInstallation();
    const catalog = async () => (await checkInstallation(deps)).find(({ name }) => name === "catalog");
    expect(await catalog()).toMatchObject({ state: "warning", advice: expect.stringContaining("in a minute") });
    await noteSweep(deps);
    clock.time = new Date(clock.time.getTime() + 3_600_000);
    expect(await catalog()).toMatchObject({ state: "problem", message: "the sweep last ran 60 minutes ago." });
  });

  it("names sites whose directory is gone, whose file is wrong, and whose backups have nowhere to go", async () => {
    const { deps } = memoryInstallation();
    const gone = { host: async () => hostIn("/nowhere-at-all") };
    const problem = (name: string, message: RegExp) =>
      expect.objectContaining({ name, state: "problem", message: expect.stringMatching(message) });
    expect((await well({ hosts: gone })).worse).toContainEqual(problem("site shop", /directory is not there/));
    const sites = { ...deps.sites, problems: async () => ["The site file x.json is not valid: it is not JSON."] };
    expect((await well({ sites })).worse).toContainEqual(problem("site files", /x\.json/));
    const policy = { ...deps.policy, defaultDestination: new Secret("https://forbidden.example/c") };
    expect((await well({ policy })).worse).toContainEqual(problem("site shop", /may not be used/));
  });

  it.each([
    [
      "DestinationRefused",
      { url: "x", reason: "no." },
      "docs/destinations.md tells what may be named, and by which settings.",
    ],
    ["DestinationUnavailable", { url: "x", reason: "Mount it." }, undefined],
  ] as const)("says no more of a %s than what helps", async (code, details, advice) => {
    const { deps } = memoryInstallation();
    const destinations = { ...deps.destinations, open: () => Promise.reject(refuse(code, details)) };
    expect((await well({ destinations })).worse.find(({ name }) => name === "site shop")?.advice).toBe(advice);
  });

  it.each([
    [{ status: "Failed", stopped: "page", log: "The start command failed.\nMore." }, true],
    [{ status: "Failed", stopped: "page", up: true }, false],
    [{ status: "Failed" }, false],
    [{ status: "Succeeded", stopped: "page" }, false],
  ] as const)("names a site that its last restore, %j, left stopped: %s", async (change, isNamed) => {
    const { deps } = memoryInstallation();
    const at = (minute: number): string => `2026-11-20T12:0${minute}:00.000Z`;
    const operation = { site: shop, kind: "restore", run: "r", correlationId: "c" } as const;
    await deps.catalog.write(sitePartition(shop), [
      insertOperation({ ...operation, id: "o1", created: at(1), ...change }),
      insertOperation({ ...operation, id: "o2", created: at(2), status: "Failed", log: "It was not touched." }),
    ]);
    const { worse } = await well({ catalog: deps.catalog });
    const found = worse.filter(({ name }) => name === "site shop").map(({ message }) => message);
    const message = "It is still stopped, for its last restore could not start it. The start command failed.";
    expect(found).toEqual(isNamed ? [message] : []);
  });

  const destination = "file:///backups/shop";
  /** The site has a good backup, with an archive where the catalog says unless `archive` is false. */
  const withBackup = async ({
    databases = [] as string[],
    at = destination,
    archive = true,
    serves = false,
    directory = "docs",
    next = undefined as Partial<Backup> | undefined,
  } = {}) => {
    const { deps, container } = memoryInstallation();
    const good: Backup = {
      site: shop,
      id: 7,
      name: "nightly",
      blobBase: "nightly",
      status: "Succeeded",
      scheduled: true,
      destination: at,
      correlationId: "c",
      databases: databases.map((name) => ({ type: "PostgreSql", name })),
      created: "2026-11-20T12:00:00.000Z",
      sizeBytes: 3,
      ...(serves ? { served: "present", files: 12 } : {}),
    };
    const backups = next === undefined ? [good] : [good, { ...good, id: 8, ...next }];
    await deps.catalog.write(sitePartition(shop), backups.map(insertBackup));
    if (archive) await putObject(container(destination), "nightly.zip", Buffer.from("zip"));
    const connectionStrings = {
      orders: { value: new Secret("postgres://u:p@db.example/orders"), type: "PostgreSQL" },
      cache: { value: new Secret("localhost:6379,ssl=false"), type: "Custom" },
    };
    const { worse } = await well({
      catalog: deps.catalog,
      destinations: deps.destinations,
      hosts: { host: async () => hostIn(directory, connectionStrings) },
    });
    return worse.filter(({ name }) => name === "site shop");
  };

  it("names the last good backup of a site that is not where it was written, or may not be read there", async () => {
    expect(await withBackup({ databases: ["orders"] })).toEqual([]);
    expect(await withBackup({ databases: ["orders"], archive: false })).toEqual([
      {
        name: "site shop",
        state: "problem",
        message: `Its last good backup (7) cannot be restored: nightly.zip is not in ${destination} any more.`,
        advice: expect.stringContaining("make a new backup now"),
      },
    ]);
    expect(await withBackup({ databases: ["orders"], at: "https://forbidden.example/c" })).toMatchObject([
      { state: "problem", message: expect.stringMatching(/^Its last good backup \(7\) .* may not be used/) },
    ]);
  });

  it("names a site that has lost the files that its last good backup holds", async () => {
    expect(await withBackup({ databases: ["orders"], serves: true })).toEqual([
      {
        name: "site shop",
        state: "problem",
        message: expect.stringMatching(/^There is no file in site\/wwwroot, though backup 7 .* \(12 files in all\)/),
        advice: "Mount it, or restore that backup: lifeboat restore shop 7",
      },
    ]);
  });

  it("says once that a directory is gone, and nothing of what it would hold", async () => {
    expect(await withBackup({ databases: ["orders"], serves: true, directory: "/nowhere-at-all" })).toEqual([
      expect.objectContaining({ message: "Its directory is not there." }),
    ]);
  });

  it("warns where the last good backup holds none of the databases that the site has", async () => {
    expect(await withBackup()).toEqual([
      {
        name: "site shop",
        state: "warning",
        message: "Its last good backup (7) holds no database, though its connection strings lead to one: orders.",
        advice: expect.stringContaining("--database all"),
      },
    ]);
  });

  it.each([
    [{ status: "Failed", log: "No login.\nMore." }, "problem", "Its newest backup (8) is Failed: No login."],
    [{ status: "TimedOut" }, "problem", "Its newest backup (8) is TimedOut."],
    [{ status: "PartiallySucceeded", log: "a.txt" }, "warning", "Its newest backup (8) is PartiallySucceeded."],
  ] as const)("names a newest backup that is %j", async (next, state, message) => {
    const advice = "lifeboat show shop 8 tells all about it.";
    expect(await withBackup({ databases: ["orders"], next })).toEqual([{ name: "site shop", state, message, advice }]);
  });

  it.each(["Skipped", "InProgress"] as const)("says nothing of a newer backup that is %s", async (status) => {
    expect(await withBackup({ databases: ["orders"], next: { status } })).toEqual([]);
  });
});
