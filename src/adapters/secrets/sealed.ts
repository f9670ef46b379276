import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { Secret, SecretUnreadable } from "../../domain/secret.ts";
import type { Sealer } from "../../ports/secrets.ts";
import type { SealingKeys } from "./sealing-keys.ts";

/**
 * AES-256-GCM. Sealed text is `lb1.<key id>.<nonce>.<ciphertext and tag>` in base64url; the first two parts and the
 * context are authenticated with it, so that a value cannot be moved to another row.
 */
const format = "lb1";
const nonceBytes = 12;
const tagBytes = 16;

export const keySealer = ({ keys, from }: SealingKeys): Sealer => {
  const [newest] = keys;
  if (newest === undefined) throw new Error(`${from} holds no sealing key.`);
  const bytesOf = (key: Secret): Buffer => Buffer.from(key.reveal(), "base64");

  return {
    seal: async (secret, context) => {
      const nonce = randomBytes(nonceBytes);
      const head = `${format}.${newest.id}`;
      const cipher = createCipheriv("aes-256-gcm", bytesOf(newest.key), nonce);
      cipher.setAAD(authenticated(head, context));
      const sealed = Buffer.concat([cipher.update(secret.reveal(), "utf8"), cipher.final(), cipher.getAuthTag()]);
      return `${head}.${nonce.toString("base64url")}.${sealed.toString("base64url")}`;
    },

    open: async (sealed, context) => {
      const [version, id = "", nonce = "", body = "", ...more] = sealed.split(".");
      if (version !== format || more.length > 0 || body === "") throw altered(context);
      const found = keys.find((key) => key.id === id);
      if (found === undefined) throw keyMissing(context, id, { keys, from });
      const bytes = Buffer.from(body, "base64url");
      const iv = Buffer.from(nonce, "base64url");
      // Base64 has spare bits at its end: only the text that sealing writes is accepted.
      const isCanonical = bytes.toString("base64url") === body && iv.toString("base64url") === nonce;
      if (!isCanonical || bytes.length < tagBytes || iv.length !== nonceBytes) throw altered(context);
      const decipher = createDecipheriv("aes-256-gcm", bytesOf(found.key), iv, { authTagLength: tagBytes });
      decipher.setAAD(authenticated(`${version}.${id}`, context));
      decipher.setAuthTag(bytes.subarray(-tagBytes));
      try {
        const text = Buffer.concat([decipher.update(bytes.subarray(0, -tagBytes)), decipher.final()]);
        return new Secret(text.toString("utf8"));
      } catch {
        // Node says no more than that the tag does not match.
        throw altered(context);
      }
    },
  };
};

const authenticated = (head: string, context: string): Buffer => Buffer.from(`${head}\n${context}`, "utf8");

const altered = (context: string): SecretUnreadable =>
  new SecretUnreadable(
    "Altered",
    `The sealed value of ${context} was altered, or moved from another place. Enter the secret again.`,
  );

const keyMissing = (context: string, id: string, { keys, from }: SealingKeys): SecretUnreadable =>
  new SecretUnreadable(
    "KeyMissing",
    `The sealed value of ${context} needs the key ${id}, and ${from} has only ${keys.map((key) => key.id).join(", ")}. Put that key back, behind the newest, or enter the secret again.`,
  );
