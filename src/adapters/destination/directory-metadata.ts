import { createHash } from "node:crypto";
import { join } from "node:path";
import { errorCode } from "../../domain/error-code.ts";
import { jsonOf } from "../../domain/json-of.ts";
import { workFolder } from "./check-input.ts";
import { syncFolder, type Disk } from "./disk.ts";

/** Which write of an object metadata belongs to. A copy that keeps size and time keeps its metadata. */
export interface Version {
  readonly name: string;
  readonly size: bigint;
  readonly mtimeNs: bigint;
}

/**
 * Metadata of a directory's objects: one small file each beside the uploads, so that the objects themselves are plain
 * files which may be carried away and back. A file without one has no metadata.
 */
export class DirectoryMetadata {
  readonly #disk: Disk;
  readonly #folder: string;

  constructor(disk: Disk, root: string) {
    this.#disk = disk;
    this.#folder = join(root, workFolder, "metadata");
  }

  /** Durable when it returns; belongs to nobody until its object is visible. */
  async write(version: Version, metadata: Readonly<Record<string, string>>): Promise<void> {
    if (Object.keys(metadata).length === 0) return;
    if (await this.#disk.makeFolder(this.#folder, 0o700)) await syncFolder(this.#disk, join(this.#folder, ".."));
    const handle = await this.#disk.open(this.#path(version), "w", 0o600);
    try {
      await handle.writeFile(JSON.stringify({ name: version.name, metadata }));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await syncFolder(this.#disk, this.#folder);
  }

  async read(version: Version): Promise<Readonly<Record<string, string>>> {
    try {
      return stringsOf(await this.#disk.readFile(this.#path(version), "utf8"));
    } catch (error) {
      if (errorCode(error) === "ENOENT") return {};
      throw error;
    }
  }

  async remove(version: Version): Promise<void> {
    await this.#disk.rm(this.#path(version), { force: true });
  }

  #path({ name, size, mtimeNs }: Version): string {
    const key = createHash("sha256").update(name).digest("hex").slice(0, 32);
    return join(this.#folder, `${key}-${size.toString(36)}-${mtimeNs.toString(36)}.json`);
  }
}

/** What is not the JSON written above says nothing about the object. */
const stringsOf = (text: string): Readonly<Record<string, string>> => {
  const parsed = jsonOf(text);
  if (typeof parsed !== "object" || parsed === null || !("metadata" in parsed)) return {};
  const entries = Object.entries(parsed.metadata ?? {});
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
};
