import type { TokenCredential } from "@azure/identity";
import type { ContainerClient } from "@azure/storage-blob";
import type { BlockId, CopySource, StoredObject, Upload } from "../../ports/destination.ts";
import type { BlobClients } from "./blob-clients.ts";
import { errorCodeOf, isTransient, statusOf } from "./blob-failure.ts";
import type { BlobRequests } from "./blob-requests.ts";
import { wireId } from "./blob-wire.ts";
import { changed, tooShort } from "./object-failures.ts";

/** What copies of one object share. */
interface KnownSource {
  readonly name: string;
  readonly etag: string;
  readonly sizeBytes: number;
  readonly client: ContainerClient;
}

interface BlobCopiesNeeds {
  readonly clients: BlobClients;
  readonly requests: BlobRequests;
  readonly identity: TokenCredential | undefined;
  readonly head: (name: string, signal: AbortSignal | undefined) => Promise<StoredObject | undefined>;
}

/** Has the store copy ranges between the objects of one container, as long as it is willing to. */
export class BlobCopies {
  readonly #needs: BlobCopiesNeeds;
  /** A run copies out of one object at a time. */
  #source: KnownSource | undefined;
  #isRefused = false;

  constructor(needs: BlobCopiesNeeds) {
    this.#needs = needs;
  }

  /** False when the store will not copy by itself; where that will not change, it is not asked again. */
  async copy(upload: Upload, block: BlockId, from: CopySource, signal: AbortSignal | undefined): Promise<boolean> {
    const source = await this.#knownSource(from, signal);
    const end = from.offset + from.length;
    if (end > source.sizeBytes) throw tooShort(from.name, source.sizeBytes, end);
    if (this.#isRefused) return false;
    const blob = source.client.getBlockBlobClient(upload.name);
    const { url } = source.client.getBlobClient(from.name);
    // The bytes stay inside the store, which moves them much faster than a network would.
    const work = { signal, bytes: from.length / 16 };
    return this.#needs.requests.send(`Copying ${from.name} into ${upload.name}`, work, async (abortSignal) => {
      const options = { abortSignal, ...(await this.#login()) };
      try {
        await blob.stageBlockFromURL(wireId(upload, block), url, from.offset, from.length, options);
        return true;
      } catch (error) {
        return this.#refusal(error, from, abortSignal);
      }
    });
  }

  /** Answers false, or throws what is no refusal to copy. */
  async #refusal(error: unknown, source: CopySource, signal: AbortSignal): Promise<false> {
    const status = statusOf(error) ?? 0;
    // A store that may not read the source says the same as one that does not find it, or not as it was.
    if ([304, 404, 412].includes(status)) {
      if ((await this.#needs.head(source.name, signal))?.etag !== source.etag) throw changed(source.name);
      this.#isRefused = true;
      return false;
    }
    // The store could not reach itself, by its firewall perhaps; that may be over with the next copy.
    if (status >= 500 && status !== 501 && errorCodeOf(error) === "CannotVerifyCopySource") return false;
    if (isTransient(error) !== false || ![400, 401, 403, 409, 501].includes(status)) throw error;
    this.#isRefused = true;
    return false;
  }

  async #knownSource({ name, etag }: CopySource, signal: AbortSignal | undefined): Promise<KnownSource> {
    if (this.#source?.name === name && this.#source.etag === etag) return this.#source;
    const object = await this.#needs.head(name, signal);
    if (object?.etag !== etag) throw changed(name);
    const client = this.#needs.clients.ifSourceMatches(etag);
    this.#source = { name, etag, sizeBytes: object.sizeBytes, client };
    return this.#source;
  }

  async #login(): Promise<{ readonly sourceAuthorization?: { readonly scheme: string; readonly value: string } }> {
    const token = await this.#needs.identity?.getToken("https://storage.azure.com/.default");
    return token ? { sourceAuthorization: { scheme: "Bearer", value: token.token } } : {};
  }
}
