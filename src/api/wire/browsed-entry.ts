import { pathText, type BytePath } from "../../domain/byte-path.ts";
import type { BrowsedEntry } from "../../operations/archives/browse-backup.ts";

/** Own extension: one thing in a folder of a backup. `url` says its path byte by byte, `path` as text for people. */
export const browsedEntry = ({ path, kind, entry }: BrowsedEntry, url: string) => ({
  name: pathText(lastSegment(path)),
  path: pathText(path),
  kind,
  sizeBytes: kind === "file" ? (entry?.sizeBytes ?? 0) : null,
  storedBytes: kind === "file" ? (entry?.storedBytes ?? 0) : null,
  modified: entry === undefined ? null : new Date(Number(entry.mtimeNs / 1_000_000n)).toISOString(),
  mode: entry?.mode === undefined ? null : entry.mode.toString(8).padStart(4, "0"),
  contentHash: entry?.hash === undefined ? null : Buffer.from(entry.hash).toString("hex"),
  changedWhileRead: entry?.changedWhileRead ?? false,
  url,
});

// The cast is safe: a part of a byte path.
export const lastSegment = (path: BytePath): BytePath => path.slice(path.lastIndexOf("/") + 1) as BytePath;
