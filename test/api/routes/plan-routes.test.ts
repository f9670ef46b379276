import { randomBytes } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { directoryDestination } from "../../../src/adapters/destination/directory.ts";
import { Secret } from "../../../src/domain/secret.ts";
import { MemorySite } from "../../support/memory-site.ts";
import { planRoutes } from "../../../src/api/routes/plan-routes.ts";
import { pathFromText } from "../../../src/domain/byte-path.ts";
import { SecretUnreadable } from "../../../src/domain/secret.ts";
import type { Installation } from "../../../src/operations/installation.ts";
import { putBackupConfiguration } from "../../../src/operations/backups/backup-configuration.ts";
import { insertBackup } from "../../../src/operations/rows/backup-rows.ts";
import { sitePartition } from "../../../src/operations/rows/keys.ts";
import type { SiteHost } from "../../../src/ports/site-host.ts";
import { apiOver, shopPath } from "../../support/api.ts";
import { keptBackup } from "../../support/kept-backup.ts";
import { memoryInstallation, shop } from "../../support/installation.ts";

let files: MemorySite;
let given: ReturnType<typeof memoryInstallation>;
let change: (deps: Partial<Installation>) => void;
let ask: ReturnType<typeof apiOver>;
const write = (path: string, content: string) => files.writeFile(pathFromText(path), Buffer.from(content));

beforeEach(() => {
  given = memoryInstallation();
  files = new MemorySite();
  change = (deps) => {
    const settings = { read: async () => ({ appSettings: {}, connectionStrings: {} }) };
    // Safe: a dry run asks a host for its files and settings alone, and whether there are any.
    const host = { files: files as SiteHost["files"], settings, content: async () => "present" } as unknown as SiteHost;
    ask = apiOver(planRoutes({ ...given.deps, hosts: { host: async () => host }, ...deps }), given.call);
  };
  change({});
  write("site/wwwroot/index.html", "12345");
  write("site/wwwroot/cache/a.tmp", "1");
  write("site/wwwroot/cache/b.tmp", "22");
  write("site/wwwroot/logs/x.log", "333");
  write(
    "site/wwwroot/_backup.filter",
    "# what nobody misses\n\\site\\wwwroot\\cache\n/site/wwwroot/logs/*.log\n/site/typo",
  );
});

type Page = { value: { path: string; included: boolean; line: number | null }[]; nextLink: string | null };
const page = async (path: string): Promise<Page> => (await ask("GET", path)).json() as unknown as Page;

