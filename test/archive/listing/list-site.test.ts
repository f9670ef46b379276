import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { LocalDirectory } from "../../../src/adapters/site-files/local-directory.ts";
import { listLive, listSite } from "../../../src/archive/listing/list-site.ts";
import { MemorySite } from "../../support/memory-site.ts";
import { pathFromText, pathText } from "../../../src/domain/byte-path.ts";
import { filterPath } from "../../../src/domain/filter.ts";
import type { SiteFiles } from "../../../src/ports/site-files.ts";
import { temporaryFolder } from "../../support/file-tree.ts";

const path = pathFromText;
const bytes = (text: string): Uint8Array => Buffer.from(text);

const pathsOf = (listing: Awaited<ReturnType<typeof listSite>>["listing"]): readonly string[] =>
  listing.entries(0, listing.length).map((entry) => pathText(entry.path));

it("does not take a filter by its first half that is replaced by a longer one just before it is read", async () => {
  let isReplaced = false;
  const site = new MemorySite({
    beforeRead: () => {
      if (isReplaced) return;
      isReplaced = true;
      // As long as the old one, this begins with all of the site.
      site.writeFile(filterPath, bytes("/site/wwwroot/cache\n"));
    },
  });
  site.writeFile(path("site/wwwroot/index.html"), bytes("hello"));
  site.writeFile(path("site/wwwroot/cache/page"), bytes("cached"));
  site.writeFile(filterPath, bytes("/site/oldie/a"));

  const { listing, filter } = await listSite(site);

  expect(filter.lines.map(({ text }) => text)).toEqual(["/site/wwwroot/cache"]);
  expect(pathsOf(listing)).toContain("site/wwwroot/index.html");
  expect(pathsOf(listing)).not.toContain("site/wwwroot/cache/page");
});

it("leaves nothing out by a filter that changes each time it is read", async () => {
  let version = 0;
  const site = new MemorySite({
    beforeRead: () => site.writeFile(filterPath, bytes(`/site/wwwroot\n${"#".repeat(++version)}`)),
  });
  site.writeFile(path("site/wwwroot/index.html"), bytes("hello"));
  site.writeFile(filterPath, bytes("/site/wwwroot"));

  const { listing } = await listSite(site);

  expect(pathsOf(listing)).toContain("site/wwwroot/index.html");
});

describe("a listing while files are moved", () => {
  const folder = temporaryFolder();
  const at = (name: string): string => join(folder.path, name);
  beforeEach(() => {
    rmSync(folder.path, { recursive: true });
    mkdirSync(folder.path);
  });
  afterAll(() => folder.remove());

  /** The site of the folder; `change` runs when all of it was told. */
  const changedMeanwhile = (change: () => void): SiteFiles => {
    const files = new LocalDirectory([{ at: path(""), directory: folder.path }]);
    return {
      provesUnchanged: files.provesUnchanged,
      folders: files.folders,
      now: () => files.now(),
      stat: (name) => files.stat(name),
      read: (...given) => files.read(...given),
      async *list(signal) {
        yield* files.list(signal);
        change();
      },
    };
  };

  const listed = async (change: () => void): Promise<readonly string[]> => {
    const { listing, files } = await listSite(changedMeanwhile(change));
    expect(files).toBe(listing.entries(0, listing.length).filter(({ kind }) => kind !== "directory").length);
    return pathsOf(listing);
  };

  it("has what was moved from a folder that was still to be read into one that had been", async () => {
    mkdirSync(at("final"));
    expect(await listed(() => writeFileSync(at("final/photo"), "x"))).toEqual(["final", "final/photo"]);
    const late = changedMeanwhile(() => writeFileSync(at("final/shell.php"), "x"));
    expect(pathsOf((await listLive(late)).listing)).toEqual(["final", "final/photo", "final/shell.php"]);
  });

  it("has what lies in a folder that was renamed, however deep", async () => {
    mkdirSync(at("next/deep/deeper"), { recursive: true });
    writeFileSync(at("next/deep/deeper/file"), "x");
    const paths = await listed(() => renameSync(at("next"), at("current")));
    expect(paths).toEqual(expect.arrayContaining(["current", "current/deep/deeper/file"]));
  });

  it("tells nothing twice, neither what was left out nor what is of another kind by now", async () => {
    mkdirSync(at("folder"));
    writeFileSync(at("folder/one"), "x");
    writeFileSync(at("two"), "x");
    execFileSync("mkfifo", [at("pipe")]);
    const { listing, leftOut } = await listSite(
      changedMeanwhile(() => {
        rmSync(at("folder"), { recursive: true });
        writeFileSync(at("folder"), "a file by now");
        rmSync(at("two"));
        mkdirSync(at("two"));
      }),
    );
    expect(pathsOf(listing)).toEqual(["folder", "folder/one", "two"]);
    expect(leftOut).toEqual([{ path: "pipe", reason: "It is a named pipe." }]);
  });

  it("adds nothing that the filter names", async () => {
    mkdirSync(at("site/wwwroot/cache"), { recursive: true });
    writeFileSync(at("site/wwwroot/_backup.filter"), "/site/wwwroot/cache\n/site/wwwroot/new.tmp\n");
    const paths = await listed(() => {
      for (const name of ["cache/page", "new.tmp", "new.html"]) writeFileSync(at(`site/wwwroot/${name}`), "x");
    });
    expect(paths).toEqual(["site", "site/wwwroot", "site/wwwroot/_backup.filter", "site/wwwroot/new.html"]);
  });

  it("ends though a folder changes all the time", async () => {
    const files = changedMeanwhile(() => undefined);
    const { folders } = new LocalDirectory([{ at: path(""), directory: folder.path }]);
    let looks = 0;
    const restless: SiteFiles = {
      ...files,
      folders: {
        changed: (...given) => folders.changed(...given),
        look: async (...given) => {
          writeFileSync(at(`session-${looks++}`), "x");
          return folders.look(...given);
        },
      },
    };
    const { listing } = await listSite(restless);
    expect(looks).toBe(3);
    expect(listing.length).toBe(3);
  });
});
