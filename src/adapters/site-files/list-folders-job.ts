import { errorCode } from "../../domain/error-code.ts";
import type { BytePath } from "../../domain/byte-path.ts";
import type { LeftOut, ListedEntry } from "../../domain/listing.ts";
import type { ListFoldersJob, ListFoldersResult } from "../../ports/folder-lister.ts";
import { entryReader } from "./entry-reader.ts";
import { EntryRowsBuilder } from "./entry-rows.ts";
import { reasonOf } from "./file-reasons.ts";
import { listFolder } from "./list-root.ts";
import { skipperOf } from "./skipped-paths.ts";

/** What a thread does: folder after folder, and what is in them, until there are enough entries. */
export const listFolders = ({ root, others, folders, most }: ListFoldersJob): ListFoldersResult => {
  const rows = new EntryRowsBuilder();
  let unsorted: ListedEntry[] = [];
  /** Long runs in the order in which whoever asks sorts all of them cost him less. */
  const sortInto = (): void => {
    for (const { entry } of unsorted.map(named).sort(byName)) rows.add(entry);
    unsorted = [];
  };
  const leftOut: LeftOut[] = [];
  const pending: BytePath[] = [...folders];
  // Owners are named by the thread that asks: it has the lists of users and groups.
  const entryOf = entryReader({ user: () => undefined, group: () => undefined });
  const listing = {
    entryOf,
    skips: skipperOf(root, others),
    add: (entry: ListedEntry): void => {
      if (unsorted.push(entry) >= sortedAtOnce) sortInto();
    },
    leaveOut: (left: LeftOut) => void leftOut.push(left),
    found: (path: BytePath) => void pending.push(path),
  };
  try {
    while (rows.length + unsorted.length + leftOut.length < most) {
      const folder = pending.pop();
      if (folder === undefined) break;
      for (const _ of listFolder(root, folder, listing));
    }
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return { rows: rows.finish(), leftOut, pending: [], failure: reasonOf(error) };
  }
  sortInto();
  return { rows: rows.finish(), leftOut, pending };
};

const sortedAtOnce = 4_096;

/** With the name that it has in an archive, where folders end with a slash; all characters are bytes. */
const named = (entry: ListedEntry) => ({ entry, name: entry.kind === "directory" ? `${entry.path}/` : entry.path });

const byName = (one: { readonly name: string }, other: { readonly name: string }): number =>
  one.name < other.name ? -1 : one.name > other.name ? 1 : 0;
