import { describe, expect, it } from "vitest";
import { containsFolder, foldersOverlap } from "../../src/domain/folder-path.ts";

describe("a folder", () => {
  it.each([
    ["/srv", "/srv", true],
    ["/srv", "/srv/shop", true],
    ["/srv/", "/srv/shop", true],
    ["/", "/srv", true],
    ["/srv", "/srv2", false],
    ["/srv/shop", "/srv", false],
    ["/srv", "/srv..", false],
    ["C:\\sites", "C:\\sites\\shop", true],
    ["C:\\sites", "C:\\sites2", false],
    ["C:\\", "C:\\sites", true],
  ])("%s contains %s: %s", (outer, inner, expected) => {
    expect(containsFolder(outer, inner)).toBe(expected);
    expect(foldersOverlap(inner, outer)).toBe(expected || containsFolder(inner, outer));
  });
});
