import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { BlockBlobClient, ContainerClient } from "@azure/storage-blob";
import { isStoreFailure, StoreFailure } from "../../domain/store-failure.ts";
import type {
  BlockId,
  CopySource,
  Destination,
  DestinationLimits,
  StoredObject,
  Upload,
} from "../../ports/destination.ts";
import { blobClients, type BlobClients, type BlobLogin } from "./blob-clients.ts";
import { BlobCopies } from "./blob-copies.ts";
import { errorCodeOf, isTransient, statusOf } from "./blob-failure.ts";
import { listBlobs } from "./blob-list.ts";
import { BlobRequests, isGone } from "./blob-requests.ts";
import { contentType, filled, quoted, sameMetadata, storedObject, wireId } from "./blob-wire.ts";
import { checkBlock, checkCommit, checkCopy, checkName, checkRange, checkRun, checkUpload } from "./check-input.ts";
import { changed, notFound, taken, tooShort } from "./object-failures.ts";
import { defaultRetries, type RetryPolicy } from "./with-retries.ts";

interface BlobContainerOptions extends BlobLogin {
  /** `https://account.blob.core.windows.net/container`, without a query. */
  readonly container: string;
  readonly retries?: RetryPolicy;
  readonly pageSize?: number;
}

/** A container of Azure Blob Storage. Loads the SDK when the first one is opened; nothing is contacted yet. */
export const blobContainer = async (options: BlobContainerOptions): Promise<Destination> =>
  new BlobContainer(await blobClients(options.container, options), options);

class BlobContainer implements Destination {
  readonly limits: DestinationLimits = {
    maxBlocks: 50_000,
    maxBlockBytes: 4000 * 1024 * 1024,
    minBlockBytes: 1,
    appends: false,
  };
  readonly #client: ContainerClient;
  readonly #options: BlobContainerOptions;
  readonly #requests: BlobRequests;
  readonly #copies: BlobCopies;

