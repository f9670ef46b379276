import { createHash, timingSafeEqual } from "node:crypto";
import type { Caller } from "../../domain/caller.ts";
import { messageOf } from "../../domain/errors.ts";
import type { Catalog } from "../../ports/catalog.ts";
import type { Clock } from "../../ports/clock.ts";
import { readKey, readKeys, replaceKey, type KeyRow, type StoredKey } from "../rows/key-rows.ts";

/** A key by the hash of its secret; the secret itself is not kept. */
export interface KnownKey extends Pick<Caller, "id" | "name" | "role" | "reach"> {
  readonly sha256: string;
  readonly expires?: string;
}

export type KeyFingerprint = Pick<KnownKey, "id" | "sha256">;

/** The keys that callers may show. A change by another process shows within `knownForMs`, one by this process at once. */
export interface KnownKeys {
  /** The key whose secret this is, also one that has expired. `search`: also one made elsewhere this very moment. */
  withSecret(secret: string, wish: { readonly search: boolean }): Promise<KnownKey | undefined>;
  /** The same by its id and what is kept of its secret: not one that was made anew under its name. */
  withFingerprint(key: KeyFingerprint, wish: { readonly search: boolean }): Promise<KnownKey | undefined>;
  /** Writes down that the key was used: at most once an hour, and without failing. */
  noteUse(key: KnownKey): Promise<void>;
  /** Keys were made or removed by this process. */
  forget(): void;
}

interface Needs {
  readonly catalog: Catalog;
  readonly clock: Clock;
  /** What configuration and data folder hold; they do not expire, and are there when the catalog is not. */
  readonly fixed: readonly KnownKey[];
  readonly warn: (message: string) => void;
}

/** Long enough that the catalog is not asked at each request, short enough that a revoked key does no more harm. */
export const knownForMs = 10_000;
const noteAfterMs = 3_600_000;

export const hashKey = (secret: string): string => createHash("sha256").update(secret).digest("hex");

/** The form of a secret tells its key, so that one made elsewhere can be looked up without reading all. */
const secretForm = /^lb_([a-z0-9-]{1,60})_[A-Za-z0-9_-]{43}$/;
export const secretOf = (id: string, random: Uint8Array): string =>
  `lb_${id}_${Buffer.from(random).toString("base64url")}`;

/** Every key is compared, in constant time each: how long it takes tells nothing. */
const matching = <Key extends { readonly sha256: string }>(secret: string, keys: readonly Key[]): Key | undefined => {
  const given = Buffer.from(hashKey(secret), "hex");
  let found: Key | undefined;
  for (const key of keys) if (timingSafeEqual(given, Buffer.from(key.sha256, "hex"))) found = key;
  return secret === "" ? undefined : found;
};

const known = ({ id, role, reach, sha256, expires }: StoredKey): KnownKey => ({
  id,
  name: id,
  role,
  reach,
  sha256,
  ...(expires === undefined ? {} : { expires }),
});

export const isExpired = ({ expires }: Pick<KnownKey, "expires">, now: Date): boolean =>
  expires !== undefined && Date.parse(expires) <= now.getTime();

export const knownKeys = ({ catalog, clock, fixed, warn }: Needs): KnownKeys => {
  let cached: { readonly at: number; readonly rows: Promise<readonly KeyRow[]> } | undefined;
  const noted = new Map<string, number>();
  const nowMs = (): number => clock.now().getTime();

  const rows = async (): Promise<readonly KeyRow[]> => {
    const now = nowMs();
    // A clock that was set back must not keep what is old.
    if (cached === undefined || now - cached.at >= knownForMs || now < cached.at) {
      const reading = { at: now, rows: readKeys(catalog) };
      cached = reading;
      reading.rows.catch(() => {
        if (cached === reading) cached = undefined;
      });
    }
    return cached.rows;
  };

  const search = async (id: string, isMeant: (key: KnownKey) => boolean): Promise<KnownKey | undefined> => {
    const row = await readKey(catalog, id);
    const key = row && known(row.key);
    if (key === undefined || !isMeant(key)) return undefined;
    cached = undefined;
    return key;
  };

  const stored = async (): Promise<readonly KnownKey[]> => (await rows()).map(({ key }) => known(key));

  const note = async (id: string, now: number): Promise<void> => {
    const row = (await rows()).find(({ key }) => key.id === id);
    if (row === undefined || now - Date.parse(row.key.lastUsed ?? row.key.created) < noteAfterMs) return;
    // Whoever was faster has noted the same, or removed it.
    await replaceKey(catalog, { ...row, key: { ...row.key, lastUsed: new Date(now).toISOString() } });
    cached = undefined;
  };

  return {
    async withSecret(secret, wish) {
      const found = matching(secret, fixed) ?? matching(secret, await stored());
      const id = wish.search && found === undefined ? secretForm.exec(secret)?.[1] : undefined;
      return id === undefined ? found : search(id, (key) => matching(secret, [key]) !== undefined);
    },
    async withFingerprint({ id, sha256 }, wish) {
      const isMeant = (key: KnownKey): boolean => key.id === id && key.sha256 === sha256;
      const found = fixed.find(isMeant) ?? (await stored()).find(isMeant);
      return found !== undefined || !wish.search ? found : search(id, isMeant);
    },
    async noteUse({ id }) {
      const now = nowMs();
      if (now - (noted.get(id) ?? -Infinity) < noteAfterMs || fixed.some((key) => key.id === id)) return;
      noted.set(id, now);
      try {
        await note(id, now);
      } catch (error) {
        warn(`The use of key ${id} could not be noted: ${messageOf(error)}`);
      }
    },
    forget() {
      cached = undefined;
    },
  };
};
