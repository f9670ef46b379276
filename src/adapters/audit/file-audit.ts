import { appendFile, open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { unlessCode } from "../../domain/error-code.ts";
import type { Audit, AuditEntry } from "../../ports/audit.ts";

interface Limits {
  readonly fileBytes: number;
  /** Older files beside the one that is written. */
  readonly kept: number;
}

/**
 * `audit.log` in a folder: a line of JSON for each entry, readable by its owner only. A full file becomes `audit.1.log`, that
 * one `audit.2.log`, and so on; the oldest goes. One process writes it.
 */
export const fileAudit = (folder: string, limits: Limits = { fileBytes: 10 * 1024 * 1024, kept: 9 }): Audit => {
  const name = (age: number): string => join(folder, age === 0 ? "audit.log" : `audit.${age}.log`);
  let turn: Promise<void> = Promise.resolve();

  const makeRoom = async (): Promise<void> => {
    await rm(name(limits.kept), { force: true });
    for (let age = limits.kept - 1; age >= 0; age--) await rename(name(age), name(age + 1)).catch(unlessMissing);
  };

  const append = async (entry: AuditEntry): Promise<void> => {
    const line = `${JSON.stringify(entry)}\n`;
    const { size, isCut } = await endOf(name(0));
    if (size > 0 && size + line.length > limits.fileBytes) await makeRoom();
    // A disk that was full, or a crash, may have left half a line: it must not take this one with it.
    await appendFile(name(0), isCut ? `\n${line}` : line, { mode: 0o600 });
  };

  return {
    async record(entry, log) {
      const mine = turn.then(() => append(entry));
      turn = mine.catch(() => undefined);
      await mine.catch((error: unknown) => log.error("audit entry not kept", { ...entry, error }));
    },
  };
};

const unlessMissing = unlessCode("ENOENT");

/** How long the file is, and whether it ends within a line. */
const endOf = async (file: string): Promise<{ readonly size: number; readonly isCut: boolean }> => {
  const size = (await stat(file).catch(unlessMissing))?.size ?? 0;
  if (size === 0) return { size, isCut: false };
  const handle = await open(file, "r");
  try {
    const { buffer } = await handle.read({ buffer: Buffer.alloc(1), position: size - 1 });
    return { size, isCut: buffer[0] !== 0x0a };
  } finally {
    await handle.close();
  }
};
