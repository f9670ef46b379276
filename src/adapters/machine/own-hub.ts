import { randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorCode } from "../../domain/error-code.ts";

/** The name of the workflows that this data folder holds: made once, and of the form the host asks of a hub. */
export const ownHub = (dataFolder: string): string => {
  const file = join(dataFolder, "hub");
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
  const hub = `own${randomUUID().replaceAll("-", "")}`;
  writeFileSync(file, `${hub}\n`, { flag: "wx" });
  return hub;
};
