import { type BigIntStats, readlinkSync } from "node:fs";
import type { BytePath } from "../../domain/byte-path.ts";
import type { ListedEntry } from "../../domain/listing.ts";
import { accountNames, type AccountNames } from "./account-names.ts";
import { isSteady } from "./steady-file-systems.ts";

/**
 * Makes the entry of something that lies at `file` (latin1, reachable now). Undefined for what is neither file, folder
 * nor link. Throws when a link's target cannot be read.
 */
export type EntryReader = (path: BytePath, stat: BigIntStats, file: string) => ListedEntry | undefined;

/** In the year 2262. What lies behind it does not fit 64 bits: it would come back from a backup as long ago. */
const latestNs = 2n ** 63n - 1n;

type Building = { -readonly [Key in keyof ListedEntry]: ListedEntry[Key] };

const kindOf = (stat: BigIntStats): ListedEntry["kind"] | undefined =>
  stat.isFile() ? "file" : stat.isDirectory() ? "directory" : stat.isSymbolicLink() ? "link" : undefined;

/** Asks once for each device whether its ctime and inode prove anything: other drives may be mounted inside a site. */
const steadiness = (): ((stat: BigIntStats, file: string) => boolean) => {
  const known = new Map<bigint, boolean>();
  return (stat, file) => {
    const answer = known.get(stat.dev);
    if (answer !== undefined) return answer;
    // The question follows links, so for a link its folder is asked, which is on the same device.
    const asked = stat.isSymbolicLink() ? file.slice(0, file.lastIndexOf("/")) : file;
    const steady = isSteady(Buffer.from(asked, "latin1"));
    known.set(stat.dev, steady);
    return steady;
  };
};

/** Who owns what is told by this machine's lists of users and groups as they are now, unless other names are given. */
export const entryReader = (names: Pick<AccountNames, "user" | "group"> = accountNames()): EntryReader => {
  const isSteadyDevice = steadiness();
  return (path, stat, file) => {
    const kind = kindOf(stat);
    if (kind === undefined) return undefined;
    const entry: Building = {
      path,
      kind,
      sizeBytes: kind === "file" ? Number(stat.size) : 0,
      mode: Number(stat.mode) & 0o7777,
      uid: Number(stat.uid),
      gid: Number(stat.gid),
      mtimeNs: stat.mtimeNs < latestNs ? stat.mtimeNs : latestNs,
    };
    const owner = names.user(entry.uid);
    const group = names.group(entry.gid);
    if (owner !== undefined) entry.owner = owner;
    if (group !== undefined) entry.group = group;
    if (isSteadyDevice(stat, file)) {
      entry.ctimeNs = stat.ctimeNs;
      entry.inode = stat.ino;
    }
    if (kind === "file" && stat.nlink > 1n) entry.isShared = true;
    // The cast is safe: latin1 decoding yields one character below 256 a byte.
    if (kind === "link") entry.target = readlinkSync(Buffer.from(file, "latin1"), "latin1") as BytePath;
    return entry;
  };
};
