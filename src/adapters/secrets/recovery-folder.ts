import { join } from "node:path";
import { Secret, SecretUnreadable } from "../../domain/secret.ts";
import type { Recovery } from "../../ports/secrets.ts";
import { makePrivateFile, readPrivateFile, replacePrivateFile } from "../machine/private-file.ts";
import { openWith, sealTo } from "./recovery-box.ts";
import { createRecoveryKey, parseRecoveryKey, recoveryPublicKey, type RecoveryPublicKey } from "./recovery-key.ts";

/**
 * The recovery key of a data folder: `recovery-key` holds it and may be carried away, `recovery-key.pub` stays and is
 * enough to seal. Both are made on first start. A `recovery-key` that was put there counts: the public half follows it.
 */
export const openRecoveryFolder = async (folder: string): Promise<Recovery> => {
  const path = join(folder, "recovery-key");
  const present = await keyFile(path);
  const kept = await publicFile(`${path}.pub`);
  if (kept && (!present || present.public.id === kept.id)) return recovery(kept, path);
  // Another process may be first; what the file holds counts.
  const key = present ?? parseFile(await makePrivateFile(path, `${createRecoveryKey().text.reveal()}\n`), path);
  await replacePrivateFile(`${path}.pub`, `${key.public.bytes.toString("base64url")}\n`);
  return recovery(key.public, path);
};

const recovery = (recipient: RecoveryPublicKey, path: string): Recovery => ({
  keyId: recipient.id,
  seal: async (bytes, context) => sealTo(recipient, bytes, context),
  open: async (sealed, context, given) => {
    const key = given ? parseRecoveryKey(given) : await keyFile(path);
    if (key) return openWith(key, sealed, context);
    throw new SecretUnreadable(
      "KeyMissing",
      `${context} is sealed, and ${path} is not there. Give the recovery key ${recipient.id}.`,
    );
  },
});

const keyFile = async (path: string) => {
  const text = await readPrivateFile(path);
  return text === undefined ? undefined : parseFile(text, path);
};

const parseFile = (text: string, path: string) => {
  try {
    return parseRecoveryKey(new Secret(text.trim()));
  } catch (error) {
    throw new Error(`${path} cannot be used. ${error instanceof Error ? error.message : ""}`.trim(), { cause: error });
  }
};

const publicFile = async (path: string): Promise<RecoveryPublicKey | undefined> => {
  const text = await readPrivateFile(path);
  if (text === undefined) return undefined;
  const bytes = Buffer.from(text.trim(), "base64url");
  if (bytes.length !== 32)
    throw new Error(`${path} is damaged. Put the recovery-key back beside it, and it is made again.`);
  return recoveryPublicKey(bytes);
};
