import {
  createCipheriv,
  createDecipheriv,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from "node:crypto";
import { SecretUnreadable } from "../../domain/secret.ts";
import { publicBytes, publicKeyObject, type RecoveryKey, type RecoveryPublicKey } from "./recovery-key.ts";

/**
 * A box that anyone with the public key can close and only the recovery key opens:
 * `LBR1` | key id (4 bytes) | one-time X25519 public key (32) | AES-256-GCM ciphertext | tag (16).
 * Key and nonce are HKDF-SHA256 of the shared secret; all before the ciphertext, and the context, is authenticated.
 */
const magic = Buffer.from("LBR1", "latin1");
const idBytes = 4;
const publicKeyBytes = 32;
const headBytes = magic.length + idBytes + publicKeyBytes;
const tagBytes = 16;

export const sealTo = (recipient: RecoveryPublicKey, bytes: Uint8Array, context: string): Buffer => {
  const once = generateKeyPairSync("x25519");
  const oncePublic = publicBytes(once.publicKey);
  const head = Buffer.concat([magic, Buffer.from(recipient.id, "hex"), oncePublic]);
  const { key, nonce } = derive(once.privateKey, publicKeyObject(recipient.bytes), [oncePublic, recipient.bytes]);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(authenticated(head, context));
  return Buffer.concat([head, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
};

/** Throws SecretUnreadable: "KeyMissing" when it was sealed to another recovery key, "Altered" when box or context is another. */
export const openWith = (key: RecoveryKey, sealed: Uint8Array, context: string): Buffer => {
  const box = Buffer.from(sealed);
  const id = recoveryKeyIdOf(box);
  if (id === undefined || box.length < headBytes + tagBytes) throw altered(context);
  if (id !== key.public.id)
    throw new SecretUnreadable(
      "KeyMissing",
      `${context} is sealed to the recovery key ${id}; the one given is ${key.public.id}. Use the key that was shown when that installation was first started.`,
    );
  const head = box.subarray(0, headBytes);
  const oncePublic = head.subarray(-publicKeyBytes);
  try {
    const derived = derive(key.private, publicKeyObject(oncePublic), [oncePublic, key.public.bytes]);
    const decipher = createDecipheriv("aes-256-gcm", derived.key, derived.nonce, { authTagLength: tagBytes });
    decipher.setAAD(authenticated(head, context));
    decipher.setAuthTag(box.subarray(-tagBytes));
    return Buffer.concat([decipher.update(box.subarray(headBytes, -tagBytes)), decipher.final()]);
  } catch {
    // Node says no more than that the tag, or the one-time key, does not fit.
    throw altered(context);
  }
};

/** Which recovery key opens the box. Undefined when these bytes are no such box. */
export const recoveryKeyIdOf = (sealed: Uint8Array): string | undefined => {
  const box = Buffer.from(sealed);
  if (box.length < headBytes || !box.subarray(0, magic.length).equals(magic)) return undefined;
  return box.subarray(magic.length, magic.length + idBytes).toString("hex");
};

const derive = (own: KeyObject, other: KeyObject, publicKeys: readonly [Uint8Array, Uint8Array]) => {
  const shared = diffieHellman({ privateKey: own, publicKey: other });
  const bytes = Buffer.from(hkdfSync("sha256", shared, Buffer.concat(publicKeys), "lifeboat recovery 1", 32 + 12));
  return { key: bytes.subarray(0, 32), nonce: bytes.subarray(32) };
};

const authenticated = (head: Buffer, context: string): Buffer => Buffer.concat([head, Buffer.from(context, "utf8")]);

const altered = (context: string): SecretUnreadable =>
  new SecretUnreadable(
    "Altered",
    `${context} was altered after it was sealed, or comes from another place. Use another backup.`,
  );
