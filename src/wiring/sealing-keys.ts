import { join } from "node:path";
import { ownIdentity } from "../adapters/destination/own-identity.ts";
import { unchangingKeys, watchedKeys, type KeySource } from "../adapters/secrets/key-source.ts";
import {
  configuredSealingKeys,
  fileSealingKeys,
  fileSealingKeysAgain,
  givenFileSealingKeys,
  type SealingKeys,
} from "../adapters/secrets/sealing-keys.ts";
import { vaultSealingKeys } from "../adapters/secrets/vault-sealing-keys.ts";
import type { Config } from "../config.ts";
import { messageOf } from "../domain/errors.ts";
import { systemClock } from "../ports/clock.ts";

type Warn = (message: string) => void;

/** Where the configuration says that they are, in this order: the settings themselves, a vault, a file. */
export const sealingKeys = async (from: Config, warn: Warn): Promise<KeySource> => {
  if (from.sealingKeys !== undefined)
    return unchangingKeys(configuredSealingKeys(from.sealingKeys, "LIFEBOAT_SEALING_KEYS"));
  if (from.keyVaultSecret !== undefined) {
    const look = vaultSealingKeys({ url: from.keyVaultSecret, identity: ownIdentity, now: () => systemClock.now() });
    const vault = watched(look, warn, { freshForMs: 600_000, pauseMs: 30_000 });
    // It may be away for a while, and much needs no secret: it is asked again when one is wanted.
    vault.keys().catch((error: unknown) => warn(messageOf(error)));
    return vault;
  }
  const path = from.sealingKeysFile ?? join(from.dataFolder, "sealing-keys");
  if (from.sealingKeysFile === undefined) await fileSealingKeys(path);
  const look = from.sealingKeysFile === undefined ? fileSealingKeysAgain : givenFileSealingKeys;
  const file = watched(() => look(path), warn, { freshForMs: 10_000, pauseMs: 1_000 });
  await file.keys();
  return file;
};

const watched = (
  look: () => Promise<SealingKeys>,
  warn: Warn,
  times: { readonly freshForMs: number; readonly pauseMs: number },
) =>
  watchedKeys(look, {
    ...times,
    now: () => performance.now(),
    onProblem: (error) => warn(`${messageOf(error)} The keys known before go on serving.`),
  });
