import { blobFailure, errorCodeOf, isTransient, statusOf, type Place } from "./blob-failure.ts";
import { withRetries, type RetryPolicy } from "./with-retries.ts";

interface Request {
  readonly signal?: AbortSignal | undefined;
  /** How much goes over the wire, in either direction. */
  readonly bytes?: number;
}

/** An attempt at a request; `isRepeat`: an earlier one may have been carried out although its answer was lost. */
type Attempt<T> = (abortSignal: AbortSignal, isRepeat: boolean) => Promise<T>;

const slowestBytesPerMs = 64;

/** Requests to one container: bounded retries, timeouts, and the SDK's errors as StoreFailure. */
export class BlobRequests {
  readonly #place: Place;
  readonly #policy: RetryPolicy;

  constructor(place: Omit<Place, "attempts">, policy: RetryPolicy) {
    this.#place = { ...place, attempts: policy.delaysMs.length + 1 };
    this.#policy = policy;
  }

  async send<T>(doing: string, { signal, bytes = 0 }: Request, attempt: Attempt<T>): Promise<T> {
    const timeoutMs = this.#policy.timeoutMs + bytes / slowestBytesPerMs;
    try {
      return await withRetries({ policy: this.#policy, timeoutMs, signal, isTransient }, attempt);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw blobFailure(error, `${doing} in ${this.#place.container}`, this.#place);
    }
  }
}

/** The blob is not there; a missing container is another matter. */
export const isGone = (error: unknown): boolean =>
  statusOf(error) === 404 && errorCodeOf(error)?.startsWith("Container") !== true;
