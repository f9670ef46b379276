import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { makePrivateFile, readPrivateFile } from "./private-file.ts";

/** The name of the workflows that this data folder holds: made once, and of the form the host asks of a hub. */
export const ownHub = async (dataFolder: string): Promise<string> => {
  const file = join(dataFolder, "hub");
  const made = `own${randomUUID().replaceAll("-", "")}\n`;
  return ((await readPrivateFile(file)) ?? (await makePrivateFile(file, made))).trim();
};
