import { beforeEach, describe, expect, it } from "vitest";
import { memoryDestination } from "../support/memory-destination.ts";
import { MemorySite } from "../support/memory-site.ts";
import { browseRoutes } from "../../src/api/routes/browse-routes.ts";
import { pathFromText } from "../../src/domain/byte-path.ts";
import { insertBackup } from "../../src/operations/rows/backup-rows.ts";
import { sitePartition } from "../../src/operations/rows/keys.ts";
import { apiOver, shopPath } from "../support/api.ts";
import { memoryInstallation, shop } from "../support/installation.ts";
import { keptBackup } from "../support/kept-backup.ts";
import { packArchive } from "../support/pack-archive.ts";

const container = "file:///backups/shop";
const site = (files: Readonly<Record<string, string>>): MemorySite => {
  const made = new MemorySite();
  for (const [path, content] of Object.entries(files)) made.writeFile(pathFromText(path), Buffer.from(content));
  return made;
};

let ask: ReturnType<typeof apiOver>;

beforeEach(async () => {
  const given = memoryInstallation();
  const destination = memoryDestination();
  const archives = [
    site({ "wwwroot/a": "same", "wwwroot/b": "old", "wwwroot/c": "gone", "wwwroot/d": "x", "wwwroot-2/z": "z" }),
    site({
      "wwwroot/a": "same",
      "wwwroot/b": "new",
      "wwwroot/b2": "added",
      "wwwroot/d/e": "now a folder",
      "wwwroot-2/z": "Z",
    }),
  ];
  for (const [index, files] of archives.entries()) {
    const name = `nightly-${index + 1}`;
    const { commitId } = await packArchive({ site: files, destination, name: `${name}.zip` });
    const backup = { ...keptBackup({ destination: container, commitId }), id: index + 1, name, blobBase: name };
    await given.deps.catalog.write(sitePartition(shop), [insertBackup(backup)]);
  }
  ask = apiOver(browseRoutes({ ...given.deps, destinations: { open: async () => destination } }), given.call);
});

const compare = async (query: string) => {
  const answer = await ask("GET", `${shopPath}/backups/1/compare?${query}`, { as: "reader" });
  const { value, properties } = answer.json();
  const items: readonly { path: string; change: string }[] = value ?? [];
  return { status: answer.status, changes: items.map(({ path, change }) => `${change} ${path}`), properties };
};

describe("comparing two backups", () => {
  it("tells what was added, removed and changed, and nothing that is equal", async () => {
    const { changes, properties } = await compare("with=2");
    expect(changes.filter((change) => !change.startsWith("adjusted"))).toEqual([
      "changed wwwroot-2/z",
      "changed wwwroot/b",
      "added wwwroot/b2",
      "removed wwwroot/c",
      "removed wwwroot/d",
      "added wwwroot/d",
      "added wwwroot/d/e",
    ]);
    expect(changes).not.toContain("changed wwwroot/a");
    expect(properties).toMatchObject({
      backup: 1,
      with: 2,
      more: 0,
      counts: { changed: { entries: 2, sizeInBytes: 4 } },
    });
  });

  it("can be limited to a path, which is no prefix of names, and to so many changes", async () => {
    const below = await compare("with=2&path=wwwroot/d");
    expect(below.changes).toEqual(["removed wwwroot/d", "added wwwroot/d", "added wwwroot/d/e"]);
    const few = await compare("with=2&path=wwwroot/d&limit=1");
    expect(few).toMatchObject({
      changes: ["removed wwwroot/d"],
      properties: { more: 2, counts: { added: { entries: 2 } } },
    });
  });

  it("finds nothing between a backup and itself", async () => {
    expect((await compare("with=1")).changes).toEqual([]);
  });

  it("refuses what is no backup", async () => {
    expect((await compare("with=yesterday")).status).toBe(400);
    expect((await compare("with=9")).status).toBe(404);
  });
});
