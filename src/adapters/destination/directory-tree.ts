import { constants, existsSync, renameSync } from "node:fs";
import type { BigIntStats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errorCode, isCode, unlessCode } from "../../domain/error-code.ts";
import { StoreFailure } from "../../domain/store-failure.ts";
import { nameProblem, workFolder } from "./check-input.ts";
import { syncFolder, type Disk } from "./disk.ts";

// A pipe must not hold the reader up, and a link in the last place is not followed.
const forReading = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

export interface FolderOptions {
  /** The first write makes the folder when it is missing; else a missing folder is `NotFound`. */
  readonly isMade?: boolean;
  /** The path has no link in it, and must not get one. */
  readonly isReal?: boolean;
}

/** The folders and files of a directory destination, by object name. Links inside it are never followed. */
export class DirectoryTree {
  readonly root: string;
  readonly #disk: Disk;
  readonly #isMade: boolean;

  readonly #isReal: boolean;
  #isRootAnchored = false;

  constructor(disk: Disk, root: string, { isMade = false, isReal = false }: FolderOptions) {
    this.#disk = disk;
    this.root = root;
    this.#isMade = isMade;
    this.#isReal = isReal;
  }

  /** Before everything that is done here: nobody has put a link in the place of the folder. What is not there is no link. */
  async checkInPlace(): Promise<void> {
    const root = this.#isReal ? await this.#disk.realpath(this.root).catch(absent) : undefined;
    if (root !== undefined && root !== this.root) throw leadsElsewhere(this.root);
  }

