import { execFileSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { listFolders } from "../../../src/adapters/site-files/list-folders-job.ts";
import { LocalDirectory } from "../../../src/adapters/site-files/local-directory.ts";
import { type BytePath, pathFromText } from "../../../src/domain/byte-path.ts";
import type { FolderLister } from "../../../src/ports/folder-lister.ts";
import type { LocalRoot } from "../../../src/ports/site-files.ts";
import { offlinePage } from "../../../src/domain/own-names.ts";
import { FileUnreadable } from "../../../src/ports/site-files.ts";
import { listAll } from "../../contract/site-files-contract.ts";
import { asNobody } from "../../support/as-nobody.ts";
import { buildTree, readTree, treeOf, veryOddTree } from "../../support/file-tree.ts";

const path = pathFromText;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-test-"));
});
// `rm` removes what lies deeper than one call can name.
afterEach(() => execFileSync("rm", ["-rf", folder]));

/** Who lists: the calling thread, or others, here with as many jobs as there can be. */
const listers: readonly (readonly [string, FolderLister | undefined])[] = [
  ["itself", undefined],
  ["by others", { threads: 3, run: async (_kind, job) => listFolders({ ...job, most: 1 }) }],
];
let lister: FolderLister | undefined;
const directoryOf = (roots: readonly LocalRoot[]): LocalDirectory => new LocalDirectory(roots, lister);
const home = (): LocalDirectory => directoryOf([{ at: path(""), directory: folder }]);
const pathsOf = async (files: LocalDirectory): Promise<readonly string[]> =>
  (await listAll(files)).entries.map((entry) => entry.path).toSorted();

