import { describe, expect, it } from "vitest";
import { MemorySite } from "../../support/memory-site.ts";
import { listSite } from "../../support/pack-archive.ts";
import { openArchive } from "../../../src/archive/read/open-archive.ts";
import { planRestore, type RestorePlan, type RestorePlanOptions } from "../../../src/archive/restore/restore-plan.ts";
import type { RestoreScope } from "../../../src/archive/restore/restore-scope.ts";
import { pathFromText as path } from "../../../src/domain/byte-path.ts";
import { parseFilter } from "../../../src/domain/filter.ts";
import { lifeboatZip, type Content } from "../../support/lifeboat-zip.ts";
import { rawZip } from "../../support/raw-zip.ts";
import { memorySource } from "../../support/memory-source.ts";
import { inlineRunner } from "../../support/inline-runners.ts";

const all: RestoreScope = { paths: [], filter: parseFilter(""), leftOut: new Set(), roots: [path("")] };
const mtimeNs = 1_700_000_000_123_456_789n;

const plan = async (
  zip: Buffer,
  site: MemorySite,
  { scope = {}, ...options }: Partial<Omit<RestorePlanOptions, "scope">> & { scope?: Partial<RestoreScope> } = {},
): Promise<RestorePlan> => {
  const { directory } = await openArchive(memorySource("test.zip", zip));
  const listing = await listSite(site);
  return planRestore(
    directory,
    { listing, files: site },
    {
      scope: { ...all, ...scope },
      quick: false,
      ownerOf: ({ uid, gid }) => ({ uid, gid }),
      runner: inlineRunner,
      ...options,
    },
  );
};

const shown = (made: RestorePlan): readonly string[] => {
  expect(made.problems).toEqual([]);
  return [...made.changes()].map(({ path: at, action }) => `${action} ${at}`);
};
const steps = (made: RestorePlan): readonly string[] =>
  [...made.operations(() => "a")].map((one) => `${one.kind} ${one.kind === "setMetadata" ? one.entry.path : one.path}`);

const write = (site: MemorySite, at: string, content: string): void =>
  site.writeFile(path(at), Buffer.from(content), { mtimeNs, uid: 33, gid: 33 });

const contents: readonly Content[] = [
  { name: "dump", content: "no file of the site" },
  { name: "configuration.json", content: "{}" },
  { name: "fs/site/" },
  { name: "fs/site/wwwroot/" },
  { name: "fs/site/wwwroot/index", content: "index" },
  { name: "fs/site/wwwroot/sub/" },
  { name: "fs/site/wwwroot/sub/a", content: "a" },
];
const siteOf = (files: Readonly<Record<string, string>>): MemorySite => {
  const site = new MemorySite();
  for (const folder of ["site", "site/wwwroot"]) site.makeDirectory(path(folder), { mtimeNs, uid: 33, gid: 33 });
  for (const [at, content] of Object.entries(files)) write(site, at, content);
  return site;
};

