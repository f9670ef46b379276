import { pathText, type BytePath } from "../../domain/byte-path.ts";
import { findEntry } from "../directory/browse.ts";
import type { DirectoryColumns } from "../directory/directory-columns.ts";
import type { DirectoryEntry, OwnerNames } from "../records/directory-entry.ts";
import { wholeSeconds } from "../records/extra-fields.ts";
import { nameFlag } from "../records/zip-name.ts";

/** A tar entry as archiver takes it; it hands on what it does not know. */
export interface TarEntry {
  readonly name: string;
  readonly type: "file" | "directory" | "symlink";
  readonly mode: number;
  readonly date: Date;
  readonly uid: number;
  readonly gid: number;
  readonly linkname?: string;
  /** Records of an extended header, which say exactly what the plain one rounds, cuts or cannot hold. */
  readonly pax: Readonly<Record<string, string>>;
}

const second = 1_000_000_000n;
const lastPlainSecond = 0x7fff_ffff;
/** Six octal digits. */
const lastPlainId = 0o777777;

/** Archiver takes a mode of 0 for none, and gives 0644: the sticky bit means nothing on a file, and opens nothing. */
const noPermission = 0o1000;

/** What stands in the tar besides content: `name` and `target` are text (`tarText`). */
export const tarEntry = (
  entry: DirectoryEntry,
  { name, target, owners }: { readonly name: string; readonly target?: string; readonly owners: OwnerNames },
): TarEntry => {
  const { uid = 0, gid = 0 } = entry;
  const user = owners.users.get(uid);
  const group = owners.groups.get(gid);
  return {
    // Archiver takes a backslash for a separator and what is before a colon for a drive: a file's name becomes a
    // folder's, which ends the process when it has content, or none. The true name follows.
    name: name.replace(/[\\:]/g, "_"),
    type: entry.kind === "directory" ? "directory" : entry.kind === "link" ? "symlink" : "file",
    mode: (entry.mode ?? (entry.kind === "directory" ? 0o755 : 0o644)) || noPermission,
    date: new Date(1000 * Math.min(Math.max(wholeSeconds(entry.mtimeNs), 0), lastPlainSecond)),
    uid: Math.min(uid, lastPlainId),
    gid: Math.min(gid, lastPlainId),
    ...(target === undefined ? {} : { linkname: target }),
    pax: {
      // The last record of a kind counts.
      path: name,
      mtime: paxTime(entry.mtimeNs),
      ...(uid > lastPlainId ? { uid: String(uid) } : {}),
      ...(gid > lastPlainId ? { gid: String(gid) } : {}),
      ...(user === undefined ? {} : { uname: user }),
      ...(group === undefined ? {} : { gname: group }),
    },
  };
};

const paxTime = (ns: bigint): string => {
  const size = ns < 0n ? -ns : ns;
  const fraction = (size % second).toString().padStart(9, "0").replace(/0+$/, "");
  return `${ns < 0n ? "-" : ""}${size / second}${fraction === "" ? "" : `.${fraction}`}`;
};

// oxlint-disable-next-line no-control-regex -- ASCII is what is meant
const isText = (name: BytePath): boolean => /^[\0-\x7f]*$/.test(name) || nameFlag(name) !== 0;

/** A name as text; archiver writes nothing else, so bytes that are no UTF-8 become %XX, and with them every "%". */
export const tarText = (name: BytePath): string =>
  isText(name)
    ? pathText(name)
    : name.replace(/[%\x80-\xff]/g, (one) => `%${Buffer.from(one, "latin1").toString("hex").toUpperCase()}`);

export interface Renamed {
  readonly from: BytePath;
  readonly to: string;
}

/** The names of a selection that are not text, and what they are called in a tar instead: like nothing else there. */
export const renamedInTar = (directory: DirectoryColumns, places: Iterable<number>): readonly Renamed[] => {
  const renamed: Renamed[] = [];
  for (const place of places) {
    const from = directory.name(place);
    if (isText(from)) continue;
    let to = tarText(from);
    // The cast is safe: ASCII is a byte path.
    while (findEntry(directory, to as BytePath) !== undefined) to = to.replace(/[^/]*\/?$/, "_$&");
    renamed.push({ from, to });
  }
  return renamed;
};
