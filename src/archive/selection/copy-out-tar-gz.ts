import { Readable } from "node:stream";
import { TarArchive, type EntryData } from "archiver";
import { checkCopyable } from "../read/copy-check.ts";
import { renamedInTar, tarEntry, tarText, type Renamed, type TarEntry } from "./copy-tar-entry.ts";
import { extractMany } from "../read/extract-many.ts";
import type { ExtractOptions } from "../read/extract-segments.ts";
import type { Archive } from "../read/open-archive.ts";
import { targetOf } from "../read/read-entry.ts";

interface CopiedTarGz {
  /** Names that are not UTF-8, which archiver cannot write, and what they are called instead. */
  readonly renamed: readonly Renamed[];
  /** To be read once. An error in it means that the tar is worth nothing. */
  readonly content: AsyncIterable<Uint8Array>;
}

/**
 * Entries of an archive as a tar.gz: about in the order of their data, folders last, with every size, checksum and hash
 * checked. Links keep their targets. Reading stops when the consumer does.
 *
 * `places` as `selectEntries` gives them. Throws ArchiveInvalid at once for entries that are not read at all.
 */
export const copyOutTarGz = (archive: Archive, places: Uint32Array, options: ExtractOptions): CopiedTarGz => {
  for (const place of places) checkCopyable(archive.directory.at(place));
  const renamed = renamedInTar(archive.directory, places);
  return { renamed, content: tarBytes(archive, places, { ...options, renamed }) };
};

type TarOptions = ExtractOptions & { readonly renamed: readonly Renamed[] };

async function* tarBytes(archive: Archive, places: Uint32Array, options: TarOptions): AsyncGenerator<Uint8Array> {
  const tar = new TarArchive({ gzip: true });
  const filling = fill(tar, archive, { places, ...options }).catch((error: unknown) => {
    tar.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  try {
    // A stream without encoding gives Buffers.
    for await (const piece of tar) yield piece as Uint8Array;
  } finally {
    tar.on("error", () => undefined);
    tar.destroy();
    await filling;
  }
}

type Stats = NonNullable<EntryData["stats"]>;

/** What is held at once, beside what is read ahead. */
const heldBytes = 8 * 2 ** 20;

const fill = async (
  tar: TarArchive,
  archive: Archive,
  { places, renamed, ...options }: TarOptions & { readonly places: Uint32Array },
): Promise<void> => {
  const { directory } = archive;
  const names = new Map(renamed.map(({ from, to }) => [from, to]));
  const described = (place: number, target?: string): TarEntry => {
    const entry = directory.at(place);
    const name = names.get(entry.name) ?? tarText(entry.name);
    return tarEntry(entry, { name, owners: directory.owners, ...(target === undefined ? {} : { target }) });
  };
  const isFolder = (place: number): boolean => directory.at(place).kind === "directory";
  const put = async (place: number, content: AsyncIterable<Uint8Array>): Promise<void> => {
    const { name, kind, sizeBytes } = directory.at(place);
    if (kind === "file" && sizeBytes > heldBytes) return appendStream(tar, content, { ...described(place), sizeBytes });
    const bytes = await joined(content);
    if (kind === "link") return append(tar, Buffer.alloc(0), described(place, tarText(targetOf(name, bytes))));
    return append(tar, bytes, described(place));
  };
  const others = places.filter((place) => !isFolder(place));
  await extractMany(archive, others, { ...options, sink: { put: oneByOne(put) } });
  // Deepest first and behind what is in them: nothing touches a folder any more once it has its mode and time.
  for (const place of places.filter(isFolder).reverse()) await append(tar, Buffer.alloc(0), described(place));
  // Not waited for: a tar that nobody reads to its end never ends.
  tar.finalize().catch((error: Error) => tar.destroy(error));
};

/** Contents come side by side; a tar takes one after another. */
const oneByOne = <Rest extends readonly unknown[]>(work: (...rest: Rest) => Promise<void>) => {
  let before = Promise.resolve();
  return (...rest: Rest): Promise<void> => {
    const done = before.then(() => work(...rest));
    // Whoever asked for it hears of its failure; the next one fails by itself, as the tar is gone by then.
    before = done.catch(() => undefined);
    return done;
  };
};

const append = (tar: TarArchive, content: Buffer | Readable, entry: TarEntry & { readonly stats?: Stats }) =>
  new Promise<void>((resolve, reject) => {
    const gone = (): void => {
      tar.off("entry", done);
      reject(new Error("The tar was closed before its end."));
    };
    const done = (): void => {
      tar.off("close", gone);
      resolve();
    };
    if (tar.destroyed) return gone();
    tar.once("entry", done);
    tar.once("close", gone);
    tar.append(content, entry);
  });

const appendStream = async (
  tar: TarArchive,
  content: AsyncIterable<Uint8Array>,
  { sizeBytes, ...entry }: TarEntry & { readonly sizeBytes: number },
): Promise<void> => {
  const stream = Readable.from(content, { objectMode: false });
  stream.on("error", (error) => tar.destroy(error));
  // Without these archiver collects a stream in memory to learn its length; nothing else of them is looked at.
  const stats: Stats = Object.create(null, { size: { value: sizeBytes } });
  try {
    await append(tar, stream, { ...entry, stats });
  } finally {
    stream.destroy();
  }
};

const joined = async (content: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const parts: Uint8Array[] = [];
  for await (const part of content) parts.push(part);
  return Buffer.concat(parts);
};
