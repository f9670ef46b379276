import { expect, it } from "vitest";
import { selectEntries } from "../../../src/archive/selection/copy-selection.ts";
import { openArchive } from "../../../src/archive/read/open-archive.ts";
import { pathFromText } from "../../../src/domain/byte-path.ts";
import { lifeboatZip } from "../../support/lifeboat-zip.ts";
import { memorySource } from "../../support/memory-source.ts";

const names = ["dump.sql", "fs/", "fs/a/", "fs/a/one", "fs/a/two", "fs/a.b", "fs/a0", "fs/implied/deep/file"];

const selected = async (...paths: readonly string[]) => {
  const { directory } = await openArchive(memorySource("a.zip", lifeboatZip(names.map((name) => ({ name })))));
  const { places, missing } = selectEntries(directory, paths.map(pathFromText));
  return { names: Array.from(places, (place) => directory.name(place)), missing };
};

it("takes files by name, and nothing else", async () => {
  expect(await selected("fs/a.b", "dump.sql")).toEqual({ names: ["dump.sql", "fs/a.b"], missing: [] });
});

it("takes a folder with everything below it, also one without an entry of its own", async () => {
  expect((await selected("fs/a")).names).toEqual(["fs/a/", "fs/a/one", "fs/a/two"]);
  expect(await selected("fs/implied")).toEqual({ names: ["fs/implied/deep/file"], missing: [] });
});

it("takes everything for the empty path", async () => {
  expect((await selected("")).names).toEqual(names.toSorted((a, b) => (a < b ? -1 : 1)));
});

it("takes nothing twice, in the order of the directory", async () => {
  expect((await selected("fs/a/two", "fs/a", "fs/a/two")).names).toEqual(["fs/a/", "fs/a/one", "fs/a/two"]);
});

it("tells what is missing", async () => {
  expect(await selected("fs/a/one", "fs/nothing", "fs/a/on")).toEqual({
    names: ["fs/a/one"],
    missing: ["fs/nothing", "fs/a/on"],
  });
});
