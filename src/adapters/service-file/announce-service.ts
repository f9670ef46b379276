import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseServiceFile, serviceFileName, type ServiceFile } from "../../domain/service-file.ts";

/**
 * Tells where this service answers, in the data folder, mode 0600. Answers what takes it back: for an orderly end, and
 * only while the file is still this service's own.
 */
export const announceService = (dataFolder: string, service: ServiceFile): (() => void) => {
  const file = join(dataFolder, serviceFileName);
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(service)}\n`, { mode: 0o600 });
  chmodSync(temporary, 0o600);
  renameSync(temporary, file);
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
