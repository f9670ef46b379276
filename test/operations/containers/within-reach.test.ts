import { beforeEach, describe, expect, it } from "vitest";
import { Secret } from "../../../src/domain/secret.ts";
import { siteKey, type SiteId } from "../../../src/domain/site.ts";
import { StoreFailure } from "../../../src/domain/store-failure.ts";
import { putBackupConfiguration } from "../../../src/operations/backups/backup-configuration.ts";
import { createBackup } from "../../../src/operations/backups/create-backup.ts";
import { discoverBackups } from "../../../src/operations/containers/discover.ts";
import { endRunLate } from "../../../src/operations/sweeps/end-run-late.ts";
import type { Installation } from "../../../src/operations/installation.ts";
import { planRestore } from "../../../src/operations/restores/plan-restore.ts";
import type { RestoreWish } from "../../../src/operations/restores/asked-restore.ts";
import { restoreSite } from "../../../src/operations/restores/restore-site.ts";
import { readBackupRows, replaceBackup } from "../../../src/operations/rows/backup-rows.ts";
import { sitePartition } from "../../../src/operations/rows/keys.ts";
import type { Call } from "../../../src/ports/call.ts";
import { store } from "../../adapters/destination/blocks.ts";
import { memoryInstallation, shop } from "../../support/installation.ts";

const blog: SiteId = { ...shop, name: "blog" };
const shared = "https://acct.blob.core.windows.net/shared";
const others = "https://acct.blob.core.windows.net/others";
const sas = (container: string, signature = "good"): Secret =>
  new Secret(`${container}?se=2027-01-01&sp=rwdl&sig=${signature}`);

let given: ReturnType<typeof memoryInstallation>;
let deps: Installation;
/** Everybody's own key, and that of whoever is limited to shop. */
let everywhere: Call;
let limited: Call;

beforeEach(async () => {
  given = memoryInstallation();
  given.sites.set(siteKey(blog), { id: blog, location: "Local", tier: "Standard" });
  // A SAS opens its container when its signature is good, and without one only what is kept does.
  const refusing = { head: () => Promise.reject(new StoreFailure("AccessDenied", "The SAS is not accepted.")) };
  deps = {
    ...given.deps,
    policy: { ...given.deps.policy, defaultDestination: new Secret(shared) },
    destinations: {
      open: async (url, credential) =>
        credential?.reveal().includes("sig=bad") ? { ...given.container(url), ...refusing } : given.container(url),
    },
  };
  everywhere = given.call;
  limited = { ...given.call, caller: "shops", reach: [{ subscription: "s", resourceGroup: "g", name: "shop" }] };
  await createBackup(deps)(everywhere, shop, { name: "of-shop", storageAccountUrl: sas(shared) });
  await createBackup(deps)(everywhere, blog, { name: "of-blog", storageAccountUrl: sas(shared) });
  await createBackup(deps)(everywhere, blog, { name: "apart", storageAccountUrl: sas(others) });
  for (const name of ["of-shop", "of-blog", "unknown"])
    await store(given.container(shared), `${name}.zip`, [Buffer.from("zip")]);
  await store(given.container(others), "apart.zip", [Buffer.from("zip")]);
});

const wish = (changes: Partial<RestoreWish> = {}): RestoreWish => ({
  storageAccountUrl: new Secret(shared),
  blobName: "of-shop.zip",
  overwrite: true,
  paths: [],
  quick: false,
  allowOutsideLinks: false,
  ...changes,
});

/** Every way to name a container or an archive in a body. */
const ways = {
  restore: (call: Call, changes: Partial<RestoreWish>) => restoreSite(deps)(call, shop, wish(changes)),
  plan: (call: Call, changes: Partial<RestoreWish>) =>
    planRestore(deps)(call, shop, { restore: wish(changes), showAll: false, limit: 1 }),
  discover: (call: Call, { storageAccountUrl, blobName }: Partial<RestoreWish>) =>
    discoverBackups(deps)(call, shop, {
      ...(storageAccountUrl && { storageAccountUrl }),
      ...(blobName === undefined ? {} : { blobName }),
    }),
};
const named = Object.entries(ways);
const databases = [{ type: "MySql", name: "db" }] as const;
const refusedWith = (code: string) => ({ code });

