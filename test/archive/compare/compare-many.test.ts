import { describe, expect, it } from "vitest";
import { MemorySite } from "../../support/memory-site.ts";
import { compareMany, verdict } from "../../../src/archive/compare/compare-many.ts";
import { ListingColumns } from "../../../src/archive/listing/listing-columns.ts";
import { openArchive } from "../../../src/archive/read/open-archive.ts";
import { pathFromText, type BytePath } from "../../../src/domain/byte-path.ts";
import { FileUnreadable } from "../../../src/ports/site-files.ts";
import { lifeboatZip, type Content } from "../../support/lifeboat-zip.ts";
import { rawZip } from "../../support/raw-zip.ts";
import { memorySource } from "../../support/memory-source.ts";
import { inlineRunner } from "../../support/inline-runners.ts";

const path = pathFromText;
const bytes = (text: string): Buffer => Buffer.from(text);

const compare = async (zip: Buffer, site: MemorySite, wants?: (path: BytePath) => boolean) => {
  const listing = new ListingColumns();
  for await (const { entries } of site.list()) for (const entry of entries) listing.append(entry);
  listing.sort();
  const { directory } = await openArchive(memorySource("test.zip", zip));
  const options = { runner: inlineRunner, ...(wants ? { wants } : {}) };
  const comparison = await compareMany(directory, { listing, files: site }, options);
  const words = Object.keys(verdict);
  const verdicts = Object.fromEntries(
    Array.from(comparison.verdicts, (code, place) => [directory.name(place), words[code]]),
  );
  return { verdicts, onlyListed: comparison.onlyListed.map((place) => listing.name(place)) };
};

const contents: readonly Content[] = [
  { name: "dump.sql", content: "no file of the site" },
  { name: "fs/d/" },
  { name: "fs/d/same", content: "same content" },
  { name: "fs/d/edited", content: "content as it was" },
  { name: "fs/d/longer", content: "short" },
  { name: "fs/gone", content: "gone" },
  { name: "fs/link", content: "target", link: true },
  { name: "fs/moved-link", content: "target", link: true },
  { name: "fs/now-a-folder", content: "file" },
  { name: "fs/now-a-file/" },
  { name: "fs/now-a-link", content: "file" },
];

const siteNow = (options?: ConstructorParameters<typeof MemorySite>[0]): MemorySite => {
  const site = new MemorySite(options);
  site.writeFile(path("d/same"), bytes("same content"), { mtimeNs: 1n, mode: 0o600 });
  site.writeFile(path("d/edited"), bytes("content as it is "));
  site.writeFile(path("d/longer"), bytes("short no more"));
  site.makeLink(path("link"), path("target"));
  site.makeLink(path("moved-link"), path("elsewhere"));
  site.writeFile(path("now-a-folder/x"), bytes("new"));
  site.writeFile(path("now-a-file"), bytes(""));
  site.makeLink(path("now-a-link"), path("file"));
  return site;
};

describe("comparing an archive with a site", () => {
  it("tells by hash what is equal, and what else is different", async () => {
    const { verdicts, onlyListed } = await compare(lifeboatZip(contents), siteNow());
    expect(verdicts).toEqual({
      "dump.sql": "absent",
      "fs/d/": "equal",
      "fs/d/edited": "differs",
      "fs/d/longer": "differs",
      "fs/d/same": "equal",
      "fs/gone": "absent",
      "fs/link": "equal",
      "fs/moved-link": "differs",
      "fs/now-a-file/": "otherKind",
      "fs/now-a-folder": "otherKind",
      "fs/now-a-link": "otherKind",
    });
    expect(onlyListed).toEqual(["now-a-file", "now-a-folder/", "now-a-folder/x"]);
  });

  it("hashes files of many slices", async () => {
    const large = Buffer.alloc(20 * 2 ** 20 + 1, "large ");
    const site = new MemorySite();
    site.writeFile(path("a"), large);
    const almost = Buffer.from(large);
    almost[17 * 2 ** 20] = 0;
    site.writeFile(path("b"), almost);
    const zip = lifeboatZip([
      { name: "fs/a", content: large },
      { name: "fs/b", content: large },
    ]);
    expect((await compare(zip, site)).verdicts).toEqual({ "fs/a": "equal", "fs/b": "differs" });
  });

  it("names files that cannot be read, and sees those that change meanwhile as different", async () => {
    const site: MemorySite = siteNow({
      beforeRead: (read) => {
        if (read === path("d/edited")) throw new FileUnreadable(read, "permission denied");
        if (read === path("d/same")) site.writeFile(read, bytes("same content, and more"));
      },
    });
    const { verdicts } = await compare(lifeboatZip(contents), site);
    expect(verdicts).toMatchObject({ "fs/d/edited": "unreadable", "fs/d/same": "differs" });
  });

  it("reads only what is wanted", async () => {
    const site = siteNow({
      beforeRead: (read) => {
        if (read !== path("d/same")) throw new Error(`${read} was read`);
      },
    });
    const { verdicts } = await compare(lifeboatZip(contents), site, (wanted) => wanted === "d/same");
    expect(verdicts).toMatchObject({ "fs/d/same": "equal", "fs/d/edited": "unknown", "fs/gone": "absent" });
  });

  it("says nothing about contents that have no hash", async () => {
    const site = new MemorySite();
    site.writeFile(path("a"), bytes("a"));
    expect((await compare(rawZip([{ name: "fs/a", content: "a" }]), site)).verdicts).toEqual({ "fs/a": "unknown" });
  });
});
