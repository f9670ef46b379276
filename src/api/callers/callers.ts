import type { Caller } from "../../domain/caller.ts";
import { Refusal, refuse } from "../../domain/errors.ts";
import { isExpired, type KnownKey, type KnownKeys } from "../../operations/keys/known-keys.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Tokens } from "../../ports/tokens.ts";
import type { AccessTokens } from "./access-tokens.ts";
import { failedLogins } from "./failed-logins.ts";
import type { ApiRequest } from "../request.ts";
import { sourceOf } from "./source-of.ts";

type Sent = Pick<ApiRequest, "headers">;
/** Whether it may be searched where that costs something: not for a source that has failed too often. */
interface Wish {
  readonly search: boolean;
}

export interface Credentials {
  /** Undefined where a client has no place for it: the secret alone will do. */
  readonly id: string | undefined;
  readonly secret: string;
}

/**
 * Who asks. After too many failures both refuse a source with TooManyRequests, but never somebody who shows a right key:
 * whoever shares an address with an attacker goes on working.
 */
export interface Callers {
  /** By a bearer token (a key's secret, what its login got, a token of Entra ID) or an `x-lifeboat-key` header. */
  of(request: Sent): Promise<Caller>;
  /** The address a request comes from. */
  sourceOf(request: Sent): string;
  /** By a key's id and secret. Throws CallerUnknown, KeyExpired. */
  login(request: Sent, credentials: Credentials): Promise<KnownKey>;
}

interface Needs {
  readonly keys: KnownKeys;
  /** What logins hand out. */
  readonly tokens: Pick<AccessTokens, "read">;
  /** Those of Entra ID, where it is set up. */
  readonly foreign?: Tokens;
  readonly clock: Clock;
  /** Addresses whose word on where a request comes from is believed. */
  readonly proxies: readonly string[];
}

export const createCallers = ({ keys, tokens, foreign, clock, proxies }: Needs): Callers => {
  const failures = failedLogins();
  const believed = new Set(proxies.map((proxy) => proxy.toLowerCase()));

  const guarded = async <Found>(request: Sent, find: (wish: Wish) => Promise<Found | undefined>): Promise<Found> => {
    const source = sourceOf(request, believed);
    const before = failures.secondsLeft(source, clock.now());
    try {
      const found = await find({ search: before === 0 });
      if (found !== undefined) return found;
      throw refuse("CallerUnknown");
    } catch (error) {
      if (!isFailedLogin(error)) throw error;
      // Counted only now, so that many at once are as many.
      const seconds = failures.secondsLeft(source, clock.now());
      if (seconds > 0) throw refuse("TooManyRequests", { source, seconds });
      failures.note(source, clock.now());
      throw error;
    }
  };

  const used = async (key: KnownKey): Promise<KnownKey> => {
    if (isExpired(key, clock.now())) throw refuse("KeyExpired", { key: key.id, expired: key.expires ?? "" });
    await keys.noteUse(key);
    return key;
  };

  const known = async (secret: string, wish: Wish): Promise<Caller | undefined> => {
    const key = (await keys.withSecret(secret, wish)) ?? (await loggedIn(secret, wish));
    return key === undefined ? foreign?.callerOf(secret, wish) : callerBy(await used(key));
  };

  const loggedIn = async (text: string, wish: Wish): Promise<KnownKey | undefined> => {
    const fingerprint = text.includes(".") ? await tokens.read(text) : undefined;
    if (fingerprint === undefined) return undefined;
    const key = await keys.withFingerprint(fingerprint, wish);
    if (key === undefined) throw refuse("TokenRefused", { reason: "the key that logged in is gone. Log in again." });
    return key;
  };

  return {
    sourceOf: (request) => sourceOf(request, believed),
    async of(request) {
      const secret = secretOf(request);
      // Nothing was tried, so nothing failed.
      if (secret === "") throw refuse("CallerUnknown");
      return guarded(request, (wish) => known(secret, wish));
    },
    login: (request, { id, secret }) =>
      guarded(request, async (wish) => {
        const key = await keys.withSecret(secret, wish);
        return key === undefined || (id !== undefined && id !== key.id) ? undefined : used(key);
      }),
  };
};

const secretOf = ({ headers }: Sent): string =>
  /^Bearer\s+(\S+)$/i.exec(headers.get("authorization")?.trim() ?? "")?.[1] ??
  headers.get("x-lifeboat-key")?.trim() ??
  "";

const callerBy = ({ id, name, role, reach }: KnownKey): Caller => ({ kind: "key", id, name, role, reach });

/** An expired key was still a right one. */
const isFailedLogin = (error: unknown): boolean =>
  error instanceof Refusal && (error.code === "CallerUnknown" || error.code === "TokenRefused");
