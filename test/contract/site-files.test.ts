import { mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { listFolders } from "../../src/adapters/site-files/list-folders-job.ts";
import { LocalDirectory } from "../../src/adapters/site-files/local-directory.ts";
import { MemorySite, type MemorySiteOptions } from "../support/memory-site.ts";
import { pathFromText, pathText } from "../../src/domain/byte-path.ts";
import type { FolderLister } from "../../src/ports/folder-lister.ts";
import { temporaryFolder } from "../support/file-tree.ts";
import { type SiteSubject, siteFilesContract } from "./site-files-contract.ts";

const inMemory = (options: MemorySiteOptions) => (): SiteSubject => {
  const site = new MemorySite(options);
  return {
    files: site,
    writeFile: (path, content, mtimeNs) => site.writeFile(path, content, mtimeNs === undefined ? {} : { mtimeNs }),
    makeDirectory: (path) => site.makeDirectory(path),
    makeLink: (path, target) => site.makeLink(path, target),
    remove: (path) => site.remove(path),
    dispose: () => undefined,
  };
};

const onDisk = (reach: (home: string) => string, lister?: FolderLister) => (): SiteSubject => {
  const folder = temporaryFolder();
  const home = join(folder.path, "home");
  mkdirSync(home);
  const at = (path: Parameters<typeof pathText>[0]): string => join(home, pathText(path));
  return {
    files: new LocalDirectory([{ at: pathFromText(""), directory: reach(home) }], lister),
    writeFile: (path, content, mtimeNs) => {
      mkdirSync(dirname(at(path)), { recursive: true });
      writeFileSync(at(path), content);
      if (mtimeNs !== undefined)
        utimesSync(at(path), Number(mtimeNs / 1_000_000_000n), Number(mtimeNs / 1_000_000_000n));
    },
    makeDirectory: (path) => mkdirSync(at(path), { recursive: true }),
    makeLink: (path, target) => {
      mkdirSync(dirname(at(path)), { recursive: true });
      symlinkSync(pathText(target), at(path));
    },
    remove: (path) => rmSync(at(path), { recursive: true }),
    dispose: () => folder.remove(),
  };
};

siteFilesContract("memory", inMemory({}));
siteFilesContract(
  "memory with coarse timestamps and no ctime",
  inMemory({ granularityNs: 1_000n, provesUnchanged: false }),
);
siteFilesContract(
  "a local directory",
  onDisk((home) => home),
);
siteFilesContract(
  "a local directory listed by others",
  onDisk((home) => home, { threads: 3, run: async (_kind, job) => listFolders({ ...job, most: 1 }) }),
);
siteFilesContract(
  "a local directory behind a link",
  onDisk((home) => {
    symlinkSync(home, `${home}-link`);
    return `${home}-link`;
  }),
);
