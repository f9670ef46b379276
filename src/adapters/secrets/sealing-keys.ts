import { createHash, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { Secret } from "../../domain/secret.ts";
import { makePrivateFile, readPrivateFile } from "../machine/private-file.ts";

/** AES-256 keys by id, the newest first: that one seals, all open. */
export interface SealingKeys {
  readonly keys: readonly SealingKey[];
  /** Where they come from, for messages. */
  readonly from: string;
}

export interface SealingKey {
  readonly id: string;
  /** base64 of 32 bytes. */
  readonly key: Secret;
}

/** From configuration: `id:base64` or only base64, comma-separated, the newest first. */
export const configuredSealingKeys = (text: Secret, from: string): SealingKeys => ({
  keys: parseKeys(text.reveal(), from),
  from,
});

/** From a file, one key a line; it is made with a new key on first use. */
export const fileSealingKeys = async (path: string): Promise<SealingKeys> => {
  const text = (await readPrivateFile(path)) ?? (await makePrivateFile(path, newKeyLine()));
  return { keys: parseKeys(text, path), from: path };
};

/** From the file that `fileSealingKeys` made, once more: it is not made again, for what it held may only be away. */
export const fileSealingKeysAgain = async (path: string): Promise<SealingKeys> => {
  const text = await readPrivateFile(path);
  if (text === undefined) throw new Error(`${path} is not there any more. Put it back, or what it sealed is lost.`);
  return { keys: parseKeys(text, path), from: path };
};

/** From a file that others look after, one key a line: it is neither made nor changed. */
export const givenFileSealingKeys = async (path: string): Promise<SealingKeys> => ({
  keys: parseKeys(await readFile(path, "utf8"), path),
  from: path,
});

/** From texts as the settings hold them, one key each, the newest first; the same key in several counts once. */
export const collectedSealingKeys = (texts: readonly Secret[], from: string): SealingKeys => {
  const entries = texts.map((text) => text.reveal().trim());
  return { keys: parseKeys([...new Set(entries)].join("\n"), from), from };
};

const newKeyLine = (): string => {
  const bytes = randomBytes(32);
  return `${idOf(bytes)}:${bytes.toString("base64")}\n`;
};

const parseKeys = (text: string, from: string): readonly SealingKey[] => {
  const entries = text
    .split(/[,\r\n]+/)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
  if (entries.length === 0) throw new Error(`${from} holds no sealing key. Expected id:base64 of 32 bytes.`);
  const keys = entries.map((entry, index) => parseKey(entry, `Sealing key ${index + 1} of ${from}`));
  const twice = keys.find(({ id }, index) => keys.findIndex((other) => other.id === id) !== index);
  if (twice) throw new Error(`${from} holds two sealing keys with the id ${twice.id}. Every key needs its own id.`);
  return keys;
};

/** The messages name the key's place, never its text. */
const parseKey = (entry: string, which: string): SealingKey => {
  const [, id, base64 = ""] = /^(?:([^:]*):)?(.*)$/.exec(entry) ?? [];
  const bytes = Buffer.from(base64, "base64");
  if (bytes.length !== 32 || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(base64))
    throw new Error(`${which} is not base64 of 32 bytes. \`openssl rand -base64 32\` makes one.`);
  if (id !== undefined && !/^[a-z0-9-]{1,32}$/i.test(id))
    throw new Error(`${which} has an id that is not 1 to 32 letters, digits and hyphens.`);
  return { id: id ?? idOf(bytes), key: new Secret(bytes.toString("base64")) };
};

/** An id for a key without one: the same key always gets the same. */
const idOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex").slice(0, 8);