describe("the plan of a restore", () => {
  it("touches nothing beside a chosen file that is no SQLite database", async () => {
    const files = { "site/wwwroot/a": "live", "site/wwwroot/a-journal": "live", "site/wwwroot/a-wal": "live" };
    const made = await plan(
      lifeboatZip([
        ...contents.slice(0, 4),
        { name: "fs/site/wwwroot/a", content: "old" },
        { name: "fs/site/wwwroot/a-wal", content: "old" },
      ]),
      siteOf(files),
      { scope: { paths: [path("site/wwwroot/a")] } },
    );
    expect(steps(made)).toEqual(["place site/wwwroot/a"]);
  });

  it("writes a SQLite database anew with what lies beside it, though they are the same", async () => {
    const content = "SQLite format 3".padEnd(1024, "?");
    const databases = { "site/wwwroot/a": content, "site/wwwroot/a-journal": "j", "site/wwwroot/alone": content };
    const made = await plan(
      lifeboatZip([
        ...contents.slice(0, 4),
        ...Object.entries(databases).map(([name, text]) => ({ name: `fs/${name}`, content: text })),
      ]),
      siteOf({ ...databases, "site/wwwroot/alone-walk": "no log" }),
    );
    expect(steps(made).filter((step) => step.startsWith("place"))).toEqual([
      "place site/wwwroot/a",
      "place site/wwwroot/a-journal",
    ]);
    const replaced = [...made.changes()].filter(({ action }) => action === "replace");
    expect(new Set(replaced.map(({ reason }) => reason))).toEqual(
      new Set(["A SQLite database in use is written anew, with what lies beside it."]),
    );
  });

  it("leaves the log of a SQLite database that stays as the site has it", async () => {
    const site = siteOf({ "site/wwwroot/a": "live".padEnd(512), "site/wwwroot/a-wal": "live" });
    const log: Content = { name: "fs/site/wwwroot/a-wal", content: "old" };
    const excluded = await plan(lifeboatZip([...contents.slice(0, 4), log]), site, {
      scope: { filter: parseFilter("\\site\\wwwroot\\a") },
    });
    expect(steps(excluded)).toEqual([]);
    expect([...excluded.changes()].find(({ path: at }) => at.endsWith("-wal"))).toMatchObject({
      action: "leave",
      reason: "The SQLite database that it belongs to stays as it is.",
    });
    const database: Content = { name: "fs/site/wwwroot/a", content: "old".padEnd(512) };
    const paths = [path("site/wwwroot/a-wal")];
    expect(
      steps(await plan(lifeboatZip([...contents.slice(0, 4), database, log]), site, { scope: { paths } })),
    ).toEqual([]);
  });

  it("writes, replaces, removes and keeps, and touches nothing but the site's files", async () => {
    const site = siteOf({ "site/wwwroot/index": "hacked", "site/wwwroot/more/x": "new" });
    const made = await plan(lifeboatZip(contents), site);
    expect(shown(made)).toEqual([
      "keep site",
      "keep site/wwwroot",
      "replace site/wwwroot/index",
      "write site/wwwroot/sub",
      "write site/wwwroot/sub/a",
      "remove site/wwwroot/more",
      "remove site/wwwroot/more/x",
    ]);
    expect(steps(made)).toEqual([
      "remove site/wwwroot/more/x",
      "removeDirectory site/wwwroot/more",
      "place site/wwwroot/index",
      "makeDirectory site/wwwroot/sub",
      "place site/wwwroot/sub/a",
      "setMetadata site/wwwroot/sub",
      "setMetadata site/wwwroot",
    ]);
    expect(made.counts.write).toEqual({ entries: 2, sizeBytes: 1 });
  });

  it("reads nothing again that is as it was at an earlier plan", async () => {
    let reads = 0;
    const site = new MemorySite({ beforeRead: () => void reads++ });
    write(site, "site/wwwroot/index", "INDEX");
    write(site, "site/wwwroot/sub/a", "a");
    const zip = lifeboatZip(contents);
    const first = await plan(zip, site);
    const listing = await listSite(site);
    expect(reads).toBe(2);
    const again = await plan(zip, site, { earlier: { listing, listedNs: undefined, verdicts: first.verdicts } });
    expect(reads).toBe(2);
    expect(shown(again)).toEqual(shown(first));
    write(site, "site/wwwroot/index", "Index");
    await plan(zip, site, { earlier: { listing, listedNs: undefined, verdicts: first.verdicts } });
    expect(reads).toBe(3);
  });

  it("makes a folder where a file or link was, and a file where a folder was", async () => {
    const site = siteOf({ "site/wwwroot/index/inside": "x" });
    site.makeLink(path("site/wwwroot/sub"), path("/etc"));
    const made = await plan(lifeboatZip(contents), site);
    expect(made.problems).toEqual([]);
    expect(steps(made).slice(0, 6)).toEqual([
      "remove site/wwwroot/sub",
      "remove site/wwwroot/index/inside",
      "removeDirectory site/wwwroot/index",
      "place site/wwwroot/index",
      "makeDirectory site/wwwroot/sub",
      "place site/wwwroot/sub/a",
    ]);
  });

  it("refuses to make a file of a folder that holds something that stays", async () => {
    const site = siteOf({ "site/wwwroot/index/cache/x": "x" });
    const made = await plan(lifeboatZip(contents), site, {
      scope: { filter: parseFilter("site/wwwroot/index/cache") },
    });
    expect(made.problems).toEqual([expect.stringContaining('"site/wwwroot/index" is of another kind')]);
  });

  it("leaves what the backup left out or could not read, and the folders above it", async () => {
    const site = siteOf({
      "site/wwwroot/index": "index",
      "site/wwwroot/logs/deep/today.log": "log",
      "site/wwwroot/locked/inside": "x",
      "site/wwwroot/goes/x": "x",
    });
    const made = await plan(lifeboatZip(contents), site, {
      scope: { filter: parseFilter("**/*.log"), leftOut: new Set([path("site/wwwroot/locked")]) },
      unlisted: [path("site/wwwroot/goes/socket")],
    });
    expect(shown(made).filter((line) => /^(remove|leave)/.test(line))).toEqual([
      "leave site/wwwroot/goes",
      "remove site/wwwroot/goes/x",
      "leave site/wwwroot/locked",
      "leave site/wwwroot/locked/inside",
      "leave site/wwwroot/logs",
      "leave site/wwwroot/logs/deep",
      "leave site/wwwroot/logs/deep/today.log",
    ]);
    const reasons = [...made.changes()]
      .filter(({ action }) => action === "leave")
      .map(({ path: at, reason }) => [at, reason]);
    expect(Object.fromEntries(reasons)).toMatchObject({
      "site/wwwroot/goes": "It holds something that stays.",
      "site/wwwroot/locked/inside": "The backup could not read it.",
      "site/wwwroot/logs/deep/today.log": "The backup left it out (**/*.log).",
    });
  });

  it("removes nothing when not all is known that the backup could not read", async () => {
    const made = await plan(lifeboatZip(contents), siteOf({ "site/wwwroot/more": "x" }), {
      scope: { leftOut: undefined },
    });
    expect(made.counts.remove.entries).toBe(0);
    expect(made.notes).toEqual([expect.stringContaining("Nothing is removed")]);
  });

  it("makes the folders above chosen paths, and nothing else", async () => {
    const site = siteOf({ "site/wwwroot/index": "hacked", "site/wwwroot/more": "x" });
    const made = await plan(lifeboatZip(contents), site, { scope: { paths: [path("site/wwwroot/sub/a")] } });
    expect(steps(made)).toEqual([
      "makeDirectory site/wwwroot/sub",
      "place site/wwwroot/sub/a",
      "setMetadata site/wwwroot/sub",
    ]);
  });

  it("refuses chosen paths below what is no folder in the site", async () => {
    const site = siteOf({ "site/wwwroot/sub": "a file" });
    const made = await plan(lifeboatZip(contents), site, { scope: { paths: [path("site/wwwroot/sub/a")] } });
    expect(made.problems).toEqual([expect.stringContaining('"site/wwwroot/sub" is of another kind')]);
  });

  it("leaves out what lies in none of the site's directories, and never removes those themselves", async () => {
    const site = new MemorySite();
    write(site, "site/wwwroot/old", "x");
    const zip = lifeboatZip([
      { name: "fs/LogFiles/a", content: "a" },
      { name: "fs/site/repository/x", content: "x" },
      { name: "fs/site/wwwroot/", content: "" },
    ]);
    const made = await plan(zip, site, { scope: { roots: [path("site/wwwroot")] } });
    expect(shown(made)).toContain("remove site/wwwroot/old");
    expect(steps(made).join()).not.toMatch(/LogFiles|repository|removeDirectory/);
    expect(made.notes).toEqual([expect.stringContaining("2 entries of the archive lie in none")]);
  });

  it("refuses names that Lifeboat keeps for itself", async () => {
    const made = await plan(
      lifeboatZip([{ name: "fs/site/.lifeboat-restore-1-aabbccdd/journal", content: "" }]),
      siteOf({}),
    );
    expect(made.problems).toEqual([expect.stringContaining("keeps for itself")]);
  });

  it("adjusts mode, owner and time of what has the right content", async () => {
    const site = siteOf({});
    site.writeFile(path("site/wwwroot/index"), Buffer.from("index"), { mode: 0o600, mtimeNs, uid: 33, gid: 33 });
    site.makeDirectory(path("site/wwwroot/sub"), { mtimeNs, uid: 33, gid: 33 });
    site.writeFile(path("site/wwwroot/sub/a"), Buffer.from("a"), { mode: 0o644, mtimeNs, uid: 0, gid: 0 });
    expect(shown(await plan(lifeboatZip(contents), site)).filter((line) => !line.startsWith("keep"))).toEqual([
      "adjust site/wwwroot/index",
      "adjust site/wwwroot/sub/a",
    ]);
    const unprivileged = await plan(lifeboatZip(contents), site, { ownerOf: () => undefined });
    expect(unprivileged.counts.adjust.entries).toBe(1);
    expect(unprivileged.notes).toEqual([expect.stringContaining("Owners are not restored")]);
  });

  it("replaces all files of an archive without hashes, and makes the folders it does not list", async () => {
    const zip = rawZip([
      { name: "fs/site/wwwroot/same", content: "same" },
      { name: "fs/site/wwwroot/deep/er/x", content: "x" },
    ]);
    const made = await plan(zip, siteOf({ "site/wwwroot/same": "same", "site/wwwroot/old": "old" }));
    expect(shown(made)).toEqual([
      "write site/wwwroot/deep/er/x",
      "replace site/wwwroot/same",
      "remove site/wwwroot/old",
    ]);
    expect(steps(made)).toEqual([
      "remove site/wwwroot/old",
      "makeDirectory site/wwwroot/deep",
      "makeDirectory site/wwwroot/deep/er",
      "place site/wwwroot/deep/er/x",
      "place site/wwwroot/same",
      "setMetadata site/wwwroot/deep/er",
      "setMetadata site/wwwroot/deep",
    ]);
    const [made1] = [...made.operations(() => "")].filter((one) => one.kind === "setMetadata");
    expect(made1).toMatchObject({ entry: { mode: 0o755, uid: 33, gid: 33 } });
  });
});
