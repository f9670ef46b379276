import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseServiceFile, serviceFileName, type ServiceFile } from "../../domain/service-file.ts";
import { replacePrivateFile } from "../machine/private-file.ts";

/**
 * Tells where this service answers, in the data folder. Answers what takes it back: for an orderly end, and
 * only while the file is still this service's own.
 */
export const announceService = async (dataFolder: string, service: ServiceFile): Promise<() => void> => {
  const file = join(dataFolder, serviceFileName);
  await replacePrivateFile(file, `${JSON.stringify(service)}\n`);
  return () => {
    if (readAnnounced(file)?.pid === service.pid) rmSync(file, { force: true });
  };
};

const readAnnounced = (file: string): ServiceFile | undefined => {
  try {
    return parseServiceFile(readFileSync(file, "utf8"));
  } catch {
    // Gone already: nothing to take back.
    return undefined;
  }
};
