import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

/**
 * Makes names below a folder one whatever their letter case, as exFAT, NTFS and network drives of Windows have them: what is
 * there is found under any spelling and keeps its own, also when something is renamed onto it. Answers what ends it.
 */
export const foldNamesBelow = (folder: string): (() => void) => {
  const { existsSync, readdirSync, readlinkSync } = fs;

  /** One name of a folder as it is spelled there. */
  const spelled = (parent: string, name: string): string => {
    if (!existsSync(parent)) return name;
    const names = readdirSync(Buffer.from(parent, "latin1"), "latin1");
    return names.includes(name) ? name : (names.find((one) => one.toLowerCase() === name.toLowerCase()) ?? name);
  };

  const real = (path: unknown): unknown => {
    if (typeof path !== "string" && !Buffer.isBuffer(path)) return path;
    const text = typeof path === "string" ? path : path.toString("latin1");
    const held = /^\/proc\/self\/fd\/\d+(?=\/)/.exec(text)?.[0];
    const start = held === undefined ? "" : readlinkSync(held, "latin1");
    const whole = held === undefined ? text : `${start}${text.slice(held.length)}`;
    if (!whole.startsWith(`${folder}/`)) return path;
    let at = folder;
    for (const name of whole.slice(folder.length + 1).split("/")) at = `${at}/${spelled(at, name)}`;
    // What is reached through a descriptor stays reached through it.
    const found = held === undefined ? at : `${held}${at.slice(start.length)}`;
    return typeof path === "string" ? found : Buffer.from(found, "latin1");
  };

  const calls = {
    lstatSync: 1,
    statSync: 1,
    openSync: 1,
    mkdirSync: 1,
    rmdirSync: 1,
    unlinkSync: 1,
    readdirSync: 1,
    renameSync: 2,
    linkSync: 2,
  };
  const before = Object.entries(calls).map(([name, paths]) => {
    // Safe: all of them are functions.
    const call = Reflect.get(fs, name) as (...given: readonly unknown[]) => unknown;
    Reflect.set(fs, name, (...given: readonly unknown[]) =>
      call.apply(
        fs,
        given.map((one, at) => (at < paths ? real(one) : one)),
      ),
    );
    return { name, call };
  });
  syncBuiltinESMExports();
  return () => {
    for (const { name, call } of before) Reflect.set(fs, name, call);
    syncBuiltinESMExports();
  };
};
