import { describe, expect, it } from "vitest";
import { openArchive } from "../../../src/archive/read/open-archive.ts";
import { leadsOutside, outsideLinks } from "../../../src/archive/restore/outside-links.ts";
import { pathFromText as path } from "../../../src/domain/byte-path.ts";
import { lifeboatZip } from "../../support/lifeboat-zip.ts";
import { memorySource } from "../../support/memory-source.ts";
import { inlineRunner } from "../../support/inline-runners.ts";

const home = { roots: [path("")] };

describe("a link in an archive", () => {
  it.each([
    ["site/wwwroot/a", "b"],
    ["site/wwwroot/a", "./b/c"],
    ["site/wwwroot/a", "../logs"],
    ["site/wwwroot/a", "../../data"],
    ["a", "b"],
    ["site/wwwroot/a", "..name/.hidden"],
  ])("stays in the site: %s -> %s", (from, target) => {
    expect(leadsOutside({ path: path(from), target: path(target) }, home)).toBe(false);
  });

  it.each([
    ["site/wwwroot/a", "/etc/passwd"],
    ["site/wwwroot/a", "../../../etc"],
    ["a", ".."],
    ["a", "../home/a"],
    // "b" may be a link itself, and the way back up from where that leads another one.
    ["site/wwwroot/a", "b/../.."],
    ["site/wwwroot/a", "../wwwroot/../x"],
    ["site/wwwroot/a", "C:/windows"],
    ["site/wwwroot/a", "..\\..\\..\\x"],
  ])("leads out of it: %s -> %s", (from, target) => {
    expect(leadsOutside({ path: path(from), target: path(target) }, home)).toBe(true);
  });

  it("has to stay in the site's directory it lies in", () => {
    const served = { roots: [path("site/wwwroot"), path("data")] };
    expect(leadsOutside({ path: path("site/wwwroot/a/b"), target: path("../c") }, served)).toBe(false);
    expect(leadsOutside({ path: path("site/wwwroot/a"), target: path("../logs") }, served)).toBe(true);
    expect(leadsOutside({ path: path("elsewhere/a"), target: path("b") }, served)).toBe(true);
  });

  it("is found in an archive, when it is wanted", async () => {
    const zip = lifeboatZip([
      { name: "fs/a", content: "../out", link: true },
      { name: "fs/b/c", content: "../a", link: true },
      { name: "fs/z", content: "/etc", link: true },
      { name: "other", content: "/etc", link: true },
    ]);
    const archive = await openArchive(memorySource("test.zip", zip));
    const found = (wants: (text: string) => boolean) => outsideLinks(archive, home, { runner: inlineRunner, wants });
    expect(await found(() => true)).toEqual([
      { path: "a", target: "../out" },
      { path: "z", target: "/etc" },
    ]);
    expect(await found((text) => text !== "a")).toEqual([{ path: "z", target: "/etc" }]);
  });
});