describe.each(listers)("listed %s", (_how, given) => {
  beforeEach(() => {
    lister = given;
  });

  describe.skipIf(process.platform === "win32")("a local directory", () => {
    it("tells what the file system holds, whatever the names", async () => {
      buildTree(folder, veryOddTree());
      const { entries, leftOut } = await listAll(home());
      expect(leftOut).toEqual([]);
      const told = new Map(entries.map((entry) => [entry.path, entry]));
      const found = readTree(folder);
      expect([...told.keys()].toSorted()).toEqual([...found.keys()]);
      for (const [name, { kind, sizeBytes, mode, mtimeNs, uid, gid, target }] of found) {
        expect(told.get(name)).toMatchObject({ kind, sizeBytes, mode, mtimeNs, uid, gid });
        expect(told.get(name)?.target).toBe(target);
      }
    });

    it("tells a time that no backup can hold as the last that it can, not as one long ago", async () => {
      writeFileSync(join(folder, "late"), "");
      const year2300 = 10_413_792_000;
      utimesSync(join(folder, "late"), year2300, year2300);
      const { entries } = await listAll(home());
      expect(entries.find((entry) => entry.path === "late")?.mtimeNs).toBe(2n ** 63n - 1n);
    });

    it.skipIf(process.platform !== "linux")("reaches what lies deeper than one call can name", async () => {
      let at = openSync(folder, "r");
      for (let depth = 0; depth < 25; depth++) {
        mkdirSync(`/proc/self/fd/${at}/${"d".repeat(200)}`);
        const next = openSync(`/proc/self/fd/${at}/${"d".repeat(200)}`, "r");
        closeSync(at);
        at = next;
      }
      writeFileSync(`/proc/self/fd/${at}/bottom`, "deep\n");
      closeSync(at);
      const { entries, leftOut } = await listAll(home());
      expect(leftOut).toEqual([]);
      expect(entries.length).toBe(26);
      const bottom = entries.at(-1);
      expect(bottom?.path.length).toBe(25 * 201 + 6);
      if (!bottom) return;
      expect(Buffer.from(await home().read(bottom.path, 0, 10)).toString()).toBe("deep\n");
      expect(await home().stat(bottom.path)).toEqual(bottom);
    });

    it("names owners and groups", async () => {
      writeFileSync(join(folder, "file"), "");
      const owner = execFileSync("stat", ["-c", "%U %G", join(folder, "file")], { encoding: "utf8" }).trim();
      const entry = await home().stat(path("file"));
      expect(`${entry?.owner} ${entry?.group}`).toBe(owner);
    });

    it("leaves out sockets and pipes with the reason", async () => {
      execFileSync("mkfifo", [join(folder, "pipe")]);
      const server = createServer().listen(join(folder, "socket"));
      await once(server, "listening");
      const { entries, leftOut } = await listAll(home());
      server.close();
      expect(entries).toEqual([]);
      expect(new Map(leftOut.map((left) => [left.path, left.reason]))).toEqual(
        new Map([
          ["pipe", "It is a named pipe."],
          ["socket", "It is a socket."],
        ]),
      );
    });

    it("does not wait for a pipe that took a file's place", async () => {
      execFileSync("mkfifo", [join(folder, "pipe")]);
      await expect(home().read(path("pipe"), 0, 1)).rejects.toThrow("It is not a file any more.");
    });

    it("names folders it may not list and files it may not read", async () => {
      buildTree(folder, treeOf({ "shut/file": { content: "x" }, "shut file": { content: "x", mode: 0 } }));
      chmodSync(folder, 0o755);
      chmodSync(join(folder, "shut"), 0);
      await asNobody(async () => {
        const { entries, leftOut } = await listAll(home());
        expect(entries.map((entry) => entry.path).toSorted()).toEqual(["shut", "shut file"]);
        expect(leftOut).toEqual([
          { path: "shut", reason: "What is in it could not be listed: Permission was denied (EACCES)." },
        ]);
        await expect(home().read(path("shut file"), 0, 1)).rejects.toThrow("Permission was denied (EACCES).");
        await expect(home().stat(path("shut/file"))).rejects.toThrow(FileUnreadable);
      });
      chmodSync(join(folder, "shut"), 0o755);
    });

    it("says that the site's own directory is gone", async () => {
      rmSync(folder, { recursive: true });
      await expect(listAll(home())).rejects.toThrow(FileUnreadable);
      await expect(home().now()).rejects.toThrow(FileUnreadable);
    });

    it("keeps to one directory while the link that leads there is turned", async () => {
      buildTree(folder, treeOf({ "v1/file": { content: "one" }, "v2/file": { content: "two" } }));
      symlinkSync("v1", join(folder, "current"));
      const files = directoryOf([{ at: path(""), directory: join(folder, "current") }]);
      const listing = files.list();
      await listing.next();
      symlinkSync("v2", join(folder, "next"));
      renameSync(join(folder, "next"), join(folder, "current"));
      expect(Buffer.from(await files.read(path("file"), 0, 3)).toString()).toBe("one");
      await listAll(files);
      expect(Buffer.from(await files.read(path("file"), 0, 3)).toString()).toBe("two");
    });

    it("proves nothing of what cannot be reached", () => {
      expect(directoryOf([{ at: path(""), directory: join(folder, "gone") }]).provesUnchanged).toBe(false);
    });

    it("does not list through a link that took the place of a folder", async () => {
      buildTree(folder, treeOf({ "outside/secret": { content: "x" }, "site/folder/file": { content: "x" } }));
      for (let n = 0; n < 1_000; n++) writeFileSync(join(folder, "site", `file-${n}`), "");
      const files = directoryOf([{ at: path(""), directory: join(folder, "site") }]);
      const told: string[] = [];
      for await (const batch of files.list()) {
        if (told.length === 0) {
          rmSync(join(folder, "site/folder"), { recursive: true });
          symlinkSync("../outside", join(folder, "site/folder"));
        }
        told.push(...batch.entries.map((entry) => entry.path));
      }
      expect(told).not.toContain("folder/secret");
      // What was behind the folder before was not listed yet either: it was replaced in time.
      expect(told).not.toContain("folder/file");
      expect(told).toContain("file-999");
    });
  });

  describe.skipIf(process.platform === "win32")("a site of several directories", () => {
    const built = (): LocalDirectory => {
      buildTree(
        folder,
        treeOf({
          "home/site/wwwroot/hidden": { content: "behind the mapped directory" },
          "home/site/other": { content: "x" },
          "shop/index.html": { content: "<h1>" },
          "uploads/photo": { content: "x" },
        }),
      );
      return directoryOf([
        { at: path("site/wwwroot"), directory: join(folder, "shop") },
        { at: path("data/uploads"), directory: join(folder, "uploads") },
        { at: path(""), directory: join(folder, "home") },
      ]);
    };

    it("tells each at its place, and nothing of what lies behind one", async () => {
      expect(await pathsOf(built())).toEqual([
        "data/uploads",
        "data/uploads/photo",
        "site",
        "site/other",
        "site/wwwroot",
        "site/wwwroot/index.html",
      ]);
    });

    it("reads and stats each from where it lies", async () => {
      const files = built();
      expect(Buffer.from(await files.read(path("site/wwwroot/index.html"), 0, 9)).toString()).toBe("<h1>");
      expect((await files.stat(path("site/wwwroot")))?.kind).toBe("directory");
      expect(await files.stat(path("site/wwwroot/hidden"))).toBeUndefined();
      const outside = directoryOf([{ at: path("site/wwwroot"), directory: join(folder, "shop") }]);
      await expect(outside.read(path("data/uploads/photo"), 0, 1)).rejects.toThrow(/none of the site's directories/);
    });
  });

  describe("what is Lifeboat's own", () => {
    it("is not part of the site, but a user's files of such a name deeper down are", async () => {
      buildTree(
        folder,
        treeOf({
          ".lifeboat-stage-run-1/site/wwwroot/index.html": { content: "staged" },
          "site/.lifeboat-kept-run-1/index.html": { content: "kept" },
          "site/wwwroot/docs/.lifeboat-notes": { content: "a user's" },
        }),
      );
      expect(await pathsOf(home())).toEqual([
        "site",
        "site/wwwroot",
        "site/wwwroot/docs",
        "site/wwwroot/docs/.lifeboat-notes",
      ]);
      expect(await home().stat(path("site/.lifeboat-kept-run-1"))).toBeUndefined();
    });

    it("includes the offline page it placed, not one that a user wrote", async () => {
      mkdirSync(join(folder, "site/wwwroot"), { recursive: true });
      const page = join(folder, "site/wwwroot/app_offline.htm");
      const name = "site/wwwroot/app_offline.htm" as BytePath;
      writeFileSync(page, offlinePage("restore-17"));
      expect(await pathsOf(home())).not.toContain(name);
      expect(await home().stat(name)).toBeUndefined();
      writeFileSync(page, "<h1>We are closed on Sundays</h1>");
      expect(await pathsOf(home())).toContain(name);
    });
  });
});
