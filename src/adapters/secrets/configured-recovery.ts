import { SecretUnreadable, type Secret } from "../../domain/secret.ts";
import type { Recovery } from "../../ports/secrets.ts";
import { openWith, recoveryKeyIdOf, sealTo } from "./recovery-box.ts";
import { parseRecoveryKey } from "./recovery-key.ts";

/**
 * The recovery key of an installation without a data folder that lasts: from configuration, or none. Without one nothing
 * can be sealed, and what others sealed is opened with the key that a caller gives.
 */
export const configuredRecovery = (text: Secret | undefined): Recovery => {
  const own = text && parseRecoveryKey(text);
  return {
    keyId: own?.public.id,
    async seal(bytes, context) {
      if (own === undefined) throw new Error(`${context} cannot be sealed: LIFEBOAT_RECOVERY_KEY is not set.`);
      return sealTo(own.public, bytes, context);
    },
    async open(sealed, context, given) {
      const key = given ? parseRecoveryKey(given) : own;
      if (key !== undefined) return openWith(key, sealed, context);
      throw new SecretUnreadable(
        "KeyMissing",
        `${context} is sealed, and LIFEBOAT_RECOVERY_KEY is not set. Give the recovery key ${recoveryKeyIdOf(sealed) ?? ""}.`,
      );
    },
  };
};