describe("whoever is limited to a site", () => {
  it.each(named)("does not %s an archive of another, from a container they share", async (_name, way) => {
    for (const storageAccountUrl of [new Secret(shared), sas(shared)])
      await expect(way(limited, { storageAccountUrl, blobName: "of-blog.zip" })).rejects.toMatchObject(
        refusedWith("ArchiveNotReached"),
      );
  });

  it.each(named)("does not %s what nobody knows, unless he brings access himself", async (_name, way) => {
    for (const blobName of ["unknown.zip", "not-there.zip"])
      await expect(way(limited, { storageAccountUrl: new Secret(shared), blobName })).rejects.toMatchObject(
        refusedWith("ArchiveNotReached"),
      );
    const answer: unknown = await way(limited, { storageAccountUrl: sas(shared), blobName: "unknown.zip" }).catch(
      (error: unknown) => error,
    );
    expect(answer).not.toMatchObject(refusedWith("ArchiveNotReached"));
  });

  it.each(named)("does not %s from a container of others, with no access or a made-up one", async (_name, way) => {
    for (const storageAccountUrl of [new Secret(others), sas(others, "bad"), new Secret("file:///backups/blog")])
      for (const blobName of ["apart.zip", "of-shop.zip"])
        await expect(way(limited, { storageAccountUrl, blobName })).rejects.toMatchObject(
          refusedWith("ContainerNotReached"),
        );
  });

  it("is hindered in nothing with his own: only that the backup still runs", async () => {
    for (const way of [ways.restore, ways.plan])
      await expect(way(limited, {})).rejects.toMatchObject(refusedWith("BackupNotRestorable"));
  });

  it.each(["blog", "shop2", "blog(staging)"])("restores to no other: %s, there or not", async (siteName) => {
    for (const overwrite of [true, false])
      for (const way of [ways.restore, ways.plan])
        await expect(way(limited, { siteName, overwrite })).rejects.toMatchObject(refusedWith("SiteNotReached"));
    expect(given.started.filter(({ workflow }) => workflow === "restoreSite")).toEqual([]);
  });

  it("sees of a shared container only his own, also with a SAS what others are known to own", async () => {
    const seen = async (call: Call, storageAccountUrl?: Secret) => {
      const { found, total } = await discoverBackups(deps)(call, shop, storageAccountUrl ? { storageAccountUrl } : {});
      expect(found).toHaveLength(total);
      return found.map(({ blobName }) => blobName).toSorted();
    };
    expect(await seen(everywhere)).toEqual(["of-blog.zip", "of-shop.zip", "unknown.zip"]);
    expect(await seen(limited)).toEqual(["of-shop.zip"]);
    expect(await seen(limited, new Secret(shared))).toEqual(["of-shop.zip"]);
    expect(await seen(limited, sas(shared))).toEqual(["of-shop.zip", "unknown.zip"]);
  });

  it.each([
    ["a socket of this machine", "PostgreSql", "host=/run/postgresql user=lifeboat password=x dbname=blog"],
    ["no login at all", "PostgreSql", "postgres://lifeboat@localhost/blog"],
    [
      "a socket of this machine",
      "MySql",
      "Server=localhost;Socket=/run/mysqld/mysqld.sock;Uid=root;Pwd=x;Database=blog",
    ],
    ["the token of this machine", "SqlAzure", "Server=tcp:blog.database.windows.net;Database=blog"],
  ] as const)("neither backs up nor restores a database by %s (%s)", async (_, type, text) => {
    const databases = [{ type, name: "db", connectionString: new Secret(text) }];
    const all: readonly ((call: Call) => Promise<unknown>)[] = [
      (call) => createBackup(deps)(call, shop, { databases }),
      (call) => putBackupConfiguration(deps)(call, shop, { databases }),
      (call) => ways.restore(call, { databases }),
      (call) => ways.plan(call, { databases }),
    ];
    for (const ask of all) {
      await expect(ask(limited)).rejects.toMatchObject(refusedWith("DatabaseNotReached"));
      const answer = await ask(everywhere).catch((error: unknown) => error);
      expect(answer).not.toMatchObject(refusedWith("DatabaseNotReached"));
    }
    const own = {
      type: "MySql",
      name: "db",
      connectionString: new Secret("mysql://shop:secret@db.example/shop"),
    } as const;
    expect((await putBackupConfiguration(deps)(limited, shop, { databases: [own] }))?.databases).toHaveLength(1);
  });

  it("brings no configuration out of an archive that nobody here has written, and makes no site for it", async () => {
    const foreign = { storageAccountUrl: sas(shared), blobName: "unknown.zip" };
    const staging = { siteName: "shop(staging)", overwrite: false };
    for (const way of [ways.restore, ways.plan])
      for (const changes of [{ configuration: true }, { configuration: true, databasesOnly: true, databases }, staging])
        await expect(way(limited, { ...foreign, ...changes })).rejects.toMatchObject(
          refusedWith("ConfigurationNotReached"),
        );
    expect(given.started.filter(({ workflow }) => workflow === "restoreSite")).toEqual([]);
    expect(given.sites.size).toBe(2);
    // The rest gets as far as the site, which is busy.
    for (const asked of [
      ways.restore(limited, foreign),
      ways.restore(limited, { ...foreign, configuration: false }),
      ways.restore(everywhere, { ...foreign, configuration: true }),
    ])
      await expect(asked).rejects.toMatchObject(refusedWith("SiteBusy"));
  });

  it("brings the configuration of his own site's backups back", async () => {
    const [own] = (await readBackupRows(deps.catalog, shop)).rows;
    if (own === undefined) throw new Error("There is no backup.");
    const succeeded = replaceBackup({ ...own.backup, status: "Succeeded", commitId: "c" }, own.version);
    await deps.catalog.write(sitePartition(shop), [succeeded]);
    await endRunLate(deps, everywhere, { site: shop, run: own.backup.run ?? "", reason: "It is over." });
    const { operation } = await ways.restore(limited, { configuration: true });
    expect(operation.request).toMatchObject({ configuration: true, backup: own.backup.id });
  });

  it("neither backs up to a container of others nor configures one", async () => {
    for (const storageAccountUrl of [new Secret(others), sas(others, "bad")]) {
      await expect(createBackup(deps)(limited, shop, { storageAccountUrl })).rejects.toMatchObject(
        refusedWith("ContainerNotReached"),
      );
      await expect(putBackupConfiguration(deps)(limited, shop, { storageAccountUrl })).rejects.toMatchObject(
        refusedWith("ContainerNotReached"),
      );
    }
    await putBackupConfiguration(deps)(limited, shop, { storageAccountUrl: sas(others) });
    await putBackupConfiguration(deps)(limited, shop, { storageAccountUrl: new Secret(shared) });
  });
});
