import { appendFileSync, copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ArchiveInvalid } from "../../src/archive/archive-invalid.ts";
import { openArchive } from "../../src/archive/read/open-archive.ts";
import { verifyArchive } from "../support/verify-archive.ts";
import { fileSource } from "../support/file-source.ts";
import { buildTree, oddTree, temporaryFolder } from "../support/file-tree.ts";
import { packDirectory } from "../support/local-backup.ts";
import { describeWith, hasCommand } from "../support/needs.ts";
import { run } from "./zip-tools.ts";
import { inlineRunner } from "../support/inline-runners.ts";

const folder = temporaryFolder();
let zip = "";
beforeAll(async () => {
  buildTree(join(folder.path, "site"), oddTree());
  ({ zip } = await packDirectory(join(folder.path, "site"), join(folder.path, "backups")));
  writeFileSync(join(folder.path, "new file"), "put in later");
});
afterAll(() => folder.remove());

/** What verifying says of it, also when it cannot even be opened. */
const faults = async (path: string): Promise<readonly string[]> => {
  const source = fileSource(path);
  try {
    const report = await verifyArchive(await openArchive(source), { inflate: true, runner: inlineRunner });
    return report.faults.map(({ code }) => code);
  } catch (error) {
    if (error instanceof ArchiveInvalid) return [error.code];
    throw error;
  } finally {
    source.close();
  }
};

const edits: readonly { readonly tool: string; readonly what: string; readonly edit: (zip: string) => void }[] = [
  { tool: "zip", what: "puts a file in", edit: (path) => void run("zip", ["-q", path, "new file"], folder.path) },
  {
    tool: "zip",
    what: "takes a file out",
    edit: (path) => void run("zip", ["-q", "-d", path, "fs/site/wwwroot/index.html"]),
  },
  {
    tool: "zip",
    what: "replaces the comment",
    edit: (path) => void run("bash", ["-c", 'echo other | zip -q -z "$1"', "-", path]),
  },
  {
    tool: "zip",
    what: "rewrites it for another name of a file",
    edit: (path) =>
      void run("bash", [
        "-c",
        'printf "@ fs/site/wwwroot/empty\\n@=fs/site/wwwroot/full\\n" | zipnote -w "$1"',
        "-",
        path,
      ]),
  },
  {
    tool: "7z",
    what: "puts a file in",
    edit: (path) => void run("7z", ["a", "-bso0", "-bsp0", path, "new file"], folder.path),
  },
  {
    tool: "7z",
    what: "takes a file out",
    edit: (path) => void run("7z", ["d", "-bso0", "-bsp0", path, "fs/site/wwwroot/index.html"]),
  },
  {
    tool: "python3",
    what: "puts a file in",
    edit: (path) =>
      void run("python3", [
        "-c",
        'import sys, zipfile\nwith zipfile.ZipFile(sys.argv[1], "a") as zip: zip.writestr("new", "x")',
        path,
      ]),
  },
  { tool: "cat", what: "appends a byte", edit: (path) => appendFileSync(path, "\0") },
];

for (const { tool, what, edit } of edits)
  describeWith(tool, hasCommand(tool), `an archive of ours that ${tool} has changed`, () => {
    it(`is told from one as it was written: ${what}`, async () => {
      const copy = join(folder.path, `${tool}-${what}.zip`);
      copyFileSync(zip, copy);
      expect(await faults(copy)).toEqual([]);
      edit(copy);
      expect(await faults(copy)).not.toEqual([]);
    });
  });