  constructor(clients: BlobClients, options: BlobContainerOptions) {
    this.#client = clients.plain;
    this.#options = options;
    this.#requests = new BlobRequests(
      { container: options.container, sas: options.sas },
      options.retries ?? defaultRetries,
    );
    this.#copies = new BlobCopies({
      clients,
      requests: this.#requests,
      identity: options.identity,
      head: async (name, signal) => this.#head(name, signal),
    });
  }

  async stage(upload: Upload, block: BlockId, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    checkBlock(upload, block, bytes.byteLength, this.limits);
    signal?.throwIfAborted();
    const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const md5 = createHash("md5").update(body).digest();
    const blob = this.#client.getBlockBlobClient(upload.name);
    await this.#requests.send(`Writing ${upload.name}`, { signal, bytes: body.length }, async (abortSignal) =>
      blob.stageBlock(wireId(upload, block), body, body.length, { abortSignal, transactionalContentMD5: md5 }),
    );
  }

  async stageCopy(upload: Upload, block: BlockId, from: CopySource, signal?: AbortSignal): Promise<void> {
    checkCopy(upload, block, from);
    signal?.throwIfAborted();
    if (await this.#copies.copy(upload, block, from, signal)) return;
    const bytes = await this.read(from.name, from, { ifMatch: from.etag, ...(signal ? { signal } : {}) }).catch(
      (error: unknown): never => {
        throw isStoreFailure(error, "NotFound") ? changed(from.name) : error;
      },
    );
    await this.stage(upload, block, bytes, signal);
  }

  /** A block is durable when it is acknowledged. */
  async settle(upload: Upload): Promise<void> {
    checkUpload(upload);
  }

  async commit(
    upload: Upload,
    blocks: readonly BlockId[],
    metadata: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<StoredObject> {
    checkCommit(upload, blocks, metadata, this.limits);
    const ids = blocks.map((block) => wireId(upload, block));
    await this.#requests.send(`Writing ${upload.name}`, { signal }, async (abortSignal, isRepeat) => {
      const blob = this.#client.getBlockBlobClient(upload.name);
      const options = {
        abortSignal,
        conditions: { ifNoneMatch: "*" },
        metadata: { ...metadata },
        blobHTTPHeaders: { blobContentType: contentType(upload.name) },
      };
      try {
        await blob.commitBlockList(ids, options);
      } catch (error) {
        // Our own first attempt, whose answer was lost, may be what stands there now.
        const isRefused = [400, 409, 412].includes(statusOf(error) ?? 0);
        if (isRefused && isRepeat && (await this.#consistsOf(blob, ids, metadata, abortSignal))) return;
        throw takenInstead(error, upload.name);
      }
    });
    const stored = await this.head(upload.name);
    if (stored !== undefined) return stored;
    throw new StoreFailure(
      "Unavailable",
      `${upload.name} was written and is gone again. Look who removes blobs there.`,
    );
  }

  /** Azure drops blocks that are not committed after a week by itself. */
  async abandon(upload: Upload): Promise<void> {
    checkUpload(upload);
  }

  async abandonRun(run: string): Promise<void> {
    checkRun(run);
  }

  async head(name: string): Promise<StoredObject | undefined> {
    checkName(name);
    return this.#head(name, undefined);
  }

  async read(
    name: string,
    range: { readonly offset: number; readonly length: number },
    { ifMatch, signal }: { readonly ifMatch?: string; readonly signal?: AbortSignal } = {},
  ): Promise<Uint8Array> {
    checkName(name);
    checkRange(name, range);
    signal?.throwIfAborted();
    if (range.length === 0) return this.#readNothing(name, range.offset, ifMatch);
    const blob = this.#client.getBlobClient(name);
    const conditions = ifMatch === undefined ? {} : { ifMatch: quoted(ifMatch) };
    const read = async (abortSignal: AbortSignal): Promise<Uint8Array> => {
      const answer = await blob.download(range.offset, range.length, { abortSignal, conditions, maxRetryRequests: 0 });
      const body = answer.readableStreamBody;
      if (body === undefined) throw new Error("A download without a body.");
      const total = Number(/\/(\d+)$/.exec(answer.contentRange ?? "")?.[1] ?? answer.contentLength ?? 0);
      if (range.offset + range.length > total) {
        if ("destroy" in body && typeof body.destroy === "function") body.destroy();
        throw tooShort(name, total, range.offset + range.length);
      }
      return filled(body, range.length);
    };
    return this.#requests.send(`Reading ${name}`, { signal, bytes: range.length }, async (abortSignal) =>
      read(abortSignal).catch(async (error: unknown): Promise<never> => {
        throw (await this.#isGone(error, name)) ? notFound(name, this.#options.container) : error;
      }),
    );
  }

  async *list(prefix: string): AsyncIterable<StoredObject> {
    yield* await listBlobs(this.#client, this.#requests, { prefix, pageSize: this.#options.pageSize ?? 5000 });
  }

  async remove(name: string, { ifMatch }: { readonly ifMatch?: string } = {}): Promise<boolean> {
    checkName(name);
    const blob = this.#client.getBlobClient(name);
    const conditions = ifMatch === undefined ? {} : { ifMatch: quoted(ifMatch) };
    return this.#requests.send(`Removing ${name}`, {}, async (abortSignal, isRepeat) => {
      try {
        await blob.delete({ abortSignal, conditions });
        return true;
      } catch (error) {
        // Gone after an answer that was lost: most likely by our own first attempt.
        if (await this.#isGone(error, name)) return isRepeat;
        throw error;
      }
    });
  }

  /** A condition can fail, too, because there is nothing left to compare. */
  async #isGone(error: unknown, name: string): Promise<boolean> {
    return isGone(error) || (statusOf(error) === 412 && (await this.head(name)) === undefined);
  }

  async #head(name: string, signal: AbortSignal | undefined): Promise<StoredObject | undefined> {
    const blob = this.#client.getBlobClient(name);
    return this.#requests.send(`Reading ${name}`, { signal }, async (abortSignal) => {
      try {
        return storedObject(name, await blob.getProperties({ abortSignal }));
      } catch (error) {
        if (isGone(error)) return undefined;
        // A SAS for writing only may still list, and a list says the same.
        if (errorCodeOf(error) === "AuthorizationPermissionMismatch") return this.#listed(name, error);
        throw error;
      }
    });
  }

  async #listed(name: string, denied: unknown): Promise<StoredObject | undefined> {
    try {
      for await (const object of this.list(name)) if (object.name === name) return object;
      return undefined;
    } catch (error) {
      throw isStoreFailure(error, "AccessDenied") ? denied : error;
    }
  }

  async #readNothing(name: string, offset: number, ifMatch: string | undefined): Promise<Uint8Array> {
    const object = await this.head(name);
    if (object === undefined) throw notFound(name, this.#options.container);
    if (ifMatch !== undefined && ifMatch !== object.etag) throw changed(name);
    if (offset > object.sizeBytes) throw tooShort(name, object.sizeBytes, offset);
    return Buffer.alloc(0);
  }

  /** Whether the blob is made of exactly these blocks with this metadata: then it is what we tried to write. */
  async #consistsOf(
    blob: BlockBlobClient,
    ids: readonly string[],
    metadata: Readonly<Record<string, string>>,
    abortSignal: AbortSignal,
  ): Promise<boolean> {
    try {
      const { committedBlocks = [] } = await blob.getBlockList("committed", { abortSignal });
      const properties = await blob.getProperties({ abortSignal });
      const names = committedBlocks.map((block) => block.name);
      return isDeepStrictEqual(names, ids) && sameMetadata(properties.metadata, metadata);
    } catch (error) {
      // Gone, or a SAS that may not read: then nothing shows that it is ours.
      if (isTransient(error) === false) return false;
      throw error;
    }
  }
}

/** The condition of a commit is that the name is free: 412 means what 409 means. */
const takenInstead = (error: unknown, name: string): unknown =>
  statusOf(error) === 412 && errorCodeOf(error) !== "LeaseIdMissing" ? taken(name) : error;
