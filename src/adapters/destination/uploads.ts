import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Upload } from "../../ports/destination.ts";
import type { DirectoryTree } from "./directory-tree.ts";
import type { Disk } from "./disk.ts";
import { StagedBlocks } from "./staged-blocks.ts";

/** The uploads of a container that this process has to do with, each in a folder of its own. */
export class Uploads {
  readonly #disk: Disk;
  readonly #tree: DirectoryTree;
  readonly #flushBytes: number;
  readonly #known = new Map<string, StagedBlocks>();

  constructor(disk: Disk, tree: DirectoryTree, flushBytes: number) {
    this.#disk = disk;
    this.#tree = tree;
    this.#flushBytes = flushBytes;
  }

  of(upload: Upload): StagedBlocks {
    const folder = this.#folderOf(upload);
    const staged = this.#known.get(folder) ?? this.#newStaged(folder, upload.name);
    this.#known.set(folder, staged);
    return staged;
  }

  forgetIfEmpty(upload: Upload): void {
    const folder = this.#folderOf(upload);
    if (this.#known.get(folder)?.isEmpty) this.#known.delete(folder);
  }

  /** All that a run staged, whichever process did. */
  async abandonRun(run: string): Promise<void> {
    for (const folder of await this.#tree.uploadsOf(run)) {
      const staged = this.#known.get(folder) ?? this.#newStaged(folder, run);
      await staged.abandon();
      this.#known.delete(folder);
    }
  }

  #newStaged(folder: string, object: string): StagedBlocks {
    const ensureContainer = async (): Promise<void> => this.#tree.ensureRoot();
    return new StagedBlocks(this.#disk, folder, { object, flushBytes: this.#flushBytes, ensureContainer });
  }

  #folderOf({ name, run }: Upload): string {
    return join(this.#tree.uploads, `${run}.${createHash("sha256").update(name).digest("hex").slice(0, 32)}`);
  }
}
