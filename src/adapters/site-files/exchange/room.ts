import { accessSync, constants, statfsSync, statSync } from "node:fs";
import type { BytePath } from "../../../domain/byte-path.ts";
import { showBytes } from "../../../domain/show-bytes.ts";
import type { ExchangeNeed } from "../../../ports/site-host.ts";
import type { ResolvedRoot } from "../list-root.ts";
import { holdDirectory, type HeldDirectory } from "../beneath.ts";
import { reasonOf, saysGone } from "../file-reasons.ts";
import { mountPoints } from "../mount-points.ts";
import { bytes, type Area } from "./area.ts";
import { inRoot, parentOf, readable, type Located } from "./places.ts";

/** Small files take whole blocks, whatever the file system says of itself. */
const blockBytes = 4_096;

interface Room {
  readonly directory: string;
  bytes: number;
  files: number;
}

/** What stands against an exchange: room on each of the file systems, borders between them, folders closed to us, names. */
export const exchangeProblems = (areas: readonly Area[], need: ExchangeNeed): readonly string[] => [
  ...roomProblems(areas, need),
  ...borderProblems(areas, need.changed),
];

const roomProblems = (areas: readonly Area[], need: ExchangeNeed): readonly string[] => {
  const rooms = new Map<number, Room>();
  const roomOf = new Map<ResolvedRoot, Room>();
  for (const { root } of areas) {
    const directory = root.real || "/";
    const device = statSync(bytes(directory)).dev;
    const room = rooms.get(device) ?? { directory, bytes: 0, files: 0 };
    rooms.set(device, room);
    roomOf.set(root, room);
  }
  for (const { path, sizeBytes } of need.staged) {
    const room = roomOf.get(inRoot(areas, path).area.root);
    if (room === undefined) continue;
    room.bytes += Math.ceil(sizeBytes / blockBytes + 1) * blockBytes;
    room.files++;
  }
  return [...rooms.values()].flatMap(shortage);
};

const shortage = (room: Room): readonly string[] => {
  const { bavail, bsize, files, ffree } = statfsSync(bytes(room.directory));
  // For folders, the journal and the file system's own use.
  const needed = Math.ceil(room.bytes * 1.05) + 2 ** 20;
  const where = `The disk of ${readable(room.directory)}`;
  if (bavail * bsize < needed)
    return [
      `${where} has ${showBytes(bavail * bsize)} free, and the restore needs ${showBytes(needed)} to stage what changes. Free some space, or restore fewer paths.`,
    ];
  // File systems that make inodes as they need them say they have none.
  if (files > 0 && ffree < room.files)
    return [`${where} has room for ${ffree} more files, and the restore needs ${room.files}. Remove some.`];
  return [];
};

/** Another drive, or part of this one, mounted inside the site: nothing can be renamed across its border. */
const borderProblems = (areas: readonly Area[], changed: Iterable<BytePath>): readonly string[] => {
  const seen = new Set<string>();
  const problems: string[] = [];
  const mounts = mountPoints().filter((at) => areas.some(({ root }) => at.startsWith(`${root.real}/`)));
  for (const path of changed) {
    const located = inRoot(areas, path);
    problems.push(...nameProblems(located));
    const { root } = located.area;
    if (mounts.includes(`${root.real}/${located.rest}`)) problems.push(...mountedFile(located));
    const folder = parentOf(located.rest);
    const key = `${root.real}/${folder}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const problem = folderProblem(root, folder, mounts);
    if (problem !== undefined) problems.push(problem);
  }
  return problems.slice(0, 20);
};

const longestName = 255;

const nameProblems = ({ rest }: Located): readonly string[] =>
  rest.length > longestName && rest.split("/").some((segment) => segment.length > longestName)
    ? [`${readable(rest)}: a name of more than ${longestName} bytes cannot be stored here.`]
    : [];

/** A file that is mounted can be neither replaced nor removed; a folder stays, and is told when it comes to that. */
const mountedFile = ({ area, rest }: Located): readonly string[] => {
  const file = `${area.root.real}/${rest}`;
  if (statSync(bytes(file), { throwIfNoEntry: false })?.isDirectory() !== false) return [];
  return [`${readable(file)} is mounted by itself, and cannot be exchanged. Unmount it, or restore other paths.`];
};

/** A folder that is not there, or a link in its place: one made by the exchange will be. */
const folderProblem = (root: ResolvedRoot, folder: string, mounts: readonly string[]): string | undefined => {
  let held: HeldDirectory;
  try {
    held = holdDirectory(root.real, folder, "reach");
  } catch (error) {
    if (saysGone(error)) return undefined;
    throw error;
  }
  const whole = folder === "" ? root.real : `${root.real}/${folder}`;
  const name = readable(whole);
  const itself =
    "Mount it elsewhere, put a link here, and name it as a directory of its own in the site's file; or restore other paths.";
  try {
    if (statSync(bytes(`${held.prefix}/.`)).dev !== statSync(bytes(root.real || "/")).dev)
      return `${name} is on another file system than the site. ${itself}`;
    accessSync(bytes(`${held.prefix}/.`), constants.W_OK | constants.X_OK);
    const mount = mounts.find((at) => at.startsWith(`${root.real}/`) && `${whole}/`.startsWith(`${at}/`));
    return mount === undefined ? undefined : `${readable(mount)} is mounted by itself. ${itself}`;
  } catch (error) {
    return `${name} may not be changed by the service. ${reasonOf(error)} Give it the right to, or restore other paths.`;
  } finally {
    held.close();
  }
};
