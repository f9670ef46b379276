import { closeSync, lstatSync, mkdirSync, openSync, readdirSync, rmSync } from "node:fs";
import { randomUUID } from "node:crypto";
import type { BytePath } from "../../../domain/byte-path.ts";
import { errorCode } from "../../../domain/error-code.ts";
import { setTime } from "../set-metadata.ts";
import { bytes, insideArea, isThere, type Area } from "./area.ts";
import { inRoot, nameOf, parentOf, PlaceFinder, readable } from "./places.ts";

const mostTold = 20;

/** Sentences on those names of one folder each that the site's file system takes for one. */
export const nameClashes = (areas: readonly Area[], twins: Iterable<readonly BytePath[]>): readonly string[] => {
  const told: string[] = [];
  const finder = new PlaceFinder(areas, "forward");
  try {
    for (const group of twins) {
      for (const [one, other] of clashesIn(group, areas, finder))
        told.push(
          `${shown(one)} and ${shown(other)} cannot both be in the site: its file system takes their names for one.`,
        );
      if (told.length >= mostTold) break;
    }
  } finally {
    finder.close();
  }
  return told;
};

type Clash = readonly [BytePath, BytePath];

const clashesIn = (group: readonly BytePath[], areas: readonly Area[], finder: PlaceFinder): readonly Clash[] => {
  const [first] = group;
  if (first === undefined) return [];
  const folder = finder.live(parentOf(first));
  const present = new Set(folder === undefined || !isThere(folder) ? [] : readdirSync(bytes(folder), "latin1"));
  const there = group.find((path) => present.has(nameOf(path)));
  const added = group.filter((path) => !present.has(nameOf(path)));
  const taken = added.flatMap((path) =>
    there !== undefined && isThere(`${folder}/${nameOf(path)}`) ? [[there, path] as const] : [],
  );
  const free = added.filter((path) => !taken.some(([, one]) => one === path));
  return free.length > 1 ? [...taken, ...clashesWhenMade(free, inRoot(areas, first).area)] : taken;
};

/**
 * By making files of these names, for a moment, in a folder of ours in the site's own: elsewhere other rules may hold. What
 * a death leaves of it is found, and forgotten, as the area of a run that never began.
 */
const clashesWhenMade = (group: readonly BytePath[], { root }: Area): readonly Clash[] => {
  const within = insideArea(root, `names-${randomUUID()}`);
  const { mtimeNs } = lstatSync(bytes(root.real || "/"), { bigint: true });
  let isMade = false;
  try {
    mkdirSync(bytes(within), { mode: 0o700 });
    isMade = true;
    const made: BytePath[] = [];
    return group.flatMap((path) => {
      const isNew = makeFile(`${within}/${nameOf(path)}`);
      if (isNew) made.push(path);
      return isNew || made[0] === undefined ? [] : [[made[0], path] as const];
    });
  } catch (error) {
    // A disk that is full or closed to us, or a name that cannot be at all: whatever is staged meets it, too, and tells it.
    if (errorCode(error) === undefined) throw error;
    return [];
  } finally {
    if (isMade) {
      rmSync(bytes(within), { recursive: true });
      setTime(root.real, mtimeNs);
    }
  }
};

/** False when the name is taken. */
const makeFile = (file: string): boolean => {
  try {
    closeSync(openSync(bytes(file), "wx", 0o600));
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  }
};

const shown = (path: BytePath): string => JSON.stringify(readable(path));
