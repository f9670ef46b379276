import { readFileSync } from "node:fs";

/**
 * Where something is mounted, also folders and files of the same file system (bind mounts), which no device number tells
 * apart and across whose borders nothing is renamed or linked. Real paths in latin1; none where there is no /proc.
 */
export const mountPoints = (): readonly string[] => {
  let table: string;
  try {
    table = readFileSync("/proc/self/mountinfo", "latin1");
  } catch {
    return [];
  }
  return table.split("\n").flatMap((line) => line.split(" ")[4]?.replace(/\\([0-7]{3})/g, unescaped) ?? []);
};

const unescaped = (_: string, octal: string): string => String.fromCharCode(parseInt(octal, 8));
