import { chmodSync, mkdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { readJsonFile } from "../app-settings.ts";
import { HostFailure } from "../host-failure.ts";

export type Key = { readonly name: string; readonly value: string; readonly encrypted: false };
type HostKeys = {
  readonly masterKey: Key;
  readonly functionKeys: readonly Key[];
  readonly systemKeys: readonly Key[];
};

type KeyFiles = {
  readonly host: HostKeys;
  /** Keys of one function; its file is made when it is first asked for. */
  ofFunction(name: string): readonly Key[];
};

const problem = (file: string, detail: string): HostFailure =>
  new HostFailure(`The key file ${file} ${detail}. Correct it, or delete it to get new keys.`);

const keyOf = (value: unknown, file: string): Key => {
  if (typeof value !== "object" || value === null || !("name" in value) || !("value" in value))
    throw problem(file, "holds a key without name or value");
  if ("encrypted" in value && value.encrypted === true) throw problem(file, "holds an encrypted key");
  if (typeof value.name !== "string" || typeof value.value !== "string" || value.value === "")
    throw problem(file, "holds a key whose name or value is not a text");
  return { name: value.name, value: value.value, encrypted: false };
};

const keysOf = (value: unknown, file: string): readonly Key[] => {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw problem(file, "has something else where a list of keys belongs");
  return value.map((key) => keyOf(key, file));
};

/** Writes a key file whole or not at all, readable by its owner only. */
const write = (file: string, keys: object): void => {
  const about = { hostName: hostname(), instanceId: "", source: "runtime", decryptionKeyId: "" };
  try {
    writeFileSync(`${file}.new`, `${JSON.stringify({ ...keys, ...about }, null, 2)}\n`, { mode: 0o600, flush: true });
    renameSync(`${file}.new`, file);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const reason =
      code === "ENOSPC" ? "the disk is full; free some space" : `${String(error)}; check who may write there`;
    throw new HostFailure(`The key file ${file} cannot be written: ${reason}.`, { cause: error });
  }
};

/** Closes a file that others may read: keys, copied from elsewhere, come with any mode. */
const closeToOthers = (file: string): void => {
  if ((statSync(file).mode & 0o077) === 0) return;
  try {
    chmodSync(file, 0o600);
  } catch (error) {
    throw new HostFailure(
      `The key file ${file} is open to other users and cannot be closed: ${String(error)}. Check who owns it.`,
      { cause: error },
    );
  }
};

const read = (file: string): Record<string, unknown> | undefined => {
  const found = readJsonFile(file);
  if (found && process.platform !== "win32") closeToOthers(file);
  return found;
};

const hostKeys = (file: string, newKey: (name: string) => Key): HostKeys => {
  const found = read(file);
  if (found)
    return {
      masterKey: keyOf(found["masterKey"], file),
      functionKeys: keysOf(found["functionKeys"], file),
      systemKeys: keysOf(found["systemKeys"], file),
    };
  const keys = {
    masterKey: newKey("master"),
    functionKeys: [newKey("default")],
    systemKeys: [newKey("durabletask_extension")],
  };
  write(file, keys);
  return keys;
};

/** Opens a folder of key files in the layout of the Functions host: `host.json`, and one file per function. */
export const openKeyFiles = (folder: string, newKey: (name: string) => Key): KeyFiles => {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new HostFailure(`The folder ${folder} cannot be made: ${String(error)}. Check who may write there.`, {
      cause: error,
    });
  }
  const cached = new Map<string, readonly Key[]>();
  const ofFunction = (name: string): readonly Key[] => {
    const known = cached.get(name);
    if (known) return known;
    const file = join(folder, `${name.toLowerCase()}.json`);
    const found = read(file);
    const keys = found ? keysOf(found["keys"], file) : [newKey("default")];
    if (!found) write(file, { keys });
    cached.set(name, keys);
    return keys;
  };
  return { host: hostKeys(join(folder, "host.json"), newKey), ofFunction };
};