  /** Before a write, also that of Lifeboat's own folders inside none is a link. */
  async #checkOwnFolders(): Promise<void> {
    const root = await this.#disk.realpath(this.root).catch(absent);
    if (root === undefined) return;
    for (const name of [workFolder, join(workFolder, "uploads"), join(workFolder, "metadata")]) {
      const found = await this.#disk.realpath(join(this.root, name)).catch(absent);
      if (found !== undefined && found !== join(root, name)) throw leadsElsewhere(join(this.root, name));
    }
  }

  get uploads(): string {
    return join(this.root, workFolder, "uploads");
  }

  /** Folders of what a run staged. A run's name has no dot. */
  async uploadsOf(run: string): Promise<readonly string[]> {
    const names = (await this.#disk.readdir(this.uploads).catch(absent)) ?? [];
    return names.filter((name) => name.startsWith(`${run}.`)).map((name) => join(this.uploads, name));
  }

  pathOf(name: string): string {
    return join(this.root, ...name.split("/"));
  }

  /** Before a write: the root is there. */
  async ensureRoot(): Promise<void> {
    await this.checkInPlace();
    await this.#checkOwnFolders();
    if (this.#isMade) await this.#makeRoot();
    else await this.checkRoot();
  }

  /**
   * The root survives a power cut with all that was made above it. Whoever made the last folder that is there may have died
   * before it was on the disk, so that it is seen to as well.
   */
  async #makeRoot(): Promise<void> {
    const missing: string[] = [];
    let there = this.root;
    while ((await this.#disk.lstat(there).catch(absent)) === undefined && dirname(there) !== there) {
      missing.unshift(there);
      there = dirname(there);
    }
    if (missing.length === 0 && this.#isRootAnchored) return;
    await syncFolder(this.#disk, dirname(there)).catch(notOurs);
    for (const folder of missing) {
      await this.#disk.mkdir(folder, { mode: 0o700 }).catch(ignoreExisting);
      await syncFolder(this.#disk, dirname(folder));
    }
    this.#isRootAnchored = true;
  }

  /** A missing root that a write would make counts as empty; any other is more likely a disk that is not mounted. */
  async checkRoot(): Promise<void> {
    if (this.#isMade) return;
    const found = await this.#disk.lstat(this.root).catch(absent);
    if (found?.isDirectory() !== true)
      throw new StoreFailure("NotFound", `The folder ${this.root} is not there. Mount or create it.`);
  }

  /** Undefined when there is no such file. The caller closes the handle. */
  async open(name: string): Promise<{ readonly handle: FileHandle; readonly stats: BigIntStats } | undefined> {
    if (!(await this.#hasRealFolder(name))) return undefined;
    const handle = await this.#disk.open(this.pathOf(name), forReading).catch(absent);
    if (handle === undefined) return undefined;
    try {
      const stats = await handle.stat({ bigint: true });
      if (stats.isFile()) return { handle, stats };
    } catch (error) {
      await handle.close();
      throw error;
    }
    await handle.close();
    return undefined;
  }

  async stats(name: string): Promise<BigIntStats | undefined> {
    if (!(await this.#hasRealFolder(name))) return undefined;
    const stats = await this.#disk.lstat(this.pathOf(name), { bigint: true }).catch(absent);
    return stats?.isFile() ? stats : undefined;
  }

  /** True when anything has this name, a folder or a link too. */
  async isTaken(name: string): Promise<boolean> {
    return (await this.#disk.lstat(this.pathOf(name)).catch(absent)) !== undefined;
  }

  /** Gives the file at `path` its name, durably. False, and nothing changed, when the name is taken. */
  async publish(path: string, name: string): Promise<boolean> {
    for (let attempt = 0; ; attempt++) {
      await this.#makeFolders(name);
      try {
        if (!(await this.#linkOrRename(path, this.pathOf(name)))) return false;
        await syncFolder(this.#disk, dirname(this.pathOf(name)));
        return true;
      } catch (error) {
        // A removal took the empty folder away in between.
        if (errorCode(error) !== "ENOENT" || attempt === 9 || !existsSync(path)) throw error;
      }
    }
  }

  /** Removes the file and the folders that are empty without it. False when it was gone. */
  async remove(name: string): Promise<boolean> {
    const removed = await this.#disk.unlink(this.pathOf(name)).then(() => true, absent);
    if (removed !== true) return false;
    let folder = dirname(this.pathOf(name));
    while (folder !== this.root && (await this.#disk.rmdir(folder).then(() => true, stillUsed)))
      folder = dirname(folder);
    await syncFolder(this.#disk, folder).catch(absent);
    return true;
  }

  /** Names of files that start with `prefix`, in byte order. */
  async *names(prefix: string): AsyncIterable<string> {
    const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1);
    if (folder !== "" && nameProblem(`${folder}x`) !== undefined) return;
    if (await this.#hasRealFolder(`${folder}x`)) yield* this.#walk(folder, prefix);
  }

  async *#walk(folder: string, prefix: string): AsyncIterable<string> {
    const entries = await this.#disk.readdir(join(this.root, folder), { withFileTypes: true }).catch(absent);
    const found = (entries ?? [])
      .filter((entry) => entry.isDirectory() || entry.isFile())
      // A folder sorts as its entries do: "a-b" < "a/b" < "a0".
      .map((entry) => folder + entry.name + (entry.isDirectory() ? "/" : ""))
      .filter((name) => nameProblem(name.replace(/\/$/, "")) === undefined)
      .toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
    for (const name of found) {
      if (!name.startsWith(prefix)) continue;
      if (name.endsWith("/")) yield* this.#walk(name, prefix);
      else yield name;
    }
  }

  /** False when a folder above the object is missing, a file, or reached through a link. */
  async #hasRealFolder(name: string): Promise<boolean> {
    if (!name.includes("/")) return true;
    const folder = dirname(this.pathOf(name));
    const [root, real] = await Promise.all([this.root, folder].map((path) => this.#disk.realpath(path).catch(absent)));
    return root !== undefined && real === join(root, folder.slice(this.root.length));
  }

  async #makeFolders(name: string): Promise<void> {
    let folder = this.root;
    for (const segment of name.split("/").slice(0, -1)) {
      const above = folder;
      folder = join(folder, segment);
      let found = await this.#disk.lstat(folder).catch(absent);
      if (found === undefined) {
        await this.#disk.mkdir(folder, { mode: 0o700 }).catch(ignoreExisting);
        await syncFolder(this.#disk, above);
        found = await this.#disk.lstat(folder);
      }
      if (!found.isDirectory())
        throw new StoreFailure("Invalid", `${name} cannot be stored: ${folder} is not a folder. Take another name.`);
    }
  }

  /** False when the target exists. */
  async #linkOrRename(path: string, target: string): Promise<boolean> {
    try {
      await this.#disk.link(path, target);
      return true;
    } catch (error) {
      const code = errorCode(error) ?? "";
      if (code === "EEXIST") return false;
      if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"].includes(code)) throw error;
    }
    // No hard links here (FAT, some network shares). Nothing of this process comes between these two lines; another
    // process could, within microseconds, and its run would find a foreign commit id when it reads its archive back.
    if (existsSync(target)) return false;
    renameSync(path, target);
    return true;
  }
}

const leadsElsewhere = (path: string): StoreFailure =>
  new StoreFailure("AccessDenied", `${path} leads elsewhere by now, through a link. Put a folder there.`);

/** What is not there is an answer. */
const absent = unlessCode("ENOENT", "ENOTDIR", "ELOOP", "EMLINK", "ENXIO");

const stillUsed = (error: unknown): boolean => {
  if (isCode(error, "ENOTEMPTY", "EEXIST", "ENOENT", "EBUSY")) return false;
  throw error;
};

/** Who may not read a folder has made nothing in it. */
const notOurs = (error: unknown): void => {
  if (!isCode(error, "EACCES", "EPERM")) throw error;
};

const ignoreExisting = unlessCode("EEXIST");
