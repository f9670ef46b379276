import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { Secret, SecretUnreadable } from "../../domain/secret.ts";
import type { Sealer } from "../../ports/secrets.ts";
import type { KeySource } from "./key-source.ts";
import type { SealingKey, SealingKeys } from "./sealing-keys.ts";

/**
 * AES-256-GCM. Sealed text is `lb1.<key id>.<nonce>.<ciphertext and tag>` in base64url; the first two parts and the
 * context are authenticated with it, so that a value cannot be moved to another row.
 */
const format = "lb1";
const nonceBytes = 12;
const tagBytes = 16;

export const keySealer = (source: KeySource): Sealer => {
  /** The keys, and the one that sealed the text; looked for once more when it is not known yet. */
  const keyOf = async (id: string, context: string): Promise<Secret> => {
    const key = withId(await source.keys(), id) ?? withId(await source.keysAgain(), id);
    if (key === undefined) throw keyMissing(context, id, await source.keys());
    return key;
  };
  const seal = async (secret: Secret, context: string): Promise<string> => {
    const { id, key } = newestOf(await source.keys());
    const nonce = randomBytes(nonceBytes);
    const head = `${format}.${id}`;
    const cipher = createCipheriv("aes-256-gcm", bytesOf(key), nonce);
    cipher.setAAD(authenticated(head, context));
    const sealed = Buffer.concat([cipher.update(secret.reveal(), "utf8"), cipher.final(), cipher.getAuthTag()]);
    return `${head}.${nonce.toString("base64url")}.${sealed.toString("base64url")}`;
  };
  const open = async (sealed: string, context: string): Promise<Secret> => {
    const [version, id = "", nonce = "", body = "", ...more] = sealed.split(".");
    if (version !== format || more.length > 0 || body === "") throw altered(context);
    const key = await keyOf(id, context);
    const bytes = Buffer.from(body, "base64url");
    const iv = Buffer.from(nonce, "base64url");
    // Base64 has spare bits at its end: only the text that sealing writes is accepted.
    const isCanonical = bytes.toString("base64url") === body && iv.toString("base64url") === nonce;
    if (!isCanonical || bytes.length < tagBytes || iv.length !== nonceBytes) throw altered(context);
    const decipher = createDecipheriv("aes-256-gcm", bytesOf(key), iv, { authTagLength: tagBytes });
    decipher.setAAD(authenticated(`${version}.${id}`, context));
    decipher.setAuthTag(bytes.subarray(-tagBytes));
    try {
      const text = Buffer.concat([decipher.update(bytes.subarray(0, -tagBytes)), decipher.final()]);
      return new Secret(text.toString("utf8"));
    } catch {
      // Node says no more than that the tag does not match.
      throw altered(context);
    }
  };
  const reseal = async (sealed: string, context: string): Promise<string | undefined> =>
    sealed.startsWith(`${format}.${newestOf(await source.keys()).id}.`)
      ? undefined
      : seal(await open(sealed, context), context);
  return { seal, open, reseal };
};

const newestOf = ({ keys: [newest], from }: SealingKeys): SealingKey => {
  if (newest === undefined) throw new Error(`${from} holds no sealing key.`);
  return newest;
};

const withId = ({ keys }: SealingKeys, id: string): Secret | undefined => keys.find((key) => key.id === id)?.key;

const bytesOf = (key: Secret): Buffer => Buffer.from(key.reveal(), "base64");

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
