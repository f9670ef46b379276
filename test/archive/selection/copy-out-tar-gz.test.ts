import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { memoryDestination } from "../../support/memory-destination.ts";
import { MemorySite } from "../../support/memory-site.ts";
import type { ByteSource } from "../../../src/archive/read/byte-source.ts";
import { copyOutTarGz } from "../../../src/archive/selection/copy-out-tar-gz.ts";
import { openArchive } from "../../../src/archive/read/open-archive.ts";
import { pathFromText, type BytePath } from "../../../src/domain/byte-path.ts";
import { lines, noise } from "../../support/contents.ts";
import { packArchive, readWhole } from "../../support/pack-archive.ts";
import { rawZip } from "../../support/raw-zip.ts";
import { memorySource } from "../../support/memory-source.ts";
import { inlineRunner } from "../../support/inline-runners.ts";

// What unpackers make of it is in test/interop/copy-out.test.ts.
const path = pathFromText;
const MiB = 2 ** 20;

const packedBytes = async (fill: (site: MemorySite) => void): Promise<Buffer> => {
  const site = new MemorySite();
  fill(site);
  const destination = memoryDestination();
  await packArchive({ site, destination });
  return readWhole(destination);
};

const everything = async (source: ByteSource, signal?: AbortSignal) => {
  const archive = await openArchive(source);
  const places = Uint32Array.from({ length: archive.directory.length }, (_, place) => place);
  return copyOutTarGz(archive, places, { runner: inlineRunner, signal });
};

const joined = async (content: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const parts: Uint8Array[] = [];
  for await (const part of content) parts.push(part);
  return Buffer.concat(parts);
};

const mixed = packedBytes((site) => {
  for (let number = 0; number < 50; number++) site.writeFile(path(`small/${number}`), noise(1_000, number + 1));
  site.writeFile(path("large"), lines(9 * MiB));
  site.makeLink(path("link"), path("small/1"));
  site.writeFile(path("stored"), noise(5 * MiB));
});

describe("a selection as tar.gz", () => {
  it("is a whole number of tar blocks, with two empty ones at its end", async () => {
    const { content, renamed } = await everything(memorySource("a.zip", await mixed));
    const tar = gunzipSync(await joined(content));
    expect(tar.length % 512).toBe(0);
    expect(tar.subarray(-1024).every((byte) => byte === 0)).toBe(true);
    expect(renamed).toEqual([]);
  });

  it("is an empty tar when nothing was chosen", async () => {
    const archive = await openArchive(memorySource("a.zip", await mixed));
    const { content } = copyOutTarGz(archive, new Uint32Array(), { runner: inlineRunner });
    expect(gunzipSync(await joined(content)).length).toBe(1024);
  });

  it.each(["fs/small/7", "fs/large", "fs/stored", "fs/link"])("fails when %s is damaged", async (name) => {
    const bytes = Buffer.from(await mixed);
    const { directory } = await openArchive(memorySource("a.zip", bytes));
    const entry = directory.at(directory.find(path(name)));
    const at = entry.offset + 30 + name.length + entry.storedBytes - 1;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    const { content } = await everything(memorySource("a.zip", bytes));
    await expect(joined(content)).rejects.toMatchObject({ name: "ArchiveInvalid", entry: name });
  });

  it("fails with the store's failure", async () => {
    const source = memorySource("a.zip", await mixed);
    let fails = false;
    const read: ByteSource["read"] = async (...range) => {
      if (fails) throw new Error("the network is down");
      return source.read(...range);
    };
    const { content } = await everything({ ...source, read });
    fails = true;
    await expect(joined(content)).rejects.toThrow("the network is down");
  });

  it("ends with the signal's reason", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    const archive = await openArchive(memorySource("a.zip", await mixed));
    const { content } = copyOutTarGz(archive, Uint32Array.of(0), { runner: inlineRunner, signal });
    await expect(joined(content)).rejects.toThrow("enough");
  });

  it("is not collected: it begins before a large file is read, and reading stops when the consumer does", async () => {
    const source = memorySource("a.zip", await packedBytes((site) => site.writeFile(path("video"), noise(40 * MiB))));
    let readBytes = 0;
    const read: ByteSource["read"] = async (offset, length) => {
      readBytes += length;
      return source.read(offset, length);
    };
    const { content } = await everything({ ...source, read });
    let written = 0;
    for await (const piece of content) if ((written += piece.length) > MiB) break;
    expect(readBytes).toBeLessThan(20 * MiB);
  });

  it("gives names that are no text another one, like nothing else in the archive", async () => {
    const names = ["\xe9", "%E9", "%\xe9\xfc", "ü"];
    const bytes = await packedBytes((site) => {
      // The casts are safe: latin1 text is a byte path.
      for (const name of names.slice(0, 3)) site.writeFile(name as BytePath, lines(10));
      site.writeFile(path("ü"), lines(10));
    });
    expect((await everything(memorySource("a.zip", bytes))).renamed).toEqual([
      { from: "fs/%\xe9\xfc", to: "fs/%25%E9%FC" },
      { from: "fs/\xe9", to: "fs/_%E9" },
    ]);
  });

  it("keeps names that archiver would change, or take for a folder's or for none", async () => {
    const names = ["trailing\\", "C:\\", "c:", "\\", "..\\up", "a\\b"];
    const bytes = await packedBytes((site) => {
      for (const name of names) site.writeFile(path(name), lines(10));
    });
    const zip = rawZip(["\\", "C:", "D:\\"].map((name) => ({ name, content: "x" })));
    for (const [source, expected] of [
      [bytes, names.map((name) => `fs/${name}`)],
      [zip, ["\\", "C:", "D:\\"]],
    ] as const) {
      const { content } = await everything(memorySource("a.zip", source));
      const tar = gunzipSync(await joined(content)).toString("latin1");
      for (const name of expected) expect(tar).toContain(` path=${name}\n`);
    }
  });

  it("is refused before the first byte where an entry is encrypted or no file", async () => {
    for (const entry of [
      { name: "x", content: "secret", flags: 1 },
      { name: "x", mode: 0o060644 },
    ])
      await expect(everything(memorySource("b.zip", rawZip([entry])))).rejects.toMatchObject({
        name: "ArchiveInvalid",
      });
  });
});
