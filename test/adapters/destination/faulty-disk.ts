import type { FileHandle } from "node:fs/promises";
import { realDisk, type Disk } from "../../../src/adapters/destination/disk.ts";

/** Decides about one operation of the disk: lets it happen, or has it fail before or after it took effect. */
export type Fault = (operation: { readonly index: number; readonly name: string }) => {
  readonly before?: Error;
  readonly after?: Error;
};

export const diskError = (code: string): Error => Object.assign(new Error(`${code}: injected`), { code });

type Work = (...args: unknown[]) => unknown;

export interface FaultyDisk {
  readonly disk: Disk;
  readonly operations: () => number;
  /** As the system does for a process that ended. */
  readonly closeAll: () => Promise<void>;
}

/** The real disk, with a fault between any two of its operations; those of open files count too. */
export const faultyDisk = (fault: Fault): FaultyDisk => {
  let index = 0;
  const opened = new Set<FileHandle>();
  const around =
    (name: string, work: Work) =>
    async (...args: unknown[]): Promise<unknown> => {
      const { before, after } = fault({ index: ++index, name });
      if (before && name !== "handle.close") throw before;
      const result = await work(...args);
      if (name === "open") opened.add(result as FileHandle); // as `open` answers
      const late = before ?? after;
      if (late) throw late;
      return name === "open" ? wrapped("handle.", result as FileHandle) : result; // as above
    };
  const wrapped = <T extends object>(prefix: string, target: T): T =>
    new Proxy(target, {
      get: (_, key) => {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== "function" || typeof key !== "string") return value;
        // Any function of the disk may be called with whatever it is called with.
        return around(prefix + key, (value as Work).bind(target));
      },
    });
  const closeAll = async (): Promise<void> => {
    await Promise.all([...opened].map((handle) => handle.close().catch(() => undefined)));
  };
  return { disk: wrapped("", { ...realDisk }), operations: () => index, closeAll };
};

/** From operation `at` on nothing works any more, as after a crash; `late`: that one still took effect. */
export const crashAt =
  (at: number, late: boolean): Fault =>
  ({ index }) => {
    const error = diskError("ECRASH");
    if (index < at) return {};
    return index === at && late ? { after: error } : { before: error };
  };

/** Operation `at` fails with `code`, and only that one. */
export const failOnce =
  (at: number, code: string): Fault =>
  ({ index }) =>
    index === at ? { before: diskError(code) } : {};

/** Every operation of this name fails. */
export const always =
  (operation: string, code: string): Fault =>
  ({ name }) =>
    name === operation ? { before: diskError(code) } : {};
