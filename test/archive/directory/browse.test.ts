import { describe, expect, it } from "vitest";
import { childrenOf, findEntry, placesBelow } from "../../../src/archive/directory/browse.ts";
import { openArchive } from "../../../src/archive/read/open-archive.ts";
import { pathFromText } from "../../../src/domain/byte-path.ts";
import { rawZip } from "../../support/raw-zip.ts";
import { memorySource } from "../../support/memory-source.ts";

const names = ["a.txt", "d/", "d/x", "d-e/y", "d/s/1", "d/s/2", "d0", "only/below/z", "ü/ö"];
const directoryOf = async () =>
  (
    await openArchive(
      memorySource("test.zip", rawZip(names.map((name) => ({ name, method: name.endsWith("/") ? 0 : 8 })))),
    )
  ).directory;

describe("browsing", () => {
  it("tells what lies directly in a folder, folders without an entry included", async () => {
    const directory = await directoryOf();
    const children = (folder: string) =>
      [...childrenOf(directory, pathFromText(folder))].map(({ name, isFolder, place }) => [
        Buffer.from(name, "latin1").toString(),
        isFolder,
        place === undefined ? undefined : directory.name(place),
      ]);
    expect(children("")).toEqual([
      ["a.txt", false, "a.txt"],
      ["d-e", true, undefined],
      ["d", true, "d/"],
      ["d0", false, "d0"],
      ["only", true, undefined],
      ["ü", true, undefined],
    ]);
    expect(children("d")).toEqual([
      ["s", true, undefined],
      ["x", false, "d/x"],
    ]);
    expect(children("only")).toEqual([["below", true, undefined]]);
    expect(children("nothing")).toEqual([]);
  });

  it("finds files and folders by path", async () => {
    const directory = await directoryOf();
    const find = (path: string) => {
      const place = findEntry(directory, pathFromText(path));
      return place === undefined ? undefined : directory.name(place);
    };
    expect(find("d")).toBe("d/");
    expect(find("d/s/2")).toBe("d/s/2");
    expect(find("ü/ö")).toBe(pathFromText("ü/ö"));
    expect(find("d/s")).toBeUndefined();
    expect(find("zzz")).toBeUndefined();
  });

  it("tells the places below a folder", async () => {
    const directory = await directoryOf();
    const below = (folder: string) => {
      const { from, to } = placesBelow(directory, pathFromText(folder));
      return Array.from({ length: to - from }, (_, index) => directory.name(from + index));
    };
    expect(below("d")).toEqual(["d/s/1", "d/s/2", "d/x"]);
    expect(below("")).toHaveLength(names.length);
    expect(below("a.txt")).toEqual([]);
  });
});
