import { createHash } from "node:crypto";

/**
 * What identifies an archive: `<SHA-256 of its central directory, hex>-<length of the directory in bytes>`. The
 * directory holds a hash of every content, so whoever knows the commit id knows whether anything was altered.
 */
export type CommitId = string & { readonly __commitId: unique symbol };

/** Computes the commit id from the pieces of a central directory. */
export class CommitIdBuilder {
  readonly #hash = createHash("sha256");
  #bytes = 0;

  update(piece: Uint8Array): this {
    this.#hash.update(piece);
    this.#bytes += piece.length;
    return this;
  }

  finish(): CommitId {
    // The cast is safe: this is the one place that makes them.
    return `${this.#hash.digest("hex")}-${this.#bytes}` as CommitId;
  }
}

/**
 * The zip's comment: with it a copy of an archive that lost its manifest can still be checked to the last bit of its
 * directory, modes and owners included, which stand nowhere else in the zip.
 */
export const archiveComment = (id: CommitId): string => `Lifeboat ${id}`;

/** The commit id in a zip's comment; undefined when it is not one of ours. */
export const commitIdInComment = (comment: string): CommitId | undefined =>
  // The cast is safe: it has the form.
  /^Lifeboat ([0-9a-f]{64}-[0-9]{1,15})$/.exec(comment)?.[1] as CommitId | undefined;