describe("the dry run of a backup", () => {
  const plan = `${shopPath}/backup/plan`;

  it("tells what the backup would hold, and what each line of the filter leaves out", async () => {
    const answer = await ask("GET", plan, { as: "reader" });
    expect(answer.json()["properties"]).toEqual({
      files: 2,
      sizeInBytes: 81,
      filter: [
        { line: 2, text: "\\site\\wwwroot\\cache", entries: 3, sizeInBytes: 3 },
        { line: 3, text: "/site/wwwroot/logs/*.log", entries: 1, sizeInBytes: 3 },
        { line: 4, text: "/site/typo", entries: 0, sizeInBytes: 0 },
      ],
      unreadableCount: 0,
      unreadable: [],
      problems: [],
      warnings: [expect.stringContaining("line 4")],
      databases: [],
    });
    const listed = (await page(plan)).value.map(({ path, included, line }) => `${path} ${included ? "in" : line}`);
    expect(listed).toEqual([
      "site in",
      "site/wwwroot in",
      "site/wwwroot/_backup.filter in",
      "site/wwwroot/cache 2",
      "site/wwwroot/cache/a.tmp 2",
      "site/wwwroot/cache/b.tmp 2",
      "site/wwwroot/index.html in",
      "site/wwwroot/logs in",
      "site/wwwroot/logs/x.log 3",
    ]);
  });

  it.each(["all", "included", "excluded"])(
    "pages through what it shows (%s) without loss or repetition",
    async (show) => {
      const all = (await page(`${plan}?show=${show}`)).value;
      const found: unknown[] = [];
      let next: string | null = `${plan}?show=${show}&limit=2`;
      while (next !== null) {
        const part: Page = await page(next);
        found.push(...part.value);
        next = part.nextLink;
      }
      expect(found).toEqual(all);
      expect(all.every(({ included }) => show === "all" || included === (show === "included"))).toBe(true);
      expect(all.length).toBeGreaterThan(3);
    },
  );

  it("names the databases that the site's configuration lists, without their secrets", async () => {
    const connectionString = new Secret("postgres://u:planted@db.example/orders");
    const database = { type: "PostgreSql", name: "orders", connectionString } as const;
    await putBackupConfiguration(given.deps)(given.call, shop, { databases: [database] });
    const answer = await ask("GET", plan, { as: "reader" });
    expect(answer.json()).toMatchObject({
      properties: { databases: [{ databaseType: "PostgreSql", name: "orders", connectionStringName: null }] },
    });
    expect(JSON.stringify(answer.json())).not.toContain("planted");
  });

  it("warns where nothing is left of what a backup holds", async () => {
    const row = insertBackup(keptBackup({ served: "present", files: 5 }));
    await given.deps.catalog.write(sitePartition(shop), [row]);
    // Safe: a test that finds something else fails.
    const warnings = async () => (await ask("GET", plan)).json()["properties"] as unknown as { warnings: string[] };
    expect((await warnings()).warnings).toHaveLength(1);
    files = new MemorySite();
    write("site/logs/today.log", "1");
    change({});
    expect((await warnings()).warnings).toEqual([
      expect.stringMatching(/^There is no file in site\/wwwroot, though backup 1 /),
    ]);
  });

  it("names what could not be read", async () => {
    files.leaveOut(pathFromText("site/wwwroot/cache2"), "EACCES: permission denied");
    const { properties } = (await ask("GET", plan)).json();
    expect(properties).toMatchObject({
      unreadableCount: 1,
      unreadable: [{ path: "site/wwwroot/cache2", reason: "EACCES: permission denied" }],
    });
  });

  describe("tells what would keep the backup from being made:", () => {
    const planned = async (query = ""): Promise<{ problems: string[]; warnings: string[] }> => {
      const { properties } = (await ask("GET", `${plan}${query}`)).json();
      // Safe: a test that finds something else fails.
      return properties as unknown as { problems: string[]; warnings: string[] };
    };
    /** Destinations and work storage that lie on disks with so much room. */
    const onDisks = ({ backups, scratch = 1e9 }: { backups: number; scratch?: number }): Partial<Installation> => ({
      destinations: { open: async () => directoryDestination("/backups/shop") },
      scratch: async () => directoryDestination("/scratch"),
      machine: {
        ...given.deps.machine,
        roomOf: async (folder) => ({ folder, freeBytes: folder === "/scratch" ? scratch : backups, totalBytes: 1e9 }),
      },
    });

    it("an archive that does not fit, as the backup itself would be refused", async () => {
      for (let file = 0; file < 4; file++)
        files.writeFile(pathFromText(`site/wwwroot/photo-${file}.jpg`), randomBytes(1_000_000));
      change(onDisks({ backups: 2_000_000 }));
      expect((await planned()).problems).toEqual([
        expect.stringMatching(
          /^The backup does not fit where .*\/backups\/shop has 2\.0 MB free, at least 3\.0 MB are needed/,
        ),
      ]);
      expect((await planned("?elsewhere=true")).problems).toEqual([]);
      change(onDisks({ backups: 3_500_000 }));
      expect(await planned()).toMatchObject({
        problems: [],
        warnings: [
          expect.stringMatching(/^It may not fit .* 3\.5 MB free, about 4\.0 MB are needed\.$/),
          expect.anything(),
        ],
      });
      change(onDisks({ backups: 4_100_000 }));
      expect((await planned()).warnings).toHaveLength(1);
    });

    it("SQLite databases whose copies do not fit into the work storage", async () => {
      const header = Buffer.alloc(4_096);
      header.write("SQLite format 3\0");
      files.writeFile(pathFromText("site/wwwroot/shop.db"), header);
      Object.assign(files, { databasePages: () => [] });
      files.writeFile(pathFromText("site/wwwroot/shop.db-wal"), Buffer.from("log"));
      change(onDisks({ backups: 1e9, scratch: 4_000 }));
      expect((await planned()).problems).toEqual([
        expect.stringMatching(/SQLite databases .* \/scratch has 4\.0 KB free/),
      ]);
      change(onDisks({ backups: 1e9, scratch: 4_096 }));
      expect((await planned()).problems).toEqual([]);
    });

    it("limits of size and of backups a day", async () => {
      await given.deps.catalog.write(sitePartition(shop), [insertBackup(keptBackup())]);
      change({ policy: { ...given.deps.policy, maxBackupBytes: 80, backupsPerDay: 1 } });
      expect((await planned()).problems).toEqual([
        expect.stringMatching(/^shop has had the 1 backups .* from 2026-11-22T00:00:00/),
        expect.stringContaining("more than the limit of 80 B"),
      ]);
    });

    it.each([
      [
        "that is none",
        () => ({ policy: { ...given.deps.policy, defaultDestination: new Secret("") } }),
        /No storageAccountUrl/,
      ],
      [
        "whose credential nobody can open",
        () => ({
          destinations: { open: () => Promise.reject(new SecretUnreadable("KeyMissing", "The key k1 is missing.")) },
        }),
        /k1 is missing/,
      ],
    ])("a destination %s", async (_, deps, problem) => {
      change(deps());
      expect((await planned()).problems).toEqual([expect.stringMatching(problem)]);
    });
  });

  it("refuses what it does not know", async () => {
    expect((await ask("GET", `${plan}?show=everything`)).status).toBe(400);
    expect((await ask("GET", plan.replace("shop", "nope"))).status).toBe(404);
  });
});
