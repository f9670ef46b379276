import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Where tools are looked for: in the folders given first, then along PATH. Undefined: it is not on this machine. */
export type FindTool = (name: string) => string | undefined;

export const findToolIn =
  (folders: readonly string[]): FindTool =>
  (name) => {
    const file = process.platform === "win32" ? `${name}.exe` : name;
    const path = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
    return [...folders, ...path].map((folder) => join(folder, file)).find(isProgram);
  };

const isProgram = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
};
