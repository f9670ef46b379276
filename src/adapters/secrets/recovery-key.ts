import { createHash, createPrivateKey, createPublicKey, randomBytes, type KeyObject } from "node:crypto";
import { InvalidRecoveryKey, Secret } from "../../domain/secret.ts";

/**
 * The recovery key is an X25519 private key. People carry it as text: `LBRK1-` and 8 groups of 7 characters, which are
 * 32 bytes of key and 3 of checksum in base 32 without I, L, O and U. Its public half is enough to seal.
 */
export interface RecoveryKey {
  readonly text: Secret;
  readonly public: RecoveryPublicKey;
  readonly private: KeyObject;
}

export interface RecoveryPublicKey {
  /** Eight hex digits of the key's SHA-256: which recovery key opens what was sealed. */
  readonly id: string;
  readonly bytes: Buffer;
}

const prefix = "LBRK1";
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const keyBytes = 32;
const checksumBytes = 3;
const textLength = ((keyBytes + checksumBytes) * 8) / 5;

export const createRecoveryKey = (): RecoveryKey => recoveryKey(randomBytes(keyBytes));

/** Case, spaces and hyphens do not matter, and O, I and L count as the digits they look like. Throws InvalidRecoveryKey. */
export const parseRecoveryKey = (text: Secret): RecoveryKey => {
  const plain = text
    .reveal()
    .toUpperCase()
    .replace(/[\s-]+/g, "");
  const [, rest] = /^LBRK[1IL](.*)$/.exec(plain) ?? [];
  if (rest === undefined) throw new InvalidRecoveryKey(`This is not a recovery key: one starts with ${prefix}-.`);
  const characters = rest.replaceAll("O", "0").replace(/[IL]/g, "1");
  const wrong = characters.search(/[^0-9A-HJKMNP-TV-Z]/);
  if (wrong >= 0)
    throw new InvalidRecoveryKey(
      `The recovery key has a character that no recovery key has, in group ${Math.floor(wrong / 7) + 1}.`,
    );
  if (characters.length !== textLength)
    throw new InvalidRecoveryKey(
      `The recovery key has ${characters.length} characters after ${prefix}-; a whole one has ${textLength}.`,
    );
  const bytes = fromBase32(characters);
  const key = bytes.subarray(0, keyBytes);
  if (!checksum(key).equals(bytes.subarray(keyBytes)))
    throw new InvalidRecoveryKey(
      "The recovery key is mistyped: its checksum does not fit. Compare it with the original.",
    );
  return recoveryKey(key);
};

export const recoveryPublicKey = (bytes: Buffer): RecoveryPublicKey => ({
  id: createHash("sha256").update(bytes).digest("hex").slice(0, 8),
  bytes,
});

/** DER of an X25519 key is these bytes and then the key's own (RFC 8410). */
const privateHead = Buffer.from("302e020100300506032b656e04220420", "hex");
const publicHead = Buffer.from("302a300506032b656e032100", "hex");

export const publicKeyObject = (bytes: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.concat([publicHead, bytes]), format: "der", type: "spki" });

export const publicBytes = (key: KeyObject): Buffer =>
  key.export({ format: "der", type: "spki" }).subarray(publicHead.length);

const recoveryKey = (bytes: Buffer): RecoveryKey => {
  const key = createPrivateKey({ key: Buffer.concat([privateHead, bytes]), format: "der", type: "pkcs8" });
  return {
    text: new Secret(toText(bytes)),
    public: recoveryPublicKey(publicBytes(createPublicKey(key))),
    private: key,
  };
};

const toText = (bytes: Buffer): string => {
  const characters = toBase32(Buffer.concat([bytes, checksum(bytes)]));
  return [prefix, ...(characters.match(/.{7}/g) ?? [])].join("-");
};

const checksum = (bytes: Uint8Array): Buffer =>
  createHash("sha256").update(prefix).update(bytes).digest().subarray(0, checksumBytes);

/** Whole groups of 5 bytes, 8 characters each. */
const toBase32 = (bytes: Buffer): string => {
  let number = BigInt(`0x${bytes.toString("hex")}`);
  let text = "";
  for (let index = 0; index < textLength; index++, number >>= 5n) text = alphabet.charAt(Number(number & 31n)) + text;
  return text;
};

const fromBase32 = (text: string): Buffer => {
  let number = 0n;
  for (const character of text) number = (number << 5n) | BigInt(alphabet.indexOf(character));
  return Buffer.from(number.toString(16).padStart((keyBytes + checksumBytes) * 2, "0"), "hex");
};
