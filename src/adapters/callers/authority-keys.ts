import { createLocalJWKSet, errors, type CryptoKey, type FlattenedJWSInput, type JWSHeaderParameters } from "jose";
import * as z from "zod";
import { messageOf, refuse } from "../../domain/errors.ts";
import { jsonOf } from "../../domain/json-of.ts";
import { limitedSignal, type Clock } from "../../ports/clock.ts";
import { exchange } from "../outgoing/exchange.ts";

type KeySet = ReturnType<typeof createLocalJWKSet>;

/** The public keys that an authority signs its tokens with. */
interface AuthorityKeys {
  /**
   * The key that a token names, or that is the only one of its kind. Throws jose's errors when there is none, and
   * Unavailable when that cannot be told. `search`: a key that is not known yet is asked for.
   */
  keyFor(header: JWSHeaderParameters, token: FlattenedJWSInput, wish: { readonly search: boolean }): Promise<CryptoKey>;
}

/** Asked for again in the background after this; a key that was withdrawn is forgotten then. */
const freshMs = 3_600_000;
/** When the authority cannot be reached, the keys that are known are good for so long. */
const goodMs = 24 * 3_600_000;
/** A key is rolled within seconds of its first use, and whoever makes up key ids must not make us ask for each. */
const searchAgainMs = 30_000;
/** Everybody would wait for a timeout otherwise, one after the other. */
const askAgainMs = 5_000;
const defaultTimeoutMs = 5_000;

const keySet = z.object({ keys: z.array(z.record(z.string(), z.unknown())).max(1_000) });

export interface AuthorityNeeds {
  readonly clock: Clock;
  readonly warn: (message: string) => void;
  /** How long an answer may take. */
  readonly timeoutMs?: number;
}

export const authorityKeys = (
  url: URL,
  { clock, warn, timeoutMs = defaultTimeoutMs }: AuthorityNeeds,
): AuthorityKeys => {
  let known: { readonly set: KeySet; readonly at: number } | undefined;
  let asking: Promise<void> | undefined;
  let failed: { readonly at: number; readonly reason: string } | undefined;
  let searched = -Infinity;
  const now = (): number => clock.now().getTime();
  /** Not after a clock was set back either. */
  const isWithin = (at: number, ms: number): boolean => now() - at < ms && now() >= at;

  const ask = async (): Promise<void> => {
    try {
      known = { set: await fetchKeys(url, timeoutMs), at: now() };
      failed = undefined;
    } catch (error) {
      failed = { at: now(), reason: messageOf(error) };
      throw error;
    } finally {
      asking = undefined;
    }
  };
  /** Whoever comes meanwhile waits for the same answer. */
  const refresh = (): Promise<void> => (asking ??= ask());

  const good = async (): Promise<KeySet> => {
    if (known !== undefined && isWithin(known.at, goodMs)) {
      if (!isWithin(known.at, freshMs) && (failed === undefined || !isWithin(failed.at, askAgainMs)))
        refresh().catch((error: unknown) => warn(`The keys at ${url.href} could not be read: ${messageOf(error)}`));
      return known.set;
    }
    if (failed !== undefined && isWithin(failed.at, askAgainMs)) throw unavailable(url, failed.reason);
    await refresh().catch((error: unknown) => {
      throw unavailable(url, messageOf(error));
    });
    if (known === undefined) throw new Error("Keys that were read are not there.");
    return known.set;
  };

  return {
    async keyFor(header, token, { search }) {
      try {
        return await (
          await good()
        )(header, token);
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey) || !search || isWithin(searched, searchAgainMs)) throw error;
        searched = now();
        await refresh().catch((reason: unknown) => {
          throw unavailable(url, messageOf(reason));
        });
        return (await good())(header, token);
      }
    },
  };
};

const unavailable = (url: URL, reason: string) =>
  refuse("Unavailable", { reason: `the keys of ${url.origin} cannot be read: ${reason}` });

/** A set of keys is some 20 KB. */
const mostBytes = 2 ** 20;

const fetchKeys = async (url: URL, timeoutMs: number): Promise<KeySet> => {
  const reason = (): Error => new Error(`there was no answer within ${timeoutMs / 1_000} s.`);
  const { signal, release } = limitedSignal({ afterMs: timeoutMs, reason });
  try {
    const { status, text } = await exchange(url, { method: "GET", signal, mostBytes });
    if (status !== 200) throw new Error(`it answered ${status}.`);
    const parsed = keySet.safeParse(jsonOf(text));
    if (!parsed.success) throw new Error("its answer is no set of keys.");
    return createLocalJWKSet(parsed.data);
  } finally {
    release();
  }
};
